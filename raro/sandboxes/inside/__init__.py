"""The part of the sandbox that runs inside it, started by path with `python -I -S`.

Nothing here imports from the rest of RARO, nor anything slow: it is bound into the sandbox alone, and
every millisecond is paid for each run of code.
"""
