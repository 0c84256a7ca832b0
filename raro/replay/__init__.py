"""Time travel: what was, at any point of the log, and what is different between two points or two runs.

A point is answered by the queries of `raro.projections`, asked in a scratch database that the views' own SQL folded up
to that event and no further: so the answer is what the API said then.
"""
