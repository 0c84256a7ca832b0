"""Where questions are asked: whose turn it is, which snapshot, which process, which report.

Each client's queries run one after the other, and only a few clients' at once; who comes when too many wait is told so.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from raro.analytics.process import Caps, Format, Found, Processes
from raro.analytics.snapshots import Snapshots
from raro.errors import SqlBusy
from raro.projections.views import Views

_MOST_WAITING = 32
_MOST_OF_A_CLIENT = 8
_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A result, and the event up to which it knows everything."""

    found: Found
    seq: int


class Desk:
    """SQL over what a client may see. `folder` holds the snapshots; `at_once` queries run side by side."""

    def __init__(self, views: Views, folder: Path, caps: Caps, *, at_once: int, cache_bytes: int) -> None:
        self.views = views
        self._snapshots = Snapshots(folder, views, most_bytes=cache_bytes)
        self._processes = Processes(caps)
        self._slots = asyncio.Semaphore(at_once)
        self._turns: dict[str | None, asyncio.Lock] = {}
        self._waiting: Counter[str | None] = Counter()

    async def sql(self, client_id: str | None, sql: str, *, format: Format = "json", at_least: int = 0) -> Asked:
        """Run one SELECT over the client's rows; over everybody's with None, which only this machine's owner may.

        Raises SqlRefused, SqlError, SqlTimeout, SqlTooLarge, SqlBusy, ViewsUnavailable, StorageFull.
        """
        async with self._turn(client_id), self._snapshots.of(client_id, at_least) as snapshot:
            seq = snapshot.seq
            return Asked(await self._processes.run(sql, str(snapshot.path), format), seq)

    def expect(self, client_id: str) -> None:
        """The client may ask soon: have a process and its snapshot ready."""
        self._processes.warm()
        self._snapshots.expect(client_id)

    async def run(self) -> None:
        """Keep the snapshots level, for ever."""
        await self._snapshots.run()

    async def close(self) -> None:
        """End what waits."""
        await self._processes.close()

    @asynccontextmanager
    async def _turn(self, client_id: str | None) -> AsyncIterator[None]:
        if self._waiting.total() >= _MOST_WAITING or self._waiting[client_id] >= _MOST_OF_A_CLIENT:
            raise SqlBusy("Too many queries wait already. Try again in a moment.")
        self._waiting[client_id] += 1
        turn = self._turns.setdefault(client_id, asyncio.Lock())
        try:
            await self._come_on(turn)
            try:
                yield
            finally:
                self._slots.release()
                turn.release()
        finally:
            self._waiting[client_id] -= 1
            if not self._waiting[client_id]:
                del self._waiting[client_id]
                self._turns.pop(client_id, None)

    async def _come_on(self, turn: asyncio.Lock) -> None:
        """Take the client's turn, and then a slot; both or neither."""
        try:
            async with asyncio.timeout(_WAIT_S):
                await turn.acquire()
                try:
                    await self._slots.acquire()
                except BaseException:
                    turn.release()
                    raise
        except TimeoutError:
            raise SqlBusy("Other queries took too long. Try again in a moment.") from None
