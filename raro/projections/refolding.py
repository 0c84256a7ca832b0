"""Folding messages as they are stored, from wherever they were read, into a store: what the projector does live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any

from raro.events.raw import Endpoint, Stored, read_stored
from raro.events.reader import Arrived, RawMessage, split_whole
from raro.events.upcasters import CURRENT
from raro.events.wire import BATCH_COMMIT, BATCH_ID
from raro.projections.store import Folded, Store

_BATCH = 20_000
_AHEAD = 16
_ID, _COMMIT = f"{BATCH_ID}:".encode(), f"{BATCH_COMMIT}:".encode()


class Refolder:
    """Folds what comes behind the store's cursor, up to event `until` and no further; blocks.

    `until` may be in the middle of a batch: then what is taken must go on to the batch's end.
    """

    def __init__(self, store: Store, until: int, told: Callable[[Folded], object] = lambda folded: None) -> None:
        self._store = store
        self._until = until
        self._told = told
        self._open: list[Arrived] = []
        self._whole: list[RawMessage] = []

    def take(self, group: Sequence[Stored]) -> None:
        """The next messages; those that are folded already are passed over. Raises LogDamaged at a gap."""
        after = self._store.cursor.seq
        arrived = [_arrived(message) for message in group if after < message.seq]
        whole, self._open = split_whole([*self._open, *arrived])
        self._whole += whole if not whole or whole[-1].seq <= self._until else self._upto(whole)
        while len(self._whole) >= _BATCH:
            self._fold(_BATCH)

    def finish(self) -> None:
        """Fold what is left. A batch at the end that still lacks its commit stays out."""
        if self._whole:
            self._fold(len(self._whole))

    def _upto(self, whole: Sequence[RawMessage]) -> list[RawMessage]:
        return [message for message in whole if message.seq <= self._until]

    def _fold(self, count: int) -> None:
        batch, self._whole = self._whole[:count], self._whole[count:]
        self._told(self._store.fold(batch))


def catch_up(store: Store, endpoint: Endpoint, until: int, told: Callable[[Folded], object], stop: Event) -> None:
    """Fold the log behind the store's cursor up to event `until`, read by a thread beside; blocks until it is done.

    `told` hears of every batch. Ends early when `stop` is set, or where the last batch still lacks its commit.
    Raises LogDamaged at a gap, LogUnavailable when the log goes away; what was folded stays.
    """
    groups: Queue[list[Stored] | BaseException | None] = Queue(_AHEAD)
    first = store.cursor.seq + 1
    reading = Thread(target=_read, args=(endpoint, first, until, groups, stop), name="catch-up", daemon=True)
    refolder = Refolder(store, until, told)
    reading.start()
    try:
        with store.hurrying():
            while (group := _next(groups, stop)) is not None:
                if isinstance(group, BaseException):
                    raise group
                refolder.take(group)
            if not stop.is_set():
                refolder.finish()
    finally:
        stop.set()
        reading.join()


def _read(endpoint: Endpoint, first: int, until: int, groups: Queue[Any], stop: Event) -> None:
    last: BaseException | None = None
    try:
        for group in read_stored(endpoint, first, until):
            if not _put(groups, group, stop):
                return
    except BaseException as error:  # noqa: BLE001  raised again where the groups are taken
        last = error
    _put(groups, last, stop)


def _next(groups: Queue[Any], stop: Event) -> Any:
    """What was read next; None at the end, and when it is to stop."""
    while not stop.is_set():
        with suppress(Empty):
            return groups.get(timeout=0.2)
    return None


def _put(groups: Queue[Any], item: Any, stop: Event) -> bool:
    while not stop.is_set():
        with suppress(Full):
            groups.put(item, timeout=0.2)
            return True
    return False


def _arrived(message: Stored) -> Arrived:
    body = CURRENT.upcast(message.body)
    stored = None if body is message.body else message.body
    raw = RawMessage(message.seq, message.subject.decode(errors="replace"), body, stored=stored)
    if _ID not in message.headers:
        return Arrived(raw, None, False)
    batch_id = next(line for line in message.headers.split(b"\r\n") if line.startswith(_ID))
    return Arrived(raw, batch_id.decode(errors="replace"), _COMMIT in message.headers)
