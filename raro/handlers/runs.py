"""The runs reactor: prepares a run's session, schedules its agents, ends it.

Consumes: started, session_prepared, resumed, agent_turn_completed, agent_finished, agent_failed, agent_skipped,
agent_pruned, approval_granted, approval_denied, artifact_promoted.
Emits: session_prepared, agent_scheduled, approval_requested, policy_matched, agent_delegated, completed, failed.
Effect: the session's input folder, as hard links (see `raro.files.workspace`).
Safe twice: what follows is decided from the run's state alone, and appended only if nothing came between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from raro.agents.policy.facts import Policy
from raro.commands.aggregates import Aggregates
from raro.domain.run import Run
from raro.domain.schedule import Asking, next_events
from raro.errors import SandboxUnavailable
from raro.events.catalogue import Failed, RunEvent, SessionPrepared
from raro.events.envelope import Recorded
from raro.events.shapes import InputFile
from raro.events.subjects import event_filter
from raro.files.blobs import BlobStore
from raro.handlers.gate import after, ask_about_failure, called_in
from raro.handlers.reactor import Later, Reactor, aggregate_id_of, caused_by
from raro.handlers.sessions import Sessions

_EVENTS = (
    "started",
    "session_prepared",
    "resumed",
    "agent_turn_completed",
    "agent_finished",
    "agent_failed",
    "agent_skipped",
    "agent_pruned",
    "approval_granted",
    "approval_denied",
    "artifact_promoted",
)


class Runs:
    """Prepares and schedules; one event at a time per run, several runs side by side."""

    def __init__(
        self,
        runs: Aggregates[Run],
        blobs: BlobStore,
        sessions: Sessions,
        policy: Callable[[], Policy],
        approval_within: timedelta,
    ) -> None:
        self._runs = runs
        self._blobs = blobs
        self._sessions = sessions
        self._policy = policy
        self._approval_within = approval_within

    def reactors(self) -> list[Reactor]:
        """The scheduler, and the clock of runs that have a time limit."""
        filters = tuple(event_filter("run", event) for event in _EVENTS)
        return [
            Reactor("runs", filters, self.handle, at_once=8, give_up=self.give_up),
            Reactor("deadlines", (event_filter("run", "started"),), self.handle_deadline, suspect_after=None),
        ]

    async def handle(self, recorded: Recorded) -> None:
        """Bring the run one step on."""
        client_id, run_id = recorded.event.client_id, aggregate_id_of(recorded)
        run = (await self._runs.load(client_id, run_id)).state
        if run.status in ("running", "paused") and run.prepared is None:
            prepared = await self._prepare(run_id, run)
            await self._append_unless(recorded, prepared, lambda run: run.ended or run.prepared is not None)
        await self._advance(recorded)

    async def give_up(self, recorded: Recorded, why: str) -> None:
        """Fail the run: nobody would bring it on."""
        failed = Failed(code="internal", reason=f"the run could not be brought on: {why}. See `raro doctor`.")
        await self._append_unless(recorded, failed, lambda run: run.ended)

    async def handle_deadline(self, recorded: Recorded) -> None:
        """Fail the run when its time is over; wait in the queue until then."""
        run = (await self._runs.load(recorded.event.client_id, aggregate_id_of(recorded))).state
        if run.ended or run.deadline is None:
            return
        left_s = (run.deadline - datetime.now(UTC)).total_seconds()
        if left_s > 0:
            # Woken at least hourly: the server forgets a delay when it restarts.
            raise Later(min(left_s + 0.01, 3600))
        await self._advance(recorded)

    async def _advance(self, recorded: Recorded) -> None:
        cause, run_id, policy = caused_by(recorded), aggregate_id_of(recorded), self._policy()
        asking = Asking(lambda run, agent: ask_about_failure(policy, run, run_id, agent), self._approval_within)

        def decide(run: Run) -> list[RunEvent]:
            called = called_in(policy, run, run_id)
            return [*called, *next_events(after(run, called), cause.time, asking)]

        await self._runs.execute(recorded.event.client_id, run_id, cause, decide)

    async def _append_unless(self, recorded: Recorded, outcome: RunEvent, late: Callable[[Run], bool]) -> None:
        def decide(run: Run) -> list[RunEvent]:
            return [] if late(run) else [outcome]

        await self._runs.execute(recorded.event.client_id, aggregate_id_of(recorded), caused_by(recorded), decide)

    async def _prepare(self, run_id: str, run: Run) -> RunEvent:
        inputs = run.begun.inputs
        if missing := _missing(inputs, self._blobs):
            return missing
        try:
            tier = await self._sessions.tier()
        except SandboxUnavailable:
            tier = "none"
        linked = await asyncio.to_thread(self._sessions.prepare, run_id, inputs)
        return SessionPrepared(
            inputs=len(inputs),
            size_bytes=sum(item.size_bytes or 0 for item in inputs),
            linked=linked,
            sandbox=tier,
        )


def _missing(inputs: tuple[InputFile, ...], blobs: BlobStore) -> Failed | None:
    absent = [item for item in inputs if item.sha256 is None]
    if absent:
        names = ", ".join(repr(item.name) for item in absent)
        return Failed(
            code="missing_file",
            reason=f"linked file not found: {names}. Upload it, or start the run without it.",
        )
    lost = [item for item in inputs if item.sha256 and not blobs.exists(item.sha256)]
    if lost:
        names = ", ".join(f"{item.name!r} (version {item.version})" for item in lost)
        return Failed(
            code="missing_bytes",
            reason=f"the bytes of a linked file are not in the blob store: {names}. Run `raro fsck`, upload it again.",
        )
    return None
