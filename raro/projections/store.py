"""The projection's file: open it, know its version and cursor, fold a batch into it in one transaction."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from raro.events.columns import Columns
from raro.events.cursor import Cursor, gap
from raro.events.reader import RawMessage
from raro.projections import statements
from raro.projections.decode import row_of
from raro.projections.staging import arrow_of, digestible

if TYPE_CHECKING:
    import pyarrow as pa

Kinds = AbstractSet[tuple[str, str, str]]
"""Client, aggregate and event of whatever is to be folded."""

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": "1",
    "wal_autocheckpoint": "64MB",
    "fsync_mode": "NONE",
    "preserve_insertion_order": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_HURRY_THREADS = 4
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_ONE_ROW = f"INSERT INTO incoming VALUES ({', '.join('?' * 13)})"
# A list a column: the cost of planning does not grow with the rows.
_FEW_ROWS = f"INSERT INTO incoming SELECT {', '.join(['unnest(?)'] * 13)}"


@dataclass(frozen=True, slots=True)
class Shape:
    """Which tables a store folds, all when None is named, and the memory DuckDB may use for it."""

    tables: frozenset[str] | None = None
    memory_mb: int = 512

    def folds(self, table: str) -> bool:
        """Whether this table is kept."""
        return self.tables is None or table in self.tables

    @property
    def settings(self) -> dict[str, str | bool | int | float | list[str]]:
        """What DuckDB is opened with."""
        return {**_SETTINGS, "memory_limit": f"{self.memory_mb}MB"}


WHOLE = Shape()


class Unusable(Exception):
    """The file is damaged, or of another version: build it again."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What a batch did: the cursor after it, the tables it touched, the clients it is about."""

    cursor: Cursor
    tables: frozenset[str]
    clients: frozenset[str]
    unreadable: tuple[int, ...] = ()


class Store:
    """One open DuckDB file; `fold` from one thread at a time, queries through `reader`."""

    few = 64
    """Up to so many events are decoded by Python, more by SQL: planning that costs what some 60 rows do."""
    fewest = 4
    """Up to so many events are looked for by putting every row of a table against each: no plan is found as fast."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection, cursor: Cursor, shape: Shape = WHOLE) -> None:
        self.path = path
        self.cursor = cursor
        self._steps = [step for step in statements.statements() if shape.folds(step.table)]
        self._connection = connection
        self._optimizes = True
        # Up to which event is staged, while a transaction for that is open.
        self._staged: Cursor | None = None
        self._connection.execute(statements.SET_UP)
        if path.exists():
            _mark(path).write_text(_boot())

    @classmethod
    def open(cls, path: Path, shape: Shape = WHOLE) -> Store:
        """Open an existing file. Raises Unusable."""
        if _opened_in(path) not in (None, _boot()):
            raise Unusable("the machine went down while it was open")
        try:
            connection = duckdb.connect(str(path), config=shape.settings)
        except (duckdb.Error, OSError, RuntimeError, ValueError) as error:
            raise Unusable(f"{type(error).__name__}: {error}") from error
        try:
            row = connection.execute("SELECT version, incarnation, seq, hash FROM cursor").fetchone()
            if row is None or row[0] != statements.version():
                raise Unusable(f"version {row[0] if row else None}, needed {statements.version()}")
            return cls(path, connection, Cursor(row[1], row[2], row[3]), shape)
        except duckdb.Error as error:
            connection.close()
            raise Unusable(f"{type(error).__name__}: {error}") from error
        except Unusable:
            connection.close()
            raise

    @classmethod
    def create(cls, path: Path, incarnation: str, shape: Shape = WHOLE) -> Store:
        """Make a new, empty file for a log."""
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(path), config=shape.settings)
        connection.execute(statements.schema())
        connection.execute("INSERT INTO cursor VALUES (?, ?, 0, '')", [statements.version(), incarnation])
        return cls(path, connection, Cursor(incarnation), shape)

    def fill(self, tables: Mapping[str, Path], cursor: Cursor) -> None:
        """Take the rows of every table from Parquet files, as they were after the cursor's event; all or nothing.

        The store is a new one. Raises duckdb.Error when a file is not what the table needs.
        """
        with self.hurrying(), self._transaction():
            for table, path in tables.items():
                self._connection.execute(f"INSERT INTO {table} BY NAME FROM read_parquet(?)", [str(path)])
            self._connection.execute("UPDATE cursor SET seq = ?, hash = ?", [cursor.seq, cursor.hash])
        self.cursor = cursor

    @contextmanager
    def hurrying(self) -> Iterator[None]:
        """Take more cores inside, where much is to be loaded at once."""
        self._connection.execute(f"SET threads = {_HURRY_THREADS}")
        try:
            yield
        finally:
            self._connection.execute(f"SET threads = {_SETTINGS['threads']}")

    def reader(self) -> duckdb.DuckDBPyConnection:
        """A connection for one other thread."""
        return self._connection.cursor()

    def fold(self, batch: Sequence[RawMessage]) -> Folded:
        """Fold a batch and move the cursor, both or neither.

        Raises LogDamaged when the batch does not follow the cursor without a gap.
        """
        self._check_order(batch)
        return _joined([self._fold_around_unreadable(part) for part in digestible(batch)])

    def stage(self, columns: Columns, arrived: pa.Table) -> None:
        """Take the next events in, for `fold_staged` to fold with others; until then nobody sees them.

        `arrived` is `arrow_of_columns` of them. Raises LogDamaged at a gap; then nothing is staged any more.
        """
        if not self._staged:
            self._optimize(True)
            self._connection.execute("BEGIN")
            self._staged = self.cursor
        with self._rolled_back_on_error():
            if columns.first != self._staged.seq + 1:
                raise gap(self._staged.seq + 1, columns.first)
            self._decode(arrived)
            if any(step.table == "events" for step in self._steps):
                self._connection.execute("INSERT INTO events FROM incoming WHERE seq >= ?", [columns.first])
            self._staged = Cursor(self.cursor.incarnation, columns.last, columns.last_hash)

    def fold_staged(self) -> Folded | None:
        """Fold what was staged and move the cursor, both or neither; None when nothing was.

        Raises duckdb.ConversionException when the data of an event breaks its type, which `fold` can part from others.
        """
        if not self._staged:
            return None
        with self.hurrying(), self._rolled_back_on_error():
            kinds = self._staged_kinds()
            needed = self._needed(kinds, only_events=False)
            folded = self._apply(self._staged, kinds, [step for step in needed if step.table != "events"])
            self._connection.execute("COMMIT")
        folded = replace(folded, tables=frozenset(step.table for step in needed))
        self.cursor, self._staged = folded.cursor, None
        return folded

    def unstage(self) -> None:
        """Forget what was staged."""
        if self._staged:
            self._staged = None
            self._connection.execute("ROLLBACK")

    @contextmanager
    def _rolled_back_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.unstage()
            raise

    def close(self) -> None:
        """Write the WAL into the file, see it to the disk, and let go of it."""
        self._connection.close()
        if self.path.exists():
            with self.path.open("rb") as file:
                os.fsync(file.fileno())
        _mark(self.path).unlink(missing_ok=True)

    def _check_order(self, batch: Sequence[RawMessage]) -> None:
        expected = self.cursor.seq + 1
        for message in batch:
            if message.seq != expected:
                raise gap(expected, message.seq)
            expected += 1

    def _fold(self, batch: Sequence[RawMessage], events: Sequence[RawMessage], *, only_events: bool = False) -> Folded:
        few = len(events) <= self.few
        self._optimize(not few)
        with self._transaction():
            self._bring(events)
            kinds = {_kind(message.subject) for message in events} if few else self._staged_kinds()
            cursor = Cursor(self.cursor.incarnation, batch[-1].seq, batch[-1].hash)
            return self._apply(cursor, kinds, self._needed(kinds, only_events), count=len(events))

    def _apply(
        self, cursor: Cursor, kinds: Kinds, needed: list[statements.Statement], *, count: int | None = None
    ) -> Folded:
        """Run the statements on what is in `incoming`, `count` events or many; empty it and move the cursor."""
        for step in needed:
            few = self.fewest if step.searches else self.few
            self._optimize(count is None or count > few)
            self._connection.execute(step.sql)
        self._connection.execute("TRUNCATE incoming")
        self._connection.execute("UPDATE cursor SET seq = ?, hash = ?", [cursor.seq, cursor.hash])
        clients = frozenset(client for client, _, _ in kinds if client)
        return Folded(cursor, frozenset(step.table for step in needed), clients)

    def _staged_kinds(self) -> Kinds:
        return set(self._connection.execute("SELECT DISTINCT client_id, aggregate, event FROM incoming").fetchall())

    def _needed(self, kinds: Kinds, only_events: bool) -> list[statements.Statement]:
        names = frozenset(event for _, _, event in kinds if event)
        of_runs = frozenset(event for _, aggregate, event in kinds if event and aggregate == "run")
        needed = [step for step in self._steps if step.concerns(names, of_runs)]
        return [step for step in needed if step.table == "events"] if only_events else needed

    def _optimize(self, wanted: bool) -> None:
        """Plan well, or less: for a few events a plan is a fifth of the work, and a better one saves nothing.

        To say which costs as much as a statement, so it stays as it was said last.
        """
        if wanted != self._optimizes:
            self._connection.execute(f"PRAGMA {'enable' if wanted else 'disable'}_optimizer")
            self._optimizes = wanted

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def _bring(self, events: Sequence[RawMessage]) -> None:
        """Bring the batch into `incoming`: a few rows by value, many as an Arrow table decoded by SQL."""
        if len(events) > self.few:
            self._decode(arrow_of(events))
        elif len(events) == 1:
            self._connection.execute(_ONE_ROW, row_of(events[0]))
        elif events:
            self._connection.execute(_FEW_ROWS, [list(column) for column in zip(*map(row_of, events), strict=True)])

    def _decode(self, arrived: pa.Table) -> None:
        self._connection.register("arrived", arrived)
        self._connection.execute(statements.decode())
        self._connection.unregister("arrived")

    def _fold_around_unreadable(self, batch: Sequence[RawMessage]) -> Folded:
        """In halves of halves, if need be; an event whose data breaks its type is kept in `events` alone."""
        events = [message for message in batch if not message.torn]
        try:
            folded = self._fold(batch, events)
        except duckdb.ConversionException:
            if len(batch) > 1:
                middle = len(batch) // 2
                return _joined([self._fold_around_unreadable(part) for part in (batch[:middle], batch[middle:])])
            folded = replace(self._fold(batch, events, only_events=True), unreadable=(batch[0].seq,))
        self.cursor = folded.cursor
        return folded


def _joined(parts: Sequence[Folded]) -> Folded:
    if len(parts) == 1:
        return parts[0]
    return Folded(
        parts[-1].cursor,
        frozenset[str]().union(*(part.tables for part in parts)),
        frozenset[str]().union(*(part.clients for part in parts)),
        tuple(seq for part in parts for seq in part.unreadable),
    )


def _kind(subject: str) -> tuple[str, str, str]:
    """Client, aggregate and event of a subject; empty where it has none."""
    token = subject.split(".", 6)
    return (token[2], token[3], token[5]) if len(token) > 5 else ((token[2] if len(token) > 2 else ""), "", "")


def _mark(path: Path) -> Path:
    """Names the boot in which the file was opened; gone once it was closed in order."""
    return path.with_name(f"{path.name}.boot")


def _opened_in(path: Path) -> str | None:
    mark = _mark(path)
    return mark.read_text() if mark.exists() else None


def _boot() -> str:
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "unknown"
