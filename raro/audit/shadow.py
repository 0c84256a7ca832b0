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
from raro.events.reader import Arrived, RawMessage, split_whole
from raro.events.upcasters import CURRENT
from raro.events.wire import BATCH_COMMIT, BATCH_ID
from raro.projections import keeping
from raro.projections.store import Store

_BATCH = 20_000
_ID, _COMMIT = f"{BATCH_ID}:".encode(), f"{BATCH_COMMIT}:".encode()
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
        self._until = until
        self._store = Store.create(path, incarnation)
        self._open: list[Arrived] = []
        self._whole: list[RawMessage] = []

    def take(self, group: Sequence[Stored]) -> None:
        """The next messages. Raises LogDamaged at a gap."""
        arrived = [_arrived(message) for message in group if message.seq <= self._until]
        whole, self._open = split_whole([*self._open, *arrived])
        self._whole += whole
        while len(self._whole) >= _BATCH:
            self._fold(_BATCH)

    def finish(self) -> None:
        """Fold what is left."""
        if self._whole:
            self._fold(len(self._whole))

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

    def _fold(self, count: int) -> None:
        batch, self._whole = self._whole[:count], self._whole[count:]
        self._store.fold(batch)


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


def _arrived(message: Stored) -> Arrived:
    body = CURRENT.upcast(message.body)
    stored = None if body is message.body else message.body
    raw = RawMessage(message.seq, message.subject.decode(errors="replace"), body, stored=stored)
    if _ID not in message.headers:
        return Arrived(raw, None, False)
    batch_id = next(line for line in message.headers.split(b"\r\n") if line.startswith(_ID))
    return Arrived(raw, batch_id.decode(errors="replace"), _COMMIT in message.headers)
