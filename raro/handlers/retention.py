"""Retention: lets artifacts expire, removes old sessions, erases bytes nobody refers to any more.

Emits: artifact_expired, session_expired. Effect: session folders and blobs are removed.
Safe twice: the views only propose; each expiry is decided from the run's own events, and a blob is erased only
when the views, caught up with the log, show no reference to it and it is older than any upload in flight.
Runs where the views are, on a timer (docs/decisions/004).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from raro.commands.aggregates import Aggregates, Caller
from raro.commands.artifacts import ArtifactCommands
from raro.domain.run import Run
from raro.errors import RaroError
from raro.events.catalogue import RunEvent, SessionExpired
from raro.files.blobs import BlobStore, SweepReport
from raro.handlers.sessions import Sessions

logger = logging.getLogger(__name__)

# Longer than any upload or capture may lie between its bytes and its event.
YOUNG_S = 3600.0
_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DueRun:
    """Something of a run is due: these paths may have expired, or its session may go."""

    client_id: str
    run_id: str
    paths: frozenset[str] = frozenset()
    session: bool = False


class Proposals(Protocol):
    """What the views propose; they may be behind, so nothing is done on their word alone."""

    async def due(self, now: datetime, session_age: timedelta) -> Sequence[DueRun]:
        """Runs with artifacts past their time that nothing kept was made from, and old sessions."""

    async def referenced(self, now: datetime, grace: timedelta) -> frozenset[str]:
        """Every hash that must stay. Waits until the views are caught up with the log; raises ViewsUnavailable."""


class Retention:
    """Looks at what is due, again and again."""

    def __init__(
        self,
        runs: Aggregates[Run],
        artifacts: ArtifactCommands,
        blobs: BlobStore,
        sessions: Sessions,
        proposals: Proposals,
        *,
        grace: timedelta,
        session_age: timedelta,
    ) -> None:
        self._runs = runs
        self._artifacts = artifacts
        self._blobs = blobs
        self._sessions = sessions
        self._proposals = proposals
        self._grace = grace
        self._session_age = session_age

    async def run(self, interval_s: float) -> None:
        """Expire and clean on a timer, for ever; an hourly round erases bytes."""
        rounds = 0
        erase_every = max(1, int(3600 / interval_s))
        while True:
            await asyncio.sleep(interval_s)
            rounds += 1
            try:
                await self.expire()
                if rounds % erase_every == 0:
                    await self.erase()
            except RaroError as error:
                logger.warning("retention waits: %s", error)

    async def expire(self, now: datetime | None = None) -> int:
        """Carry out what is due; returns how many runs were touched."""
        due = await self._proposals.due(now or datetime.now(UTC), self._session_age)
        for item in due:
            if item.paths:
                caller = Caller(item.client_id, actor="system")
                await self._artifacts.expire(caller, item.run_id, item.paths)
            if item.session:
                await self._expire_session(item)
        return len(due)

    async def erase(
        self, now: datetime | None = None, *, dry_run: bool = False, young_s: float = YOUNG_S
    ) -> SweepReport:
        """Erase the blobs that nothing refers to and that are older than `young_s` seconds."""
        referenced = await self._proposals.referenced(now or datetime.now(UTC), self._grace + _SLACK)
        return await self._blobs.sweep(referenced, young_s, dry_run)

    async def _expire_session(self, item: DueRun) -> None:
        def decide(run: Run) -> list[RunEvent]:
            return [SessionExpired()] if run.ended and not run.session_expired and not run.unpromoted else []

        cause = Caller(item.client_id, actor="system").cause(f"expire session {item.run_id}", item.run_id)
        appended = await self._runs.execute(item.client_id, item.run_id, cause, decide)
        if appended.state.session_expired:
            await asyncio.to_thread(self._sessions.remove, item.run_id)
