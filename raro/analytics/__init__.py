"""Questions on what the views hold: ready reports, and SQL of a client's own that can harm nobody.

`reports` runs RARO's own SQL on the views themselves. `sql` runs anybody's SQL, in a process of its own (`process`,
`inside`) on a copy of what the client may see (`snapshots`).
"""
