"""The `raro` command: one noun or verb per file, all of them listed in `app`.

A command asks the server through `raro.client`, or, where it needs none, the storage folder through
`raro.wiring`. It decides nothing itself; how things look is `render`'s and `output`'s business.
"""
