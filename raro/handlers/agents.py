"""The agents reactor: takes a scheduled agent and runs its turns to the end.

Consumes: agent_scheduled.
Emits: agent_started, agent_briefed, agent_turn_completed, agent_called_out, tool_called, tool_returned, file_generated,
policy_matched, approval_requested, agent_delegated, agent_pruned, dependency_grafted, access_denied, agent_finished,
agent_failed.
Effect: the agent's folders and sandbox, its output in the blob store and in Redis.
Safe twice: whoever takes the agent raises its epoch, and only the last epoch may append. What a dead worker had
recorded is read back; a finished turn is not asked for again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from raro.agents.briefing import brief
from raro.agents.conversation import Assignment, Briefing, Model, ModelFailed, Parent, Upstream
from raro.agents.policy.facts import Policy
from raro.agents.search import Search
from raro.agents.tools import Toolbox, Workplace, granted
from raro.agents.tools.toolbox import tool_specs
from raro.agents.turn import run_turns
from raro.commands.aggregates import Aggregates, Loaded
from raro.domain.agent import PUPPET
from raro.domain.graph import ancestors
from raro.domain.run import Run
from raro.domain.turns import decide_take, is_held_elsewhere
from raro.errors import LogUnavailable, RaroError
from raro.events.catalogue import AgentEvent, AgentFailed, AgentFinished, AgentScheduled, AgentStarted
from raro.events.envelope import Recorded
from raro.events.live import run_hints
from raro.events.shapes import AgentSpec, BlobRef, InputFile
from raro.events.subjects import event_filter
from raro.files.blobs import BlobStore
from raro.files.outputs import Outputs
from raro.handlers.capture import OutputWatch
from raro.handlers.journal import EventJournal, Fenced, RunOver
from raro.handlers.machines import RunMachine
from raro.handlers.reactor import Reactor, TakenOver, aggregate_id_of, caused_by
from raro.handlers.sessions import Sessions
from raro.sandboxes.sandbox import Limits, Sandboxes
from raro.tasks import end

logger = logging.getLogger(__name__)

_SUMMARY_CHARS = 2000
_LOOK_AGAIN_S = 5.0

Models = Callable[[AgentSpec], Model]


@dataclass(frozen=True)
class AgentParts:
    """What running an agent takes."""

    runs: Aggregates[Run]
    blobs: BlobStore
    sessions: Sessions
    sandboxes: Sandboxes
    outputs: Outputs
    models: Models
    limits: Limits
    search: Search | None
    policy: Callable[[], Policy]
    approval_within: timedelta


class Agents:
    """Runs agents, several side by side."""

    def __init__(self, parts: AgentParts, *, at_once: int) -> None:
        self._parts = parts
        self._at_once = at_once
        self._worker = f"{socket.gethostname()}:{os.getpid()}"

    def reactor(self) -> Reactor:
        """Listens to agent_scheduled."""
        filters = (event_filter("run", "agent_scheduled"),)
        return Reactor("agents", filters, self.handle, at_once=self._at_once, give_up=self.give_up, suspect_after=None)

    async def give_up(self, recorded: Recorded, why: str) -> None:
        """Fail the agent, so that its run ends and says why."""
        scheduled = recorded.event.data
        assert isinstance(scheduled, AgentScheduled)
        failed = AgentFailed(agent_id=scheduled.agent_id, code="internal", message=why)

        def decide(run: Run) -> list[AgentEvent]:
            agent = run.agents.get(scheduled.agent_id)
            return [failed] if agent and agent.active and not run.ended else []

        await self._parts.runs.execute(recorded.event.client_id, aggregate_id_of(recorded), caused_by(recorded), decide)

    async def handle(self, recorded: Recorded) -> None:
        """Take the agent and run it, unless it is done or the run is over. Raises TakenOver."""
        scheduled = recorded.event.data
        assert isinstance(scheduled, AgentScheduled)
        client_id, run_id, agent_id = recorded.event.client_id, aggregate_id_of(recorded), scheduled.agent_id
        run = (await self._parts.runs.load(client_id, run_id)).state
        agent = run.agents.get(agent_id)
        if agent is None or run.ended or not agent.active or agent.attempt != scheduled.attempt:
            return
        spec = agent.spec
        model = self._parts.models(spec if spec.model != PUPPET else spec.model_copy(update={"model": "fast"}))
        taken = await self._parts.runs.execute(
            client_id,
            run_id,
            caused_by(recorded),
            lambda run: decide_take(run, agent_id, model=model.name, worker=self._worker),
        )
        epoch = next((event.data.epoch for event in taken.events if isinstance(event.data, AgentStarted)), None)
        if epoch is not None:
            await self._run(client_id, run_id, spec, model, epoch)
            now = (await self._parts.runs.load(client_id, run_id)).state
            if is_held_elsewhere(now, agent_id, scheduled.attempt, epoch):
                raise TakenOver

    async def _run(self, client_id: str, run_id: str, spec: AgentSpec, model: Model, epoch: int) -> None:
        parts = self._parts
        async with run_hints(parts.runs.log.nc, client_id, run_id) as changed:
            loaded = await parts.runs.load(client_id, run_id)
            place = await self._place(run_id, spec, epoch, loaded)
            watch = OutputWatch(spec.id, place.session, parts.blobs, parts.limits, before(loaded.state, spec.id))
            await asyncio.to_thread(watch.begin)
            journal = EventJournal(
                parts.runs,
                parts.blobs,
                watch,
                changed,
                client_id,
                run_id,
                spec.id,
                epoch,
                model.name,
                parts.policy,
                parts.approval_within,
            )
            place.on_output = _teller(journal)
            try:
                await self._until_over(self._work(spec, model, place, journal, loaded.state), journal)
            finally:
                await place.close()

    async def _work(self, spec: AgentSpec, model: Model, place: Workplace, journal: EventJournal, run: Run) -> None:
        tools = granted(spec, search=place.search is not None)
        try:
            assignment = await self._briefed(spec, place, journal, run)
            result = await run_turns(model, assignment, Toolbox(place, tools), journal, journal)
            await journal.end(await self._finished(journal, result.output, result.turns))
        except LogUnavailable:
            raise
        except ModelFailed as error:
            await journal.end(_failed(spec, error.code, str(error)))
        except RaroError as error:
            await journal.end(_failed(spec, error.code, error.message))

    async def _briefed(self, spec: AgentSpec, place: Workplace, journal: EventJournal, run: Run) -> Assignment:
        """What the agent is to do, with the briefing as it was recorded for its first turn."""
        directive = "\n\n".join(text for text in (run.begun.directive, spec.user_directive) if text)
        tools = tool_specs(granted(spec, search=place.search is not None))
        assignment = Assignment(spec, directive, inputs_of(run, spec), tuple(place.upstream), tools)

        async def build() -> Briefing:
            return brief(assignment, run.graph, sorted(before(run, spec.id)), await self._parents(run, spec))

        return replace(assignment, briefing=await journal.briefing(build))

    async def _parents(self, run: Run, spec: AgentSpec) -> list[Parent]:
        """The last answers of those it depends on, in their models' own JSON, signatures with it."""
        parents: list[Parent] = []
        for agent_id in spec.depends_on:
            turns = run.agents[agent_id].turns
            if turns and (content := turns[-1].completed.content):
                data = await self._parts.blobs.read(content.sha256)
                parents.append(Parent(agent_id, turns[-1].completed.model, data))
        return parents

    async def _finished(self, journal: EventJournal, output: str, turns: int) -> AgentEvent:
        data = output.encode("utf-8", errors="replace")
        blob = await self._parts.blobs.put_bytes(data)
        await self._parts.outputs.keep(journal.run_id, journal.agent_id, data)
        return AgentFinished(
            agent_id=journal.agent_id,
            output=BlobRef(sha256=blob.sha256, size_bytes=blob.size_bytes),
            summary=output[:_SUMMARY_CHARS],
            turns=turns,
        )

    async def _until_over(self, work: Coroutine[object, object, None], journal: EventJournal) -> None:
        """Run the work; cancel it when the run is over, and keep what it had made."""
        working = asyncio.create_task(work)
        looking = asyncio.create_task(_over(journal))
        try:
            await asyncio.wait((working, looking), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
                return
            await end(working)
            await journal.keep_what_is_there()
        except RunOver:
            await journal.keep_what_is_there()
        except Fenced:
            logger.info("agent %s of run %s was taken over", journal.agent_id, journal.run_id)
        finally:
            await end(working, looking)

    async def _place(self, run_id: str, spec: AgentSpec, epoch: int, loaded: Loaded[Run]) -> Workplace:
        run, parts = loaded.state, self._parts
        inputs = inputs_of(run, spec)
        await parts.sessions.probe()
        session = await asyncio.to_thread(
            parts.sessions.agent_place, run_id, spec.id, epoch, inputs, before(run, spec.id)
        )
        return Workplace(
            run_id=run_id,
            session=session,
            blobs=parts.blobs,
            sandboxes=parts.sandboxes,
            limits=parts.limits,
            upstream=[await self._upstream(run, agent_id) for agent_id in upstream_of(run, spec)],
            inputs=[item.name for item in inputs],
            search=parts.search,
            allow_network=run.begun.workflow.allow_network,
            record=RunMachine(parts.runs, run.client_id, run_id, "e2b"),
        )

    async def _upstream(self, run: Run, agent_id: str) -> Upstream:
        agent = run.agents[agent_id]
        if agent.finished is None:
            return Upstream(agent_id, "", skipped=True)
        output = await self._parts.blobs.read(agent.finished.output.sha256)
        return Upstream(
            agent_id, output.decode(), tuple(sorted(path for path, made in agent.generated.items() if run.kept(made)))
        )


def inputs_of(run: Run, spec: AgentSpec) -> tuple[InputFile, ...]:
    """The run's inputs, or those of them the agent was given."""
    if spec.attached_files is None:
        return run.begun.inputs
    return tuple(item for item in run.begun.inputs if item.name in spec.attached_files)


def upstream_of(run: Run, spec: AgentSpec) -> tuple[str, ...]:
    """The agents before this one, direct parents first."""
    before_it = ancestors(run.graph, spec.id)
    return (*spec.depends_on, *(agent_id for agent_id in before_it if agent_id not in spec.depends_on))


def before(run: Run, agent_id: str) -> dict[str, str]:
    """What an agent's output holds when a worker begins with it: its ancestors' files, then its own so far."""
    files: dict[str, str] = {}
    for earlier in (*ancestors(run.graph, agent_id), agent_id):
        made = run.agents[earlier].generated
        files |= {path: one.sha256 for path, one in made.items() if earlier == agent_id or run.kept(one)}
    return files


async def _over(journal: EventJournal) -> None:
    """Return once the run is over or the agent somebody else's."""
    while not await journal.is_over():
        journal.changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_S):
                await journal.changed.wait()


def _teller(journal: EventJournal) -> Callable[[str, str], None]:
    """Tell live what code prints, from whatever thread it is read in."""
    loop = asyncio.get_running_loop()

    def tell(stream: str, text: str) -> None:
        asyncio.run_coroutine_threadsafe(journal.live(status="output", stream=stream, text=text[:4000]), loop)

    return tell


def _failed(spec: AgentSpec, code: str, message: str) -> AgentFailed:
    return AgentFailed(agent_id=spec.id, code=code, message=message[:4000])
