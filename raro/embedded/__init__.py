"""The one-machine default: the real nats-server and Valkey as child processes of RARO.

`lock` gives one process the storage folder, `servers` starts what is not configured to run
elsewhere, `child` keeps it running. Nothing here knows what is stored in the servers.
"""
