"""Copies what one client may see out of the views' file into a file of its own, by set-based SQL.

Everything happens in one transaction beside the projector, which goes on folding meanwhile. A copy that is there
already is brought up to date by the rows that were touched since; every table's rows carry `seq` for that.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import duckdb

from raro.projections.library import PUBLIC
from raro.projections.queries import Connection

# Rows that are never changed, only added. What is neither here nor in KEYS is copied whole every time.
APPENDED = frozenset(
    {
        "events",
        "library_versions",
        "invocations",
        "artifact_versions",
        "lineage",
        "saves",
        "policy_matches",
        "blob_references",
    }
)
KEYS = {
    "library_files": ("client_id", "file_id"),
    "runs": ("client_id", "run_id"),
    "agents": ("client_id", "run_id", "agent_id"),
    "artifacts": ("client_id", "run_id", "path"),
    "approvals": ("client_id", "run_id", "approval_id"),
    "parked": ("reactor", "event_id"),
}
_CURSOR = "cursor"
_NUMBERS = count(1)

# The public files that no own file of that name hides, as GET /runtime/library has them.
_SEEN_PUBLIC = f"""
    SELECT p.* REPLACE (coalesce(own.linked, false) AS linked)
    FROM library_files AS p
    LEFT JOIN (FROM library_files WHERE client_id = '{{client}}') AS own ON own.filename = p.filename
    WHERE p.client_id = '{PUBLIC}' AND p.version IS NOT NULL AND NOT p.deleted AND (own.version IS NULL OR own.deleted)
"""
_PUBLIC = {
    "library_files": _SEEN_PUBLIC,
    "library_versions": f"""
        FROM library_versions WHERE client_id = '{PUBLIC}' AND file_id IN (SELECT file_id FROM ({_SEEN_PUBLIC}))
    """,
}


@dataclass(frozen=True, slots=True)
class Base:
    """An older copy, and the event up to which it is whole."""

    path: Path
    seq: int


def tables(connection: Connection) -> list[str]:
    """Every table of the views that holds rows of clients."""
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE NOT temporary AND database_name = current_database() "
        "ORDER BY table_name"
    ).fetchall()
    return [name for (name,) in found if name != _CURSOR]


def changed(connection: Connection, client_id: str | None, since: int) -> tuple[int, bool]:
    """Where the views are, and whether anything that the client may see was touched after `since`."""
    if client_id is None:
        own = "true"
    else:
        own = f"client_id = '{client_id}' OR (client_id = '{PUBLIC}' AND aggregate = 'library')"
    parked = "true" if client_id is None else f"client_id = '{client_id}'"
    row = connection.execute(
        f"SELECT seq, EXISTS (FROM events WHERE seq > {since} AND ({own})) "
        f"OR EXISTS (FROM parked WHERE seq > {since} AND {parked}) FROM {_CURSOR}"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def export(connection: Connection, client_id: str | None, target: Path, base: Base | None = None) -> int:
    """Write `target`: the client's rows, or everybody's with None; gives the event up to which it is whole.

    Raises duckdb.Error and OSError; no half-written file stays attached then.
    """
    target.parent.mkdir(mode=0o700)
    if base is not None:
        shutil.copyfile(base.path, target)
    name = f"copy_{next(_NUMBERS)}"
    quoted = str(target).replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS {name}")
    try:
        connection.execute("BEGIN")
        try:
            seq = _fill(connection, name, client_id, base)
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                connection.execute("ROLLBACK")
            raise
    finally:
        connection.execute(f"DETACH {name}")
    return seq


def _fill(connection: Connection, name: str, client_id: str | None, base: Base | None) -> int:
    for table in tables(connection):
        if base is None:
            connection.execute(f"CREATE TABLE {name}.{table} AS {_rows(table, client_id, None)}")
        else:
            for sql in _renewal(f"{name}.{table}", table, client_id, base.seq):
                connection.execute(sql)
    client = "NULL" if client_id is None else f"'{client_id}'"
    connection.execute(
        f"CREATE OR REPLACE TABLE {name}.snapshot AS SELECT {client}::VARCHAR AS client_id, incarnation, seq, "
        f"current_timestamp::TIMESTAMP AS taken_at FROM {_CURSOR}"
    )
    row = connection.execute(f"SELECT seq FROM {name}.snapshot").fetchone()
    assert row is not None
    return int(row[0])


def _rows(table: str, client_id: str | None, since: int | None) -> str:
    """A query for the rows that belong into a copy."""
    touched = "" if since is None else f" AND seq > {since}"
    if client_id is None:
        return f"FROM {table} WHERE true{touched}"
    own = f"FROM {table} WHERE client_id = '{client_id}'{touched}"
    shared = _PUBLIC.get(table) if client_id != PUBLIC else None
    return f"{own} UNION ALL ({shared.format(client=client_id)})" if shared else own


def _renewal(copy: str, table: str, client_id: str | None, since: int) -> list[str]:
    steps = []
    if table in KEYS:
        keys = ", ".join(KEYS[table])
        owner = "true" if client_id is None else f"client_id = '{client_id}'"
        steps.append(
            f"DELETE FROM {copy} WHERE ({keys}) IN (SELECT ({keys}) FROM {table} WHERE {owner} AND seq > {since})"
        )
    elif table not in APPENDED:
        return [f"DELETE FROM {copy}", f"INSERT INTO {copy} {_rows(table, client_id, None)}"]
    if table in _PUBLIC and client_id not in (None, PUBLIC):
        # Which of them are seen may have changed by any event.
        steps.append(f"DELETE FROM {copy} WHERE client_id = '{PUBLIC}'")
    return [*steps, f"INSERT INTO {copy} {_rows(table, client_id, since)}"]
