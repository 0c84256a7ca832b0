"""Extends the archive while RARO serves, now and then, by what is old, finished and sealed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event

from raro.archive.archive import Archive
from raro.archive.extending import Extended, extend
from raro.errors import RaroError
from raro.events.log import EventLog
from raro.events.raw import endpoint_of
from raro.projections.audit import settled
from raro.projections.views import Views

logger = logging.getLogger(__name__)

_FIRST_S = 300.0


class Archivist:
    """Archives events older than `age`, when there are `least` new ones or more."""

    def __init__(self, archive: Archive, log: EventLog, views: Views, *, age: timedelta, least: int) -> None:
        self._archive = archive
        self._log = log
        self._views = views
        self._age = age
        self._least = least

    async def run(self, interval_s: float) -> None:
        """Look every so many seconds, for ever; the first time soon, for a server may not run for long."""
        await asyncio.sleep(min(interval_s, _FIRST_S))
        while True:
            try:
                if done := await self.extend():
                    logger.info("the archive holds the log up to event %d", done.last)
            except RaroError as error:
                logger.error("the archive could not be extended: %s", error)
            await asyncio.sleep(interval_s)

    async def extend(self) -> Extended | None:
        """Extend it, if that pays; when cancelled, the archive is as it was, or extended.

        Raises LogDamaged, ArchiveDamaged, AuditDamaged, LogUnavailable, StorageFull, StorageFault, ViewsUnavailable.
        """
        bound = await self._views.ask(settled, datetime.now(UTC) - self._age)
        to = await asyncio.to_thread(self._worth, bound.last)
        if not to:
            return None
        stop = Event()
        extending = partial(extend, self._archive, endpoint_of(self._log.nc), to, stop)
        return await _in_thread(extending, stop)

    def _worth(self, settled_to: int) -> int:
        """The checkpoint to go to; 0 when too little is new."""
        to, manifest = self._archive.checkpoint_at(settled_to), self._archive.manifest()
        return to if to - (manifest.last if manifest else 0) >= self._least else 0


async def _in_thread(extending: Callable[[], Extended], stop: Event) -> Extended:
    """Wait for it; whoever stops waiting stops it, and waits until it has stopped."""
    working = asyncio.create_task(asyncio.to_thread(extending))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({working})
        if not working.cancelled():
            working.exception()
        raise
