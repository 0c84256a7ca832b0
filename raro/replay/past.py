"""The three questions about the past, whole: what was at a point, what changed between two, what differs between runs.

What HTTP and the command line have in common; who asks is told by `client_id`, and sees what the API shows him.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from raro.errors import RunNotFound
from raro.events.log import EventLog
from raro.files.blobs import BlobStore
from raro.projections.views import Views
from raro.replay import differences, moments, runs
from raro.replay.asof import Wanted, as_of
from raro.replay.contents import Contents
from raro.replay.moments import Moment
from raro.replay.replay import Replay

_COMPARED_AT_ONCE = 2


class Past:
    """What is asked of a log's past; `timeout_s` is how long the views may take to know a point."""

    def __init__(self, log: EventLog, views: Views, blobs: BlobStore, replay: Replay, *, timeout_s: float) -> None:
        self._log = log
        self._views = views
        self._blobs = blobs
        self._replay = replay
        self._timeout_s = timeout_s
        # Tables are compared with a core for seconds: others wait instead of taking all of them.
        self._comparing = ThreadPoolExecutor(_COMPARED_AT_ONCE, thread_name_prefix="comparing")

    async def run(self) -> None:
        """Keep the past near, for ever."""
        await self._replay.run()

    async def close(self) -> None:
        """Let what is being answered end."""
        await self._replay.close()
        self._comparing.shutdown(wait=True)

    async def at(self, client_id: str, point: str, wanted: Wanted) -> dict[str, Any]:
        """What the client saw then, the point it is of, and the log's `head` now.

        Raises BadMoment, MomentAhead, RunNotFound, BadCursor, and what `Replay.ask` raises.
        """
        head = await self._log.head()
        moment = await self._moment(point, head)
        found = await self._replay.ask(moment.seq, as_of, client_id, wanted, self._blobs.exists)
        return {**asdict(moment), "head": head, **found}

    async def between(self, client_id: str, first: str, second: str, limit: int) -> dict[str, Any]:
        """What came, went and changed from the one point to the other, which may be the earlier.

        Raises BadMoment, MomentAhead, and what `Replay.ask` raises.
        """
        head = await self._log.head()
        a, b = await self._moment(first, head), await self._moment(second, head)
        old, new = sorted((a, b), key=lambda moment: moment.seq)
        touched = await self._replay.ask(new.seq, differences.later, client_id, old.seq)
        was = await self._replay.ask(old.seq, differences.earlier, client_id, touched.keys)
        before, after = (was, touched.rows) if old is a else (touched.rows, was)
        found = await asyncio.to_thread(differences.difference, before, after, limit, self._blobs.exists)
        return {"from": asdict(a), "to": asdict(b), **found}

    async def between_runs(self, client_id: str, first: str, second: str, limit: int) -> dict[str, Any]:
        """What is different between two runs as they are now. Raises RunNotFound."""
        a, b = await self._side(client_id, first), await self._side(client_id, second)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._comparing, runs.difference, a, b, Contents(self._blobs), limit)

    async def _moment(self, point: str, head: int) -> Moment:
        return await moments.moment(self._views, head, point, now=datetime.now(UTC), timeout_s=self._timeout_s)

    async def _side(self, client_id: str, run_id: str) -> runs.Side:
        found = await self._views.ask(runs.side, client_id, run_id)
        if found is None:
            raise RunNotFound(f"there is no run {run_id!r}. See GET /runtime/runs.", run_id=run_id)
        return found
