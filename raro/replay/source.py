"""Where the past is read from: what is archived first, then the stream."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from raro.errors import LogDamaged, LogUnavailable
from raro.events.log import MAX_BATCH, EventLog
from raro.events.raw import Endpoint, Stored, endpoint_of, read_stored
from raro.projections.refolding import Refolder
from raro.projections.store import Shape, Store
from raro.replay.scratch import InThread, discard

logger = logging.getLogger(__name__)


class Older(Protocol):
    """What is kept of the log's older part beside the stream. Both block."""

    def begin(self, path: Path, shape: Shape, after: int, most: int) -> Store | None:
        """The views at `path` as they were at its end; None unless that is behind event `after`, not behind `most`."""

    def read(self, first: int, last: int) -> Iterator[list[Stored]]:
        """The events from `first` to `last`, in order, as far as it goes."""


class Source:
    """A log and what is archived of it."""

    def __init__(self, log: EventLog, older: Older | None = None) -> None:
        self.log = log
        self._older = older

    async def begin(self, path: Path, shape: Shape, after: int, most: int, in_thread: InThread) -> Store | None:
        """A store at the archive's end, if that is behind event `after` and not behind `most`.

        Raises LogUnavailable.
        """
        if self._older is None:
            return None
        store: Store | None = await in_thread(self._older.begin, path, shape, after, most)
        if store is not None:
            try:
                await self._check_archived(store)
            except LogDamaged:
                await in_thread(discard, store)
                return None
        return store

    async def advance(self, store: Store, seq: int, in_thread: InThread) -> None:
        """Fold what happened up to this event and no further.

        Raises LogUnavailable; LogDamaged when the store was made from other events than the log has now.
        """
        if seq <= store.cursor.seq:
            return
        await self.log.check(store.cursor)
        if await in_thread(self._fold, store, endpoint_of(self.log.nc), seq):
            await self._check_archived(store)

    async def _check_archived(self, store: Store) -> None:
        try:
            await self.log.check(store.cursor)
        except LogDamaged:
            logger.warning("the archive is of another history than the log: the past is read from the log alone")
            self._older = None
            raise

    def _fold(self, store: Store, endpoint: Endpoint, seq: int) -> bool:
        """Whether something came from the archive."""
        refolder = Refolder(store, seq)
        first = following = store.cursor.seq + 1
        # A point may be in the middle of a batch, whose end tells that it counts.
        last = seq + MAX_BATCH
        for group in self._older.read(first, last) if self._older else ():
            if group[0].seq != following:
                break
            refolder.take(group)
            following = group[-1].seq + 1
        archived = following > first
        for group in read_stored(endpoint, following, last):
            refolder.take(group)
        refolder.finish()
        if store.cursor.seq < seq:
            raise LogUnavailable(f"the log gave no event {store.cursor.seq + 1}. See `raro doctor`.")
        return archived
