"""Snapshots of the past on disk, one every so many events, so that no point of the log is far from one.

    folder/{version}-{incarnation}/000000020000.duckdb   the views' state after event 20,000
    folder/work/…                                        being made, or asked

A snapshot is used only when its file says the same version of the SQL, the same log and an event that the log still
has with this hash. Any other goes: it can be made again. Nothing is made before somebody asked about the past.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from raro.errors import LogDamaged, ReplayPreparing, StorageFault, StorageFull, Unavailable
from raro.projections import statements
from raro.projections.store import Shape, Store, Unusable
from raro.replay import scratch
from raro.replay.scratch import InThread
from raro.replay.source import Source
from raro.tasks import end

logger = logging.getLogger(__name__)

_SUFFIX = ".duckdb"
_LOOK_S = 2.0
_LATER_S = 30.0
_TRIES = 5


class Snapshots:
    """The files below `folder`, which holds nothing else; together no more than `most_bytes`, but for the last."""

    def __init__(
        self, source: Source, folder: Path, *, every: int, most_bytes: int, shape: Shape, patience_s: float = 20.0
    ) -> None:
        self._source = source
        self._log = source.log
        self._every = every
        self._most_bytes = most_bytes
        self._shape = shape
        self._patience_s = patience_s
        self._work = folder / "work"
        self._kept = folder / f"{statements.version()}-{source.log.incarnation}"
        self._numbers = count(1)
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="snapshots")
        self._turn = asyncio.Lock()
        self._making: set[asyncio.Task[None]] = set()
        self._asked = asyncio.Event()
        _sweep(folder, self._kept)
        if any(self._boundaries()):
            self._asked.set()

    async def ready(self, seq: int) -> None:
        """Wait until the snapshot that a scratch database for this event begins with is there.

        Raises ReplayPreparing when that takes too long, StorageFull, LogUnavailable, LogDamaged.
        """
        self._asked.set()
        boundary = self.boundary_of(seq)
        if not boundary or self._used(boundary):
            return
        making = asyncio.create_task(self._make(boundary))
        self._making.add(making)
        making.add_done_callback(self._heard)
        try:
            async with asyncio.timeout(self._patience_s):
                await asyncio.shield(making)
        except TimeoutError:
            there = max(self._boundaries(), default=0)
            raise ReplayPreparing(
                f"the past is being prepared, up to event {there} so far. Try again in a while.", prepared=there
            ) from None

    async def scratch(self, seq: int, in_thread: InThread) -> Store:
        """A scratch database at the last boundary up to an event; made with `in_thread`.

        Raises as `ready`.
        """
        boundary = self.boundary_of(seq)
        for _ in range(_TRIES):
            await self.ready(seq)
            base = self._path(boundary) if boundary else None
            try:
                store: Store = await in_thread(self._open, base)
                return store
            except FileNotFoundError:
                continue  # it went in this moment, for lack of room
            except OSError as error:
                raise storage_full(error) or _not_made(error) from error
            except Unusable as reason:
                self.distrust(boundary, reason)
        raise ReplayPreparing("the snapshots of the past do not last. See the server's log, and try again.", seq=seq)

    def boundary_of(self, seq: int) -> int:
        """The last boundary up to an event."""
        return seq - seq % self._every

    def distrust(self, boundary: int, reason: Exception) -> None:
        """Delete a snapshot that cannot be used."""
        logger.warning("the snapshot of event %d is made anew: %s", boundary, reason)
        self._path(boundary).unlink(missing_ok=True)

    async def run(self) -> None:
        """Make what is missing, for ever, from the first question on: the log's end first, then what was left out."""
        while True:
            await self._asked.wait()
            try:
                await self._make(self.boundary_of(await self._log.head()))
                while gap := self._gap():
                    await self._make(gap)
            except (Unavailable, LogDamaged, StorageFault) as error:
                logger.warning("no more snapshots of the past for now: %s", error)
                await asyncio.sleep(_LATER_S)
            await asyncio.sleep(_LOOK_S)

    async def close(self) -> None:
        """Break off what is being made."""
        await end(*self._making)
        self._maker.shutdown(wait=True)

    def _heard(self, making: asyncio.Task[None]) -> None:
        self._making.discard(making)
        if not making.cancelled() and (error := making.exception()) is not None:
            logger.info("a snapshot could not be made: %s", error)

    async def _make(self, boundary: int) -> None:
        """Make this snapshot and those missing between it and the last one before, one after the other."""
        while boundary and not self._used(boundary):
            async with self._turn:
                before = max((there for there in self._boundaries() if there <= boundary), default=0)
                if before < boundary:
                    await self._step(before, boundary)

    async def _step(self, before: int, most: int) -> None:
        """Make the snapshot behind `before`, or one further on, up to `most`, that begins at the archive's end."""
        store: Store | None = None
        try:
            store = await self._begin(before, most)
            following = max(before + self._every, self.boundary_of(store.cursor.seq + self._every - 1))
            await self._source.advance(store, following, self._in_thread)
            await self._in_thread(self._keep, store, following)
        except (Unusable, LogDamaged) as reason:
            if not before:
                raise
            self.distrust(before, reason)
        except FileNotFoundError:
            return  # it was distrusted in this moment
        except (duckdb.Error, OSError) as error:
            if full := storage_full(error):
                raise full from error
            self.distrust(before, error)
            raise _not_made(error) from error
        finally:
            if store is not None:
                await self._in_thread(scratch.discard, store)

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """In the maker's only thread: what was begun there is over before the next, also when nobody waits for it."""
        return await asyncio.get_running_loop().run_in_executor(self._maker, function, *arguments)

    async def _begin(self, before: int, most: int) -> Store:
        """A database at the archive's end, where that leaves out a snapshot at least; else one at `before`."""
        after = before + self._every
        archived = await self._source.begin(self._scratch_path(), self._shape, after, most, self._in_thread)
        if archived is not None:
            return archived
        opened: Store = await self._in_thread(self._open, self._path(before) if before else None)
        return opened

    def _open(self, base: Path | None) -> Store:
        path = self._scratch_path()
        try:
            store = scratch.opened(base, path, self._log.incarnation, self._shape)
        except BaseException:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
        if store.cursor.incarnation != self._log.incarnation or (base and store.cursor.seq != _seq_of(base)):
            scratch.discard(store)
            raise Unusable("it is of another log")
        return store

    def _scratch_path(self) -> Path:
        return self._work / str(next(self._numbers)) / f"scratch{_SUFFIX}"

    def _keep(self, store: Store, seq: int) -> None:
        store.close()
        self._kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        store.path.replace(self._path(seq))
        self._make_room(spare=seq)

    def _gap(self) -> int:
        """The first boundary that was left out and for whose snapshot there is room; 0 when there is none."""
        there = {_seq_of(path): path.stat().st_size for path in self._kept.glob(f"*{_SUFFIX}")}
        if sum(there.values()) + max(there.values(), default=0) > self._most_bytes:
            return 0
        return next((seq for seq in range(self._every, max(there, default=0), self._every) if seq not in there), 0)

    def _make_room(self, *, spare: int) -> None:
        """Delete the least recently used until the rest fits; never the one just made, which the next builds upon."""
        there = [(path, path.stat()) for path in self._kept.glob(f"*{_SUFFIX}")]
        total = sum(status.st_size for _, status in there)
        for path, status in sorted(there, key=lambda item: item[1].st_mtime_ns):
            if total <= self._most_bytes:
                return
            if path != self._path(spare):
                total -= status.st_size
                path.unlink(missing_ok=True)

    def _used(self, boundary: int) -> bool:
        """Note that a snapshot is used; whether it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._path(boundary))
            return True
        return False

    def _boundaries(self) -> Iterator[int]:
        return (_seq_of(path) for path in self._kept.glob(f"*{_SUFFIX}"))

    def _path(self, seq: int) -> Path:
        return self._kept / f"{seq:012}{_SUFFIX}"


def _seq_of(path: Path) -> int:
    return int(path.stem)


def _sweep(folder: Path, kept: Path) -> None:
    """Delete what an earlier process left, and snapshots that other SQL or another log made."""
    for path in folder.glob("*"):
        if path != kept:
            shutil.rmtree(path, ignore_errors=True)


def storage_full(error: Exception) -> StorageFull | None:
    """What to tell whom an error hit that says there is no space left; None for any other error."""
    if "No space left" not in str(error):
        return None
    return StorageFull("no space is left for a look at the past. Free some, then ask again.")


def _not_made(error: Exception) -> ReplayPreparing:
    return ReplayPreparing(f"a snapshot of the past could not be made ({type(error).__name__}). Try again in a moment.")
