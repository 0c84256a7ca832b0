"""The old part of the log as Parquet files beside the stream, and the views as they were at its end.

Events stay in the stream; the archive is a second copy that is quicker to begin from. `segments` are the events as
stored, `manifest` says which files there are and is signed, `archive` extends, checks and restores.
"""
