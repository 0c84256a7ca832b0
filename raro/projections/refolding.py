"""Folding messages as they are stored, from wherever they were read, into a store: what the projector does live."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from raro.events.raw import Stored
from raro.events.reader import Arrived, RawMessage, split_whole
from raro.events.upcasters import CURRENT
from raro.events.wire import BATCH_COMMIT, BATCH_ID
from raro.projections.store import Store

# Planning a fold costs as much as some thousands of rows; DuckDB skips its WAL from 122,880 rows on.
_MOST = 125_000
_MOST_BYTES = 96 * 1024 * 1024
# In half the time that the class takes to make one itself.
_new = tuple.__new__
_ID, _COMMIT = f"\r\n{BATCH_ID}:".encode(), f"\r\n{BATCH_COMMIT}:".encode()


class Gatherer:
    """Gathers stored messages to be folded: those behind event `after`, up to event `until`.

    `until` may be in the middle of an atomic batch: then what is taken must go on to that batch's end.
    """

    def __init__(self, after: int, until: int) -> None:
        self._after = after
        self._until = until
        self._open: list[Arrived] = []
        self._whole: list[RawMessage] = []
        self._size_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether no more should be gathered."""
        return len(self._whole) >= _MOST or self._size_bytes >= _MOST_BYTES

    def take(self, group: Sequence[Stored]) -> None:
        """The next messages."""
        if group and group[0].seq <= self._after:
            group = [message for message in group if self._after < message.seq]
        whole, self._open = split_whole(chain(self._open, map(_arrived, group)))
        if whole and whole[-1].seq > self._until:
            whole = [message for message in whole if message.seq <= self._until]
        self._whole += whole
        self._size_bytes += sum([len(body) for _, _, body, _, _ in whole])

    def give(self) -> list[RawMessage]:
        """What was gathered; an atomic batch at the end that still lacks its commit stays here."""
        given, self._whole, self._size_bytes = self._whole, [], 0
        return given


class Refolder:
    """Folds what comes behind the store's cursor, up to event `until` and no further; blocks."""

    def __init__(self, store: Store, until: int) -> None:
        self._store = store
        self._gatherer = Gatherer(store.cursor.seq, until)

    def take(self, group: Sequence[Stored]) -> None:
        """The next messages; those that are folded already are passed over. Raises LogDamaged at a gap."""
        self._gatherer.take(group)
        if self._gatherer.is_full:
            self._store.fold(self._gatherer.give())

    def finish(self) -> None:
        """Fold what is left."""
        if rest := self._gatherer.give():
            self._store.fold(rest)


def _arrived(message: Stored) -> Arrived:
    seq, _, subject, headers, stored = message
    body = CURRENT.upcast(stored)
    raw = _new(RawMessage, (seq, str(subject, "utf-8", "replace"), body, False, None if body is stored else stored))
    begin = headers.find(_ID)
    if begin < 0:
        return raw, None, False
    return raw, headers[begin : headers.find(b"\r\n", begin + 2)], _COMMIT in headers
