"""What must not expire, because something that a person keeps was made from it.

Kept is what is pinned, and a library file that an artifact was saved as. What such a thing was made from: the files its
run was given, and the files of its run that its agents were seen to read; and so on, over as many runs as that takes.
The artifact that was saved may go itself: the library file is the same bytes (docs/decisions/032).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from raro.projections.queries import Connection, Row, rows

Path = tuple[str, str, str]
"""An artifact: client, run and path."""

MOST_KEEPERS = 20
"""So many of the things that need an artifact are named."""

_KEPT = """
    SELECT client_id, 'artifact' AS kind, run_id, path AS name, 0 AS version FROM artifacts
    WHERE pinned AND gone = ''
    UNION ALL
    SELECT DISTINCT s.client_id, 'library', '', s.filename, s.library_version
    FROM saves AS s JOIN library_files AS f USING (client_id, filename) WHERE NOT f.deleted
"""
# From the candidates on to whatever was made from them; `derived` tells what was made from one from its mere copy.
_HELD = f"""
    WITH RECURSIVE
    candidates AS (SELECT unnest($clients) AS client_id, unnest($runs) AS run_id, unnest($paths) AS path),
    concerned AS (SELECT DISTINCT client_id FROM candidates),
    known AS (FROM lineage SEMI JOIN concerned USING (client_id)),
    -- (kind, run_id, name, version) became (to_kind, to_run, to_name, to_version), at once or in an agent's hands.
    steps AS MATERIALIZED (
        SELECT client_id, 'artifact' AS kind, source_run_id AS run_id, source_path AS name, 0 AS version,
               'run' AS to_kind, run_id AS to_run, '' AS to_name, 0 AS to_version
        FROM known WHERE relation = 'given' AND source_kind = 'artifact'
        UNION ALL
        SELECT client_id, 'library', '', source_path, source_version, 'run', run_id, '', 0
        FROM known WHERE relation = 'given' AND source_kind = 'library' AND source_client_id = client_id
        UNION ALL
        SELECT client_id, 'artifact', run_id, source[8:], 0, 'agent', run_id, agent_id, 0
        FROM known WHERE relation = 'read' AND source_kind = 'output'
        UNION ALL
        SELECT client_id, 'agent', run_id, source[7:], 0, 'agent', run_id, agent_id, 0
        FROM known WHERE relation = 'read' AND source_kind = 'agent'
        UNION ALL
        SELECT client_id, 'run', run_id, '', 0, 'artifact', run_id, path, 0
        FROM artifacts SEMI JOIN concerned USING (client_id)
        UNION ALL
        SELECT DISTINCT client_id, 'agent', run_id, agent_id, 0, 'artifact', run_id, path, 0
        FROM artifact_versions SEMI JOIN concerned USING (client_id)
        UNION ALL
        SELECT client_id, 'artifact', run_id, path, 0, 'library', '', filename, library_version
        FROM saves SEMI JOIN concerned USING (client_id)
    ),
    reached AS (
        SELECT client_id, run_id AS of_run, path AS of_path, 'artifact' AS kind, run_id, path AS name, 0 AS version,
               false AS derived
        FROM candidates
        UNION
        SELECT r.client_id, r.of_run, r.of_path, s.to_kind, s.to_run, s.to_name, s.to_version,
               r.derived OR s.to_kind IN ('run', 'agent')
        FROM reached AS r JOIN steps AS s USING (client_id, kind, run_id, name, version)
    ),
    kept AS ({_KEPT})
    SELECT DISTINCT r.client_id, r.of_run, r.of_path, k.kind, nullif(k.run_id, '') AS run_id, k.name,
           nullif(k.version, 0) AS version
    FROM reached AS r JOIN kept AS k USING (client_id, kind, run_id, name, version)
    WHERE r.derived AND (r.run_id, r.name) <> (r.of_run, r.of_path)
    QUALIFY row_number() OVER (
        PARTITION BY r.client_id, r.of_run, r.of_path ORDER BY k.kind, k.run_id, k.name, k.version) <= {MOST_KEEPERS}
    ORDER BY ALL
"""


def held(connection: Connection, candidates: Sequence[Row]) -> dict[Path, list[Row]]:
    """Those of the artifacts (`client_id, run_id, path`) that something kept was made from, with these keepers.

    A keeper is `kind` artifact with `run_id` and `name`, or `kind` library with `name` and `version`.
    """
    if not candidates or not _any_kept(connection, {row["client_id"] for row in candidates}):
        return {}
    columns = {"clients": "client_id", "runs": "run_id", "paths": "path"}
    names = {name: [row[column] for row in candidates] for name, column in columns.items()}
    found: dict[Path, list[Row]] = {}
    for row in rows(connection, _HELD, names):
        path = (row.pop("client_id"), row.pop("of_run"), row.pop("of_path"))
        found.setdefault(path, []).append({name: value for name, value in row.items() if value is not None})
    return found


def _any_kept(connection: Connection, clients: Collection[str]) -> bool:
    """Whether the walk can lead to anything: mostly it cannot, and it is not for nothing."""
    sql = f"SELECT 1 FROM ({_KEPT}) WHERE list_contains($clients, client_id) LIMIT 1"
    return bool(rows(connection, sql, {"clients": list(clients)}))
