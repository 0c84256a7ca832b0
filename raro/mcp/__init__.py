"""RARO for other agents, by the Model Context Protocol: a client's files as resources, a run's workspace as tools.

It knows RARO only as `raro.client` does, over HTTP: whoever speaks to it can do what the client may do, and no more.
The process and its options are the command line's business (`raro.cli.mcp`).
"""
