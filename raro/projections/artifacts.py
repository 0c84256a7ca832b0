"""Queries on artifacts: pages grouped by run, one run's metadata, versions, what runs were given, changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from raro.errors import BadRequest
from raro.projections.queries import Connection, Row, from_cursor, one, rows, to_cursor

_FIELDS = """
    a.run_id, a.path AS filename, a.agent_id, rfc3339(a.generated_at) AS generated_at, a.size_bytes, a.content_type,
    a.sha256, a.version, a.pinned, rfc3339(a.expires_at) AS expires_at, a.saved_as, a.seq
"""
_RUN = """
    SELECT r.run_id, r.workflow_id, r.directive AS user_directive, rfc3339(r.started_at) AS created_at,
           (SELECT rfc3339(max(a.expires_at)) FROM artifacts AS a
            WHERE a.client_id = r.client_id AND a.run_id = r.run_id AND a.gone = '' AND NOT a.pinned) AS expires_at,
           r.status
    FROM runs AS r WHERE r.client_id = $client AND r.run_id IN (SELECT unnest($runs))
"""
_SORTS = {"date": "''", "agent": "a.agent_id", "type": "a.content_type"}
_FILTERS = {
    "all": "true",
    "current": "a.run_id = (SELECT arg_max(run_id, started_at) FROM runs WHERE client_id = $client)",
    "recent": "a.generated_at > now() AT TIME ZONE 'UTC' - INTERVAL 24 HOURS",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which artifacts, in which order."""

    filter: str = "all"
    run_id: str | None = None
    agent: str | None = None
    type: str | None = None
    q: str | None = None
    sort: str = "date"
    limit: int = 200
    cursor: str | None = None


def page(connection: Connection, client_id: str, wanted: Wanted) -> tuple[list[Row], str | None]:
    """Live artifacts grouped by run, and the cursor of the next page; `limit` counts files.

    Raises BadCursor, BadRequest for an unknown filter or sort.
    """
    if wanted.sort not in _SORTS or wanted.filter not in _FILTERS:
        raise BadRequest(
            f"sort={wanted.sort!r} or filter={wanted.filter!r} is unknown; "
            f"sort by {', '.join(_SORTS)}, filter by {', '.join(_FILTERS)}."
        )
    where, arguments = _where(client_id, wanted)
    group = _SORTS[wanted.sort]
    if wanted.cursor:
        where.append(f"({group}, -epoch_us(a.generated_at), a.run_id, a.path) > ($group, $moment, $run, $path)")
        key = from_cursor(wanted.cursor, str, int, str, str)
        arguments |= {"group": key[0], "moment": key[1], "run": key[2], "path": key[3]}
    sql = f"""
        SELECT {group} AS k_group, -epoch_us(a.generated_at) AS k_moment, {_FIELDS} FROM artifacts AS a
        WHERE {" AND ".join(where)} ORDER BY k_group, k_moment, a.run_id, a.path LIMIT $limit
    """
    found = rows(connection, sql, {**arguments, "limit": wanted.limit + 1})
    keys = [(row.pop("k_group"), row.pop("k_moment"), row["run_id"], row["filename"]) for row in found]
    following = to_cursor(*keys[wanted.limit - 1]) if len(found) > wanted.limit else None
    return grouped(connection, client_id, found[: wanted.limit]), following


def _where(client_id: str, wanted: Wanted) -> tuple[list[str], Row]:
    where, arguments = ["a.client_id = $client", "a.gone = ''", _FILTERS[wanted.filter]], {"client": client_id}
    if wanted.run_id:
        where.append("a.run_id = $run_id")
        arguments["run_id"] = wanted.run_id
    if wanted.agent:
        where.append("a.agent_id = $agent")
        arguments["agent"] = wanted.agent
    if wanted.type:
        where.append(
            "(a.content_type = $type OR starts_with(a.content_type, $type || '/') OR ends_with(a.path, '.' || $type))"
        )
        arguments["type"] = wanted.type
    if wanted.q:
        where.append("contains(lower(concat_ws(' ', a.path, a.agent_id, a.run_id)), lower($q))")
        arguments["q"] = wanted.q
    return where, arguments


def grouped(connection: Connection, client_id: str, found: Iterable[Row]) -> list[Row]:
    """Artifact rows under their runs, runs in the order in which they come."""
    by_run: dict[str, list[Row]] = {}
    for row in found:
        by_run.setdefault(row["run_id"], []).append(row)
    if not by_run:
        return []
    runs = {row["run_id"]: row for row in rows(connection, _RUN, {"client": client_id, "runs": list(by_run)})}
    return [
        {"run_id": run_id, "metadata": {**runs[run_id], "artifacts": files}}
        for run_id, files in by_run.items()
        if run_id in runs
    ]


def everything(connection: Connection, client_id: str) -> list[Row]:
    """Every live artifact of a client, under its run, by path."""
    sql = f"SELECT {_FIELDS} FROM artifacts AS a WHERE client_id = ? AND gone = '' ORDER BY run_id, path"
    return grouped(connection, client_id, rows(connection, sql, [client_id]))


def metadata(connection: Connection, client_id: str, run_id: str) -> Row | None:
    """One run with its live artifacts, as in metadata.json; None when there is no such run."""
    run = one(connection, _RUN, {"client": client_id, "runs": [run_id]})
    if run is None:
        return None
    sql = f"SELECT {_FIELDS} FROM artifacts AS a WHERE client_id = ? AND run_id = ? AND gone = '' ORDER BY path"
    return {**run, "artifacts": rows(connection, sql, [client_id, run_id])}


def made(connection: Connection, client_id: str, run_id: str) -> list[Row]:
    """The newest version of every path that a run made, by path; `gone` says what became of those that are gone."""
    sql = f"SELECT {_FIELDS}, a.gone FROM artifacts AS a WHERE client_id = ? AND run_id = ? ORDER BY path"
    return rows(connection, sql, [client_id, run_id])


def changes(connection: Connection, client_id: str, after: int) -> tuple[list[Row], list[Row]]:
    """Live artifacts touched above `after`, and the run and name of those that went."""
    sql = f"SELECT {_FIELDS}, a.gone FROM artifacts AS a WHERE client_id = ? AND seq > ?"
    touched = rows(connection, sql, [client_id, after])
    live = [row for row in touched if row.pop("gone") == ""]
    kept = {(row["run_id"], row["filename"]) for row in live}
    gone = [row for row in touched if (row["run_id"], row["filename"]) not in kept]
    return live, [{"run_id": row["run_id"], "filename": row["filename"]} for row in gone]


def version(connection: Connection, client_id: str, run_id: str, path: str, number: int | None) -> Row | None:
    """One version of a path, also when it is gone (`gone`, `gone_at` tell); the newest when none is named."""
    sql = f"""
        SELECT {_FIELDS}, a.gone, rfc3339(a.gone_at) AS gone_at FROM artifacts AS a
        WHERE client_id = ? AND run_id = ? AND path = ?
    """
    current = one(connection, sql, [client_id, run_id, path])
    if current is None or number in (None, current["version"]):
        return current
    older = next((row for row in versions(connection, client_id, run_id, path) if row["version"] == number), None)
    return {**current, **older} if older else None


def versions(connection: Connection, client_id: str, run_id: str, path: str) -> list[Row]:
    """Every version of a path, newest first."""
    sql = """
        SELECT run_id, path AS filename, version, agent_id, turn, sha256, size_bytes, content_type,
               rfc3339(generated_at) AS generated_at, seq
        FROM artifact_versions WHERE client_id = ? AND run_id = ? AND path = ? ORDER BY version DESC
    """
    return rows(connection, sql, [client_id, run_id, path])


def runs_before(connection: Connection, client_id: str, run_id: str, path: str) -> Row | None:
    """What the run and those before it were given, what the file's agent read, and where the file was saved.

    `runs` follows inputs that are artifacts of other runs, each run once, so that a circle ends, and the first
    `MOST_RUNS` of them. None when there is no such artifact.
    """
    made = versions(connection, client_id, run_id, path)
    if not made:
        return None
    seen: dict[str, None] = {}
    waiting, runs = [run_id], list[Row]()
    while waiting and len(runs) < MOST_RUNS:
        current = waiting.pop(0)
        if current in seen:
            continue
        seen[current] = None
        given = rows(connection, _GIVEN, [client_id, current])
        runs.append({"run_id": current, "inputs": given})
        waiting += [item["run_id"] for item in given if item["run_id"]]
    read = rows(connection, _READ, [client_id, run_id, path])
    saved = rows(connection, _SAVED, [client_id, run_id, path])
    return {"run_id": run_id, "filename": path, "versions": made, "read": read, "runs": runs, "saved": saved}


MOST_RUNS = 50
_GIVEN = """
    SELECT source AS name, source_kind AS kind, source_run_id AS run_id, source_path AS path,
           source_version AS version, source_sha256 AS sha256
    FROM lineage WHERE client_id = ? AND run_id = ? AND relation = 'given' ORDER BY source
"""
# What its agent read up to the turn that made it; a file found after the last turn has turn 0.
_READ = """
    SELECT DISTINCT v.version, l.source
    FROM artifact_versions AS v JOIN lineage AS l USING (client_id, run_id, agent_id)
    WHERE v.client_id = ? AND v.run_id = ? AND v.path = ? AND l.relation = 'read' AND (v.turn = 0 OR l.turn <= v.turn)
    ORDER BY v.version, l.source
"""
_SAVED = """
    SELECT filename, library_version, version, actor, rfc3339(saved_at) AS saved_at
    FROM saves WHERE client_id = ? AND run_id = ? AND path = ? ORDER BY seq
"""
