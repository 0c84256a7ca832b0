"""The promotion reactor: a generated file becomes an artifact version that outlives its session.

A file that a person has to allow waits until they do.

Consumes: file_generated, approval_granted. Emits: artifact_promoted.
Effect: none but a look at the blob; its bytes were captured before the event was written (docs/decisions/003).
Safe twice: a file_generated event that was promoted already is left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from raro.commands.aggregates import Aggregates
from raro.commands.artifacts import retention_of
from raro.domain.artifact import decide_promote
from raro.domain.run import Run
from raro.errors import BlobMissing
from raro.events.catalogue import ApprovalGranted, Failed, FileGenerated, RunEvent
from raro.events.envelope import Recorded
from raro.events.subjects import event_filter
from raro.files.blobs import BlobStore
from raro.files.content_types import content_type
from raro.handlers.reactor import Reactor, aggregate_id_of, caused_by
from raro.handlers.sessions import Sessions

_HEAD_BYTES = 8192


class Promotion:
    """Keeps what agents made."""

    def __init__(self, runs: Aggregates[Run], blobs: BlobStore, sessions: Sessions) -> None:
        self._runs = runs
        self._blobs = blobs
        self._sessions = sessions

    def reactor(self) -> Reactor:
        """Listens to file_generated, and to the permission to keep one."""
        filters = (event_filter("run", "file_generated"), event_filter("run", "approval_granted"))
        return Reactor("promotion", filters, self.handle, at_once=4, give_up=self.give_up)

    async def give_up(self, recorded: Recorded, why: str) -> None:
        """Fail the run: a file it made is missing, and saying so beats completing without it."""
        generated = recorded.event.data
        what = repr(generated.path) if isinstance(generated, FileGenerated) else "a file that was allowed"
        failed = Failed(code="promotion_failed", reason=f"{what} could not be kept: {why}"[:4000])

        def decide(run: Run) -> list[RunEvent]:
            return [] if run.ended else [failed]

        await self._runs.execute(recorded.event.client_id, aggregate_id_of(recorded), caused_by(recorded), decide)

    async def handle(self, recorded: Recorded) -> None:
        """Promote what may be kept. Raises BlobMissing when bytes are gone: retried, then parked."""
        run_id = aggregate_id_of(recorded)
        run = (await self._runs.load(recorded.event.client_id, run_id)).state
        for event_id, generated in run.unpromoted.items():
            if run.kept(generated) and _concerns(recorded, event_id, generated):
                await self._promote(recorded, run_id, event_id, generated)

    async def _promote(self, recorded: Recorded, run_id: str, event_id: str, generated: FileGenerated) -> None:
        if not self._blobs.exists(generated.sha256):
            raise BlobMissing(f"the bytes of {generated.path!r} ({generated.sha256}) are not in the blob store")
        head = await asyncio.to_thread(self._head, generated.sha256)

        def decide(run: Run) -> list[RunEvent]:
            if event_id not in run.unpromoted:
                return []
            return [
                decide_promote(
                    run.artifacts,
                    generated,
                    event_id,
                    recorded.event.time,
                    content_type(generated.path, head),
                    retention=retention_of(run),
                    reads=reads_of(run, generated),
                )
            ]

        await self._runs.execute(recorded.event.client_id, run_id, caused_by(recorded), decide)
        await asyncio.to_thread(self._sessions.publish, run_id, generated.path, generated.sha256)

    def _head(self, sha256: str) -> bytes:
        with self._blobs.path(sha256).open("rb") as file:
            return file.read(_HEAD_BYTES)


def _concerns(recorded: Recorded, event_id: str, generated: FileGenerated) -> bool:
    """Whether the event is this file's own, or allows it."""
    allowed = recorded.event.data
    if isinstance(allowed, ApprovalGranted):
        return generated.held_by == allowed.approval_id
    return recorded.event.id == event_id


def reads_of(run: Run, generated: FileGenerated) -> tuple[str, ...]:
    """Inputs and earlier artifacts its agent was seen to read up to the turn that made the file."""
    agent = run.agents.get(generated.agent_id)
    if agent is None:
        return ()
    seen: Mapping[str, None] = {
        name: None
        for turn in agent.turns
        if turn.completed.turn <= generated.turn
        for returned in turn.returned.values()
        for name in returned.reads
    }
    return tuple(seen)
