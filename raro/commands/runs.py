"""Commands on runs: start, stop, pause, resume; and the plan of a run that is not started yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from pydantic_core import PydanticSerializationError

from raro.agents.conversation import Answer
from raro.agents.planning import Planned, Planner
from raro.agents.recording import recorded_turn
from raro.agents.schemas import schema_fault
from raro.agents.tools import unknown_tools
from raro.commands.aggregates import Aggregates, Caller
from raro.commands.library import PUBLIC, Done
from raro.domain import approvals, control, turns
from raro.domain.agent import PUPPET
from raro.domain.artifact import version_of
from raro.domain.graph import check_graph
from raro.domain.library import Slot
from raro.domain.run import Run, evolve
from raro.errors import ArtifactNotFound, BadWorkflow, KeyReused
from raro.events.catalogue import RunEvent, Started
from raro.events.log import EventLog
from raro.events.shapes import AttachedArtifact, InputFile, WorkflowConfig
from raro.events.subjects import file_id
from raro.files.blobs import BlobStore
from raro.files.names import checked_filename, checked_path

# Leaves room for the envelope within an event's 64 KiB.
MAX_STARTED_BYTES = 60_000


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What to run; `attached_files` are library names, already defaulted to the linked ones."""

    workflow: WorkflowConfig
    directive: str = ""
    attached_files: Sequence[str] = ()
    attached_artifacts: Sequence[AttachedArtifact] = ()
    retention_days: float | None = None


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run is on the log and its inputs are pinned."""

    seq: int
    run_id: str


def run_aggregates(log: EventLog) -> Aggregates[Run]:
    """The states of all runs."""
    return Aggregates(log, "run", Run(), evolve)


class RunCommands:
    """What an operator may do with runs."""

    def __init__(
        self,
        runs: Aggregates[Run],
        slots: Aggregates[Slot],
        blobs: BlobStore,
        planner: Planner,
        *,
        retention_days: float,
    ) -> None:
        self.runs = runs
        self._slots = slots
        self._blobs = blobs
        self._planner = planner
        self._retention_days = retention_days

    async def start(self, caller: Caller, request: StartRequest) -> RunStarted:
        """Pin the inputs to the bytes they have now and begin.

        A file that is not there is recorded as such: preparing the session fails the run and names it.
        Raises BadName, BadWorkflow, CyclicWorkflow, UnknownDependency, KeyReused, PlanRefused, ModelUnavailable.
        """
        inputs = await self._pin(caller.client_id, request)
        workflow = request.workflow
        if not workflow.agents:
            planned = await self._planner.plan(request.directive, inputs)
            workflow = workflow.model_copy(update={"agents": planned.workflow.agents})
        check_workflow(workflow)
        started = Started(
            workflow=workflow,
            directive=request.directive,
            inputs=inputs,
            retention_days=request.retention_days or workflow.retention_days or self._retention_days,
        )
        _check_size(started)
        return await self._append(caller, started)

    async def _append(self, caller: Caller, started: Started) -> RunStarted:
        cause = caller.cause("start")
        run_id = f"run_{(cause.id if caller.idempotency_key else uuid4().hex).replace('-', '')[-16:]}"
        correlated = caller.cause("start", correlation_id=run_id)
        appended = await self.runs.execute(caller.client_id, run_id, correlated, lambda run: [started])
        if appended.state.begun.workflow != started.workflow or appended.state.begun.directive != started.directive:
            raise KeyReused("this Idempotency-Key was used to start another workflow. Use a new key.")
        return RunStarted(appended.seq, run_id)

    async def plan(self, caller: Caller, directive: str, attached_files: Sequence[str]) -> Planned:
        """The workflow that `start` would run without `agents`. Raises BadName, PlanRefused, ModelUnavailable."""
        request = StartRequest(WorkflowConfig(), directive, attached_files)
        inputs = await self._pin(caller.client_id, request)
        planned = await self._planner.plan(directive, inputs)
        # What was planned for these files is to be run on them, also when others are linked by then.
        workflow = planned.workflow.model_copy(update={"attached_files": tuple(item.name for item in inputs)})
        return replace(planned, workflow=workflow)

    async def stop(self, caller: Caller, run_id: str, reason: str = "") -> Done:
        """End it now; files made so far are kept. Raises RunNotFound, WrongState."""
        return await self._do(caller, "stop", run_id, lambda run: control.decide_stop(run, run_id, reason))

    async def pause(self, caller: Caller, run_id: str, reason: str = "") -> Done:
        """Begin no new turn. Raises RunNotFound, WrongState."""
        return await self._do(caller, "pause", run_id, lambda run: control.decide_pause(run, run_id, reason))

    async def resume(self, caller: Caller, run_id: str) -> Done:
        """Go on. Raises RunNotFound, WrongState."""
        return await self._do(caller, "resume", run_id, lambda run: control.decide_resume(run, run_id))

    async def decide(
        self, caller: Caller, run_id: str, approval_ids: Sequence[str], decision: str, note: str = ""
    ) -> Done:
        """Decide one or more requests of a run alike.

        Raises RunNotFound, ApprovalNotFound, BadDecision, WrongState when somebody was first.
        """
        return await self._do(
            caller,
            f"decide {' '.join(approval_ids)}",
            run_id,
            lambda run: approvals.decide(run, run_id, approval_ids, decision, note),
        )

    async def puppet(self, caller: Caller, run_id: str, agent_id: str, on: bool) -> Done:
        """Let a person answer in the place of an agent's model, or no longer.

        Raises RunNotFound, AgentNotFound, WrongState.
        """
        return await self._do(
            caller, f"puppet {agent_id} {on}", run_id, lambda run: turns.decide_puppet(run, run_id, agent_id, on)
        )

    async def answer(self, caller: Caller, run_id: str, agent_id: str, turn: int, answer: Answer) -> Done:
        """A person's answer for the next turn of an agent. Raises RunNotFound, AgentNotFound, WrongState."""
        by = replace(answer, answered_by=caller.actor)
        answered = await recorded_turn(self._blobs, agent_id, turn, PUPPET, by, 0)
        return await self._do(
            caller, f"answer {agent_id} {turn}", run_id, lambda run: turns.decide_answer(run, run_id, answered)
        )

    async def _do(self, caller: Caller, what: str, run_id: str, decide: Callable[[Run], Sequence[RunEvent]]) -> Done:
        cause = caller.cause(f"{what} {run_id}", run_id)
        return Done((await self.runs.execute(caller.client_id, run_id, cause, decide)).seq)

    async def _pin(self, client_id: str, request: StartRequest) -> tuple[InputFile, ...]:
        names = dict.fromkeys(request.attached_files)
        for agent in request.workflow.agents:
            names |= dict.fromkeys(name for name in agent.attached_files or () if "/" not in name)
        pinned = {name: await self._pin_file(client_id, checked_filename(name)) for name in names}
        for attached in request.attached_artifacts:
            found = await self._pin_artifact(client_id, attached)
            name = found.name if found.name not in pinned else f"{attached.run_id}/{found.name}"
            pinned[name] = found.model_copy(update={"name": name})
        return tuple(pinned.values())

    async def _pin_file(self, client_id: str, filename: str) -> InputFile:
        for owner in dict.fromkeys((client_id, PUBLIC)):
            current = (await self._slots.load(owner, file_id(owner, filename))).state.current
            if current is not None:
                return InputFile(
                    name=filename,
                    scope="public" if owner == PUBLIC else "private",
                    version=current.version_number,
                    sha256=current.sha256,
                    size_bytes=current.size_bytes,
                    content_type=current.content_type,
                )
        return InputFile(name=filename)

    async def _pin_artifact(self, client_id: str, attached: AttachedArtifact) -> InputFile:
        path = checked_path(attached.path)
        run = (await self.runs.load(client_id, attached.run_id)).state
        try:
            artifact = version_of(run.artifacts, path, attached.version).artifact
        except ArtifactNotFound:
            return InputFile(name=path, kind="artifact", run_id=attached.run_id, path=path)
        return InputFile(
            name=path,
            kind="artifact",
            run_id=attached.run_id,
            path=path,
            version=artifact.version,
            sha256=artifact.sha256,
            size_bytes=artifact.size_bytes,
            content_type=artifact.content_type,
        )


def _check_size(started: Started) -> None:
    try:
        size = len(started.model_dump_json().encode())
    except PydanticSerializationError as error:
        # Python's JSON takes half of a surrogate pair, which no UTF-8 can say.
        raise BadWorkflow(f"the workflow is not JSON that can be stored: {error}.") from None
    if size > MAX_STARTED_BYTES:
        raise BadWorkflow(
            f"the workflow, its directive and its list of {len(started.inputs)} inputs have {size} bytes together; "
            f"at most {MAX_STARTED_BYTES} fit. Put long instructions into a file and link it.",
            size_bytes=size,
        )


def check_workflow(workflow: WorkflowConfig) -> None:
    """Raise BadWorkflow (or a leaf of it) unless the graph is sound and every tool exists."""
    check_graph(workflow)
    for agent in workflow.agents:
        if unknown := unknown_tools(agent):
            raise BadWorkflow(
                f"agent {agent.id!r} asks for tools that do not exist: {', '.join(unknown)}.",
                agent=agent.id,
                unknown=list(unknown),
            )
        if fault := schema_fault(agent.output_schema):
            raise BadWorkflow(f"the output_schema of agent {agent.id!r} is no JSON Schema: {fault}.", agent=agent.id)
