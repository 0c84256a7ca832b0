"""Folding messages as they are stored, from wherever they were read, into a store: what the projector does live."""

from __future__ import annotations

from collections.abc import Sequence

from raro.events.raw import Stored
from raro.events.reader import Arrived, RawMessage, split_whole
from raro.events.upcasters import CURRENT
from raro.events.wire import BATCH_COMMIT, BATCH_ID
from raro.projections.store import Store

_BATCH = 20_000
_ID, _COMMIT = f"{BATCH_ID}:".encode(), f"{BATCH_COMMIT}:".encode()


class Refolder:
    """Folds what comes behind the store's cursor, up to event `until` and no further; blocks."""

    def __init__(self, store: Store, until: int) -> None:
        self._store = store
        self._until = until
        self._open: list[Arrived] = []
        self._whole: list[RawMessage] = []

    def take(self, group: Sequence[Stored]) -> None:
        """The next messages; those that are folded already are passed over. Raises LogDamaged at a gap."""
        after = self._store.cursor.seq
        arrived = [_arrived(message) for message in group if after < message.seq <= self._until]
        whole, self._open = split_whole([*self._open, *arrived])
        self._whole += whole
        while len(self._whole) >= _BATCH:
            self._fold(_BATCH)

    def finish(self) -> None:
        """Fold what is left. A batch at the end that still lacks its commit stays out."""
        if self._whole:
            self._fold(len(self._whole))

    def _fold(self, count: int) -> None:
        batch, self._whole = self._whole[:count], self._whole[count:]
        self._store.fold(batch)


def _arrived(message: Stored) -> Arrived:
    body = CURRENT.upcast(message.body)
    stored = None if body is message.body else message.body
    raw = RawMessage(message.seq, message.subject.decode(errors="replace"), body, stored=stored)
    if _ID not in message.headers:
        return Arrived(raw, None, False)
    batch_id = next(line for line in message.headers.split(b"\r\n") if line.startswith(_ID))
    return Arrived(raw, batch_id.decode(errors="replace"), _COMMIT in message.headers)
