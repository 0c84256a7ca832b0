"""One file a client with everything that it may see: made when first asked for, kept level while it is in use.

A file is never changed: a newer one takes its place, and the old one goes when nobody reads it any more. All are gone
at the next start. What is in them is `exporting`'s business.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from raro.analytics.exporting import Base, changed, export
from raro.errors import StorageFull, Unavailable, ViewsUnavailable
from raro.projections.views import Views

logger = logging.getLogger(__name__)

NAME = "raro.duckdb"
_MOST = 32
_BUILT_AT_ONCE = 2
_LOOK_S = 0.5
_SHARE = 10
"""Keeping files level takes at most a tenth of the time."""
_USED_S = 300.0
_MOST_EXPECTED = 8
_WORTH_COPYING_BYTES = 4 * 1024 * 1024
_MOST_RENEWALS = 500
"""Rows that were replaced leave holes in the file; after so many times it is written anew."""


@dataclass(eq=False)
class Snapshot:
    """A file, and the event up to which it shows everything; `seq` moves on while nothing of the client's happens."""

    path: Path
    seq: int
    size_bytes: int
    renewals: int
    users: int = 0
    replaced: bool = False
    used_at: float = 0.0

    def remove_if_unused(self) -> None:
        """Delete it once it is both replaced and read by nobody."""
        if self.replaced and not self.users:
            shutil.rmtree(self.path.parent, ignore_errors=True)


class Snapshots:
    """The files below `folder`, which holds nothing else; together no more than `most_bytes`."""

    def __init__(self, folder: Path, views: Views, *, most_bytes: int, patience_s: float = 5.0) -> None:
        self._folder = folder
        self._views = views
        self._most_bytes = most_bytes
        self._patience_s = patience_s
        self._kept: dict[str | None, Snapshot] = {}
        self._turns: dict[str | None, asyncio.Lock] = {}
        self._building = asyncio.Semaphore(_BUILT_AT_ONCE)
        self._made = 0
        self._expected: set[str] = set()
        shutil.rmtree(folder, ignore_errors=True)

    @asynccontextmanager
    async def of(self, client_id: str | None, at_least: int = 0) -> AsyncIterator[Snapshot]:
        """The client's snapshot (None: everybody's), which stays on disk inside the block.

        It shows what the views show, unless that takes longer than the patience there is; then it is an older one,
        but never one that ends before `at_least`.

        Raises ViewsUnavailable, StorageFull.
        """
        while (found := await self._level(client_id, at_least)).replaced:
            continue  # another took its place in this very moment
        found.used_at = time.monotonic()
        async with _in_use(found):
            yield found

    def expect(self, client_id: str) -> None:
        """A client may ask soon: have its file ready."""
        if client_id not in self._kept and len(self._expected) < _MOST_EXPECTED:
            self._expected.add(client_id)

    async def run(self) -> None:
        """Keep the files of those who asked lately level with the views, for ever."""
        while True:
            await asyncio.sleep(_LOOK_S)
            began = time.monotonic()
            used = [key for key, snapshot in self._kept.items() if began - snapshot.used_at < _USED_S]
            expected, self._expected = self._expected, set()
            for client_id in {*used, *expected}:
                with contextlib.suppress(Unavailable, StorageFull):
                    await self._renewed(client_id)
            await asyncio.sleep(_SHARE * (time.monotonic() - began))

    async def _level(self, client_id: str | None, at_least: int) -> Snapshot:
        renewing = asyncio.ensure_future(self._renewed(client_id))
        old = self._kept.get(client_id)
        patience = self._patience_s if old is not None and old.seq >= at_least else None
        try:
            async with asyncio.timeout(patience):
                return await asyncio.shield(renewing)
        except TimeoutError:
            renewing.add_done_callback(_heard)
            assert old is not None
            # A refresh that ended in this moment has put another in its place.
            return self._kept.get(client_id, old)
        except asyncio.CancelledError:
            renewing.add_done_callback(_heard)
            raise

    async def _renewed(self, client_id: str | None) -> Snapshot:
        """The client's snapshot, made or replaced if need be."""
        async with self._turns.setdefault(client_id, asyncio.Lock()):
            old = self._kept.get(client_id)
            if old is not None:
                seq, touched = await self._views.ask(changed, client_id, old.seq)
                if not touched and seq >= old.seq:
                    old.seq = seq
                    return old
                if seq < old.seq:
                    # The views were built anew from another log.
                    old.renewals = _MOST_RENEWALS
            async with self._building:
                made = await self._build(client_id, old)
            self._put(client_id, made)
            return made

    async def _build(self, client_id: str | None, old: Snapshot | None) -> Snapshot:
        self._made += 1
        path = self._folder / f"{client_id or '_all'}-{self._made}" / NAME
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        worth = old is not None and old.size_bytes > _WORTH_COPYING_BYTES and old.renewals < _MOST_RENEWALS
        try:
            async with _in_use(old):
                base = Base(old.path, old.seq) if old is not None and worth else None
                seq = await self._views.ask(export, client_id, path, base)
        except (duckdb.Error, OSError) as error:
            shutil.rmtree(path.parent, ignore_errors=True)
            if "No space left" in str(error):
                raise StorageFull("no space is left for a snapshot. Free some, then ask again.") from error
            logger.warning("a snapshot could not be made: %s", error)
            raise ViewsUnavailable("the snapshot could not be made. Try again in a moment.") from error
        renewals = old.renewals + 1 if old is not None and worth else 0
        return Snapshot(path, seq, path.stat().st_size, renewals, used_at=old.used_at if old is not None else 0.0)

    def _put(self, client_id: str | None, made: Snapshot) -> None:
        old = self._kept.pop(client_id, None)
        self._kept[client_id] = made
        if old is not None:
            self._retire(old)
        least_used = sorted(
            (key for key, snapshot in self._kept.items() if snapshot is not made),
            key=lambda key: self._kept[key].used_at,
        )
        total = sum(snapshot.size_bytes for snapshot in self._kept.values())
        for key in least_used:
            if len(self._kept) <= _MOST and total <= self._most_bytes:
                return
            gone = self._kept.pop(key)
            self._turns.pop(key, None)
            total -= gone.size_bytes
            self._retire(gone)

    def _retire(self, snapshot: Snapshot) -> None:
        snapshot.replaced = True
        snapshot.remove_if_unused()


@asynccontextmanager
async def _in_use(snapshot: Snapshot | None) -> AsyncIterator[None]:
    if snapshot is None:
        yield
        return
    snapshot.users += 1
    try:
        yield
    finally:
        snapshot.users -= 1
        snapshot.remove_if_unused()


def _heard(renewing: asyncio.Future[Snapshot]) -> None:
    """A refresh that nobody waits for may fail: the next one will tell."""
    if not renewing.cancelled():
        renewing.exception()
