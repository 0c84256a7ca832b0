"""Questions about the past: whose turn it is, which scratch database, and how it gets to the event that is meant.

A few scratch databases stay open, where the last questions left them: the next point is often just behind. No more
than `at_once` work at a time, each in a thread, with the memory that its database may have.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import duckdb

from raro.errors import LogDamaged, ReplayBusy, ReplayPreparing
from raro.events.log import EventLog
from raro.projections.queries import Connection
from raro.projections.store import Store
from raro.replay import scratch
from raro.replay.snapshots import Snapshots, storage_full
from raro.replay.source import Older, Source

P = ParamSpec("P")
T = TypeVar("T")

_MOST_WAITING = 32
_WAIT_S = 30.0
_SPARE = 1
_IDLE_S = 60.0
_LOOK_S = 5.0
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Caps:
    """What looking at the past may take: events between two snapshots, their room, a database's memory, databases."""

    every: int = 10_000
    cache_bytes: int = 2 * 1024**3
    memory_mb: int = 256
    at_once: int = 2


@dataclass(eq=False)
class _Idle:
    store: Store
    since: float


class Replay:
    """The past of a log. `folder` holds the snapshots and the scratch databases, and nothing else.

    `older` is what is archived of the log; without it everything is read from the stream.
    """

    def __init__(self, log: EventLog, folder: Path, caps: Caps, older: Older | None = None) -> None:
        self._source = Source(log, older)
        self._caps = caps
        self._snapshots = Snapshots(
            self._source, folder, every=caps.every, most_bytes=caps.cache_bytes, shape=scratch.shape(caps.memory_mb)
        )
        self._threads = ThreadPoolExecutor(caps.at_once, thread_name_prefix="replay")
        self._slots = asyncio.Semaphore(caps.at_once)
        self._waiting = 0
        self._idle: list[_Idle] = []
        self._working: set[asyncio.Task[Any]] = set()

    async def ask(
        self, seq: int, query: Callable[Concatenate[Connection, P], T], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Run a query of `raro.projections` on the tables as they were after event `seq`, which the log has.

        Raises ReplayBusy, ReplayPreparing, StorageFull, LogUnavailable, LogDamaged.
        """
        await self._come_on(seq)
        # A task of its own: a database is never left in the middle of a batch when who asked goes away.
        working = asyncio.create_task(self._answer(seq, lambda connection: query(connection, *arguments, **named)))
        self._working.add(working)
        working.add_done_callback(self._done)
        return await asyncio.shield(working)

    async def run(self) -> None:
        """Keep the snapshots level with the log, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._snapshots.run())
            group.create_task(self._close_idle())

    async def close(self) -> None:
        """Let what is being answered end, and delete the scratch databases."""
        if self._working:
            await asyncio.wait(self._working)
        await self._snapshots.close()
        while self._idle:
            await self._in_thread(scratch.discard, self._idle.pop().store)
        self._threads.shutdown(wait=True)

    async def _come_on(self, seq: int) -> None:
        """Wait until there is a snapshot to begin with, and then for a turn."""
        if self._waiting >= _MOST_WAITING:
            raise ReplayBusy("too many look at the past already. Try again in a moment.")
        self._waiting += 1
        try:
            await self._snapshots.ready(seq)
            async with asyncio.timeout(_WAIT_S):
                await self._slots.acquire()
        except TimeoutError:
            raise ReplayBusy("others look at the past, and it takes long. Try again in a moment.") from None
        finally:
            self._waiting -= 1

    def _done(self, working: asyncio.Task[Any]) -> None:
        self._slots.release()
        self._working.discard(working)
        if not working.cancelled():
            working.exception()  # who asked may be gone; whoever is there is told

    async def _answer(self, seq: int, query: Callable[[Connection], T]) -> T:
        for _ in range(_TRIES):
            store = await self._nearest(seq)
            broken: Exception | None = None
            try:
                await self._source.advance(store, seq, self._in_thread)
                answer: T = await self._in_thread(_asked, store, query)
                return answer
            except (duckdb.Error, LogDamaged) as reason:
                # A snapshot with a damaged page, or made from events that the log has no more.
                broken = reason
            finally:
                if broken is None:
                    self._idle.append(_Idle(store, time.monotonic()))
            await self._in_thread(scratch.discard, store)
            if full := storage_full(broken):
                raise full from broken
            self._snapshots.distrust(self._snapshots.boundary_of(seq), broken)
        raise ReplayPreparing("this point could not be shown. See the server's log, and try again.", seq=seq)

    async def _nearest(self, seq: int) -> Store:
        """A database at this event or a little before: one that is open, or one made from a snapshot."""
        boundary = self._snapshots.boundary_of(seq)
        near = [item for item in self._idle if boundary <= item.store.cursor.seq <= seq]
        if near:
            best = max(near, key=lambda item: item.store.cursor.seq)
            self._idle.remove(best)
            return best.store
        while len(self._idle) > _SPARE:
            await self._in_thread(scratch.discard, self._idle.pop(0).store)
        return await self._snapshots.scratch(seq, self._in_thread)

    async def _close_idle(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            old = [item for item in self._idle if time.monotonic() - item.since > _IDLE_S]
            for item in old:
                self._idle.remove(item)
                await self._in_thread(scratch.discard, item.store)

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


def _asked(store: Store, query: Callable[[Connection], T]) -> T:
    with contextlib.closing(store.reader()) as connection:
        return query(connection)
