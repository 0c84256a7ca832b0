"""Folding messages as they are stored, from wherever they were read, into a store: what the projector does live."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from raro.events.raw import Stored, arrived
from raro.events.reader import Arrived, RawMessage, split_whole
from raro.projections.store import Store

# Planning a fold costs as much as some thousands of rows; DuckDB skips its WAL from 122,880 rows on.
_MOST = 125_000
_MOST_BYTES = 96 * 1024 * 1024


class Refolder:
    """Folds what comes behind the store's cursor, up to event `until` and no further; blocks.

    `until` may be in the middle of an atomic batch: then what is taken must go on to that batch's end.
    """

    def __init__(self, store: Store, until: int) -> None:
        self._store = store
        self._after = store.cursor.seq
        self._until = until
        self._open: list[Arrived] = []
        self._whole: list[RawMessage] = []
        self._size_bytes = 0

    def take(self, group: Sequence[Stored]) -> None:
        """The next messages; those that are folded already are passed over. Raises LogDamaged at a gap."""
        if group and group[0].seq <= self._after:
            group = [message for message in group if self._after < message.seq]
        whole, self._open = split_whole(chain(self._open, map(arrived, group)))
        if whole and whole[-1].seq > self._until:
            whole = [message for message in whole if message.seq <= self._until]
        self._whole += whole
        self._size_bytes += sum([len(body) for _, _, body, _, _ in whole])
        if len(self._whole) >= _MOST or self._size_bytes >= _MOST_BYTES:
            self.finish()

    def finish(self) -> None:
        """Fold what is left; an atomic batch at the end that still lacks its commit is left out."""
        whole, self._whole, self._size_bytes = self._whole, [], 0
        if whole:
            self._store.fold(whole)
