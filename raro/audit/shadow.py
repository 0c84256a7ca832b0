"""The views once more, from nothing but the log, beside a copy of the ones that are served: every row must be equal.

Both are whole up to the same event; the copy was taken in one transaction (`raro.analytics.exporting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from raro.analytics.exporting import tables
from raro.events.raw import Stored
from raro.projections import keeping
from raro.projections.refolding import Refolder
from raro.projections.store import Store

# Per table at most so many events are named.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows of a table that differ, and events that touched them last by one or the other account."""

    table: str
    rows: int
    seqs: tuple[int, ...]


class Shadow:
    """Views built from messages as they are stored, up to event `until` and no further."""

    def __init__(self, path: Path, incarnation: str, until: int) -> None:
        self._store = Store.create(path, incarnation)
        self._refolder = Refolder(self._store, until)

    def take(self, group: Sequence[Stored]) -> None:
        """The next messages. Raises LogDamaged at a gap."""
        self._refolder.take(group)

    def finish(self) -> None:
        """Fold what is left."""
        self._refolder.finish()

    def differences(self, copy: Path) -> list[Difference]:
        """Tables of the copy whose rows are not these."""
        connection = self._store.reader()
        quoted = str(copy).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS served (READ_ONLY)")
        try:
            found = [_difference(connection, table) for table in tables(connection)]
            return [difference for difference in found if difference is not None]
        finally:
            connection.execute("DETACH served")

    def expected_blobs(self) -> dict[str, int]:
        """Hash and size of everything that the log says is kept."""
        return keeping.expected_blobs(self._store.reader())

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()


def _difference(connection: duckdb.DuckDBPyConnection, table: str) -> Difference | None:
    ours, theirs = f"FROM main.{table}", f"FROM served.main.{table}"
    try:
        row = connection.execute(
            f"WITH lacking AS ({ours} EXCEPT ALL {theirs}), extra AS ({theirs} EXCEPT ALL {ours}), "
            "differing AS (SELECT seq FROM lacking UNION ALL SELECT seq FROM extra) "
            "SELECT greatest((SELECT count(*) FROM lacking), (SELECT count(*) FROM extra)), "
            f"(SELECT list(DISTINCT seq ORDER BY seq)[:{_NAMED}] FROM differing)"
        ).fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):
        # The table is not there, or has other columns.
        return Difference(table, -1, ())
    assert row is not None
    return Difference(table, row[0], tuple(row[1])) if row[0] else None
