"""Views that are far behind the log: what lies between is read by a thread beside and folded at full speed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import duckdb

from raro.events.columns import Columns, read_columns
from raro.events.raw import Endpoint
from raro.garbage import uncollected
from raro.projections.staging import arrow_of_columns, get_ready
from raro.projections.store import Folded, Store

if TYPE_CHECKING:
    import pyarrow as pa

# To plan a fold costs as much as some thousands of rows; DuckDB skips its WAL from 122,880 rows on.
_MOST = 250_000
_MOST_BYTES = 128 * 1024 * 1024
_PIECE = 2 * 16_384
_PIECE_BYTES = 32 * 1024 * 1024
_AHEAD = 2


def catch_up(store: Store, endpoint: Endpoint, until: int, told: Callable[[Folded], object], stop: Event) -> None:
    """Fold the log behind the store's cursor up to event `until`; blocks until it is done.

    `told` hears of every batch. Ends early when `stop` is set, or where the last batch still lacks its commit.
    Raises LogDamaged at a gap, LogUnavailable when the log goes away; what was folded stays.
    """
    with uncollected():
        while not stop.is_set():
            filling = _Filling(store, told)
            try:
                with closing(_read_ahead(endpoint, store.cursor.seq + 1, until, stop)) as pieces:
                    for columns, table in pieces:
                        filling.take(columns, table)
                if not stop.is_set():
                    filling.fold()
                return
            except duckdb.ConversionException:
                filling.part_unreadable(endpoint)
            finally:
                store.unstage()


class _Filling:
    """Pieces are decoded while more is read; the rest of folding waits for many, for to plan it costs the same."""

    def __init__(self, store: Store, told: Callable[[Folded], object]) -> None:
        self._store = store
        self._told = told
        self._last = store.cursor.seq
        self._size_bytes = 0

    def take(self, columns: Columns, table: pa.Table | None) -> None:
        """The next piece; without a table it is folded by itself."""
        if table is None:
            self.fold()
            self._told(self._store.fold(columns.messages()))
            return
        self._last = columns.last
        self._store.stage(columns, table)
        self._size_bytes += sum(map(len, columns.bodies))
        if self._last - self._store.cursor.seq >= _MOST or self._size_bytes >= _MOST_BYTES:
            self.fold()

    def fold(self) -> None:
        """Fold what was taken."""
        if folded := self._store.fold_staged():
            self._told(folded)
        self._size_bytes = 0

    def part_unreadable(self, endpoint: Endpoint) -> None:
        """Read again what could not be folded, and fold it around the events whose data breaks their type."""
        first = self._store.cursor.seq + 1
        for columns in read_columns(endpoint, first, self._last, most=_PIECE, most_bytes=_PIECE_BYTES):
            self._told(self._store.fold(columns.messages()))


def _read_ahead(endpoint: Endpoint, first: int, until: int, stop: Event) -> Generator[tuple[Columns, pa.Table | None]]:
    """What a thread beside reads, a few pieces ahead at most; ends early when `stop` is set."""
    pieces: Queue[Any] = Queue(_AHEAD)
    over = Event()
    reading = Thread(target=_read, args=(endpoint, first, until, pieces, over), name="catch-up", daemon=True)
    reading.start()
    get_ready()
    try:
        while (piece := _next(pieces, stop)) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
    finally:
        over.set()
        reading.join()


def _read(endpoint: Endpoint, first: int, until: int, pieces: Queue[Any], over: Event) -> None:
    last: BaseException | None = None
    try:
        for columns in read_columns(endpoint, first, until, most=_PIECE, most_bytes=_PIECE_BYTES):
            if not _put(pieces, (columns, arrow_of_columns(columns)), over):
                return
    except BaseException as error:  # noqa: BLE001  raised again where the pieces are taken
        last = error
    _put(pieces, last, over)


def _next(pieces: Queue[Any], stop: Event) -> Any:
    """What was read next; None at the end, and when it is to stop."""
    while not stop.is_set():
        with suppress(Empty):
            return pieces.get(timeout=0.2)
    return None


def _put(pieces: Queue[Any], item: Any, over: Event) -> bool:
    while not over.is_set():
        with suppress(Full):
            pieces.put(item, timeout=0.2)
            return True
    return False
