"""A run as its own events tell it: status, graph, agents, decisions it waits for, files to be kept, artifacts.

This module holds the state and `evolve`; what follows from a state is decided in `schedule.py` (the runs
reactor), `control.py` (the operator's commands), `approvals.py`, `delegation.py`, `turns.py` (what a worker may
record) and `artifact.py`. An agent of it is in `agent.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from raro.domain.agent import DONE, PUPPET, Agent, AgentStatus, Turn, evolve_agent, waiting_for
from raro.domain.artifact import Artifact, evolve_artifact
from raro.events.catalogue import (
    AgentDelegated,
    AgentEvent,
    AgentPruned,
    AgentTurnCompleted,
    ApprovalDenied,
    ApprovalGranted,
    ApprovalRequested,
    ArtifactEvent,
    ArtifactPromoted,
    Completed,
    Decision,
    DependencyGrafted,
    Failed,
    FileGenerated,
    InputUploaded,
    Paused,
    PolicyMatched,
    Resumed,
    SandboxClosed,
    SandboxOpened,
    SessionExpired,
    SessionPrepared,
    Started,
    Stopped,
)
from raro.events.envelope import Event
from raro.events.shapes import AgentSpec

__all__ = ["DONE", "ENDED", "Agent", "AgentStatus", "Approval", "Run", "Status", "Turn", "evolve"]

Status = Literal["missing", "running", "paused", "completed", "failed", "stopped"]
ENDED: frozenset[Status] = frozenset({"completed", "failed", "stopped"})


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person was asked, and what they decided; None: nobody has yet."""

    request: ApprovalRequested
    decision: Decision | None = None
    note: str = ""

    @property
    def pending(self) -> bool:
        """Whether it still waits."""
        return self.decision is None


@dataclass(frozen=True, slots=True)
class Run:
    """The state of one run."""

    status: Status = "missing"
    client_id: str = ""
    started: Started | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    prepared: SessionPrepared | None = None
    session_expired: bool = False
    agents: Mapping[str, Agent] = field(default_factory=dict)
    unpromoted: Mapping[str, FileGenerated] = field(default_factory=dict)
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    matched: frozenset[tuple[str, str]] = frozenset()
    uploads: Mapping[tuple[str, str, str], InputUploaded] = field(default_factory=dict)
    sandbox_id: str | None = None
    sandboxes: frozenset[str] = frozenset()
    tokens: int = 0
    cost_usd: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing will be scheduled any more."""
        return self.status in ENDED

    @property
    def begun(self) -> Started:
        """The event that began it; only for a run that is there."""
        assert self.started is not None
        return self.started

    @property
    def graph(self) -> tuple[AgentSpec, ...]:
        """The agents as the graph stands now, those that were pruned left out."""
        return tuple(agent.spec for agent in self.agents.values() if agent.status != "pruned")

    @property
    def deadline(self) -> datetime | None:
        """When its time is over; None without a limit."""
        if self.started is None or self.started_at is None or not self.started.workflow.timeout_ms:
            return None
        return self.started_at + timedelta(milliseconds=self.started.workflow.timeout_ms)

    @property
    def tokens_left(self) -> bool:
        """Whether the budget allows another turn."""
        budget = self.begun.workflow.max_token_budget
        return not budget or self.tokens < budget

    def pending(self, agent_id: str | None = None) -> tuple[ApprovalRequested, ...]:
        """What a person has still to decide, of the whole run or of one agent."""
        waiting = (approval.request for approval in self.approvals.values() if approval.pending)
        return tuple(request for request in waiting if agent_id in (None, request.agent_id))

    def kept(self, made: FileGenerated) -> bool:
        """Whether a generated file may be kept and passed on: nobody has to allow it, or somebody did."""
        if made.held_by is None:
            return True
        held = self.approvals.get(made.held_by)
        return held is not None and held.decision == "allow"


def evolve(run: Run, event: Event) -> Run:
    """The run after one of its events; an event of an unknown type changes nothing."""
    match event.data:
        case Started() as started:
            agents = {spec.id: Agent(spec, puppet=spec.model == PUPPET) for spec in started.workflow.agents}
            return replace(
                run,
                status="running",
                client_id=event.client_id,
                started=started,
                started_at=event.time,
                agents=agents,
            )
        case SessionPrepared() as prepared:
            return replace(run, prepared=prepared)
        case SessionExpired():
            return replace(run, session_expired=True)
        case Paused() | Resumed() | Completed() | Failed() | Stopped():
            return _change_status(run, event)
        case FileGenerated() as generated:
            run = replace(run, unpromoted={**run.unpromoted, event.id: generated})
            return _evolve_agent(run, generated)
        case AgentTurnCompleted() as turn:
            cost = run.cost_usd + (turn.cost_usd or 0)
            run = replace(run, tokens=run.tokens + turn.tokens_in + turn.tokens_out, cost_usd=cost)
            return _evolve_agent(run, turn)
        case AgentDelegated() | AgentPruned() | DependencyGrafted() as change:
            return _evolve_graph(run, change)
        case AgentEvent() as data:
            return _evolve_agent(run, data)
        case ArtifactEvent() as data:
            return _evolve_artifacts(run, event, data)
        case _:
            return _evolve_rest(run, event)


def _evolve_rest(run: Run, event: Event) -> Run:
    match event.data:
        case ApprovalRequested() as request:
            return replace(run, approvals={**run.approvals, request.approval_id: Approval(request)})
        case ApprovalGranted() | ApprovalDenied() as decided:
            return _decide(run, decided)
        case PolicyMatched() as match:
            return replace(run, matched=run.matched | {match_key(match)})
        case InputUploaded() as upload:
            key = (upload.provider, upload.kind, upload.key)
            return replace(run, uploads={**run.uploads, key: upload})
        case SandboxOpened(sandbox_id=sandbox_id):
            return replace(run, sandbox_id=sandbox_id, sandboxes=run.sandboxes | {sandbox_id})
        case SandboxClosed(sandbox_id=sandbox_id):
            return replace(run, sandbox_id=None if run.sandbox_id == sandbox_id else run.sandbox_id)
        case _:
            return run


def match_key(match: PolicyMatched) -> tuple[str, str]:
    """What a match was about: the same rule does not act on the same thing twice."""
    return match.rule_id, f"{match.agent_id}/{match.turn}/{match.call_id or ''}/{match.path or ''}"


def _change_status(run: Run, event: Event) -> Run:
    if run.ended:
        return run
    match event.data:
        case Paused():
            return replace(run, status="paused")
        case Resumed():
            return replace(run, status="running")
        case Completed():
            return replace(run, status="completed", ended_at=event.time)
        case Failed():
            return replace(run, status="failed", ended_at=event.time)
        case _:
            return replace(run, status="stopped", ended_at=event.time)


def _evolve_agent(run: Run, data: AgentEvent) -> Run:
    agent = run.agents.get(data.agent_id)
    if agent is None:
        return run
    return replace(run, agents={**run.agents, data.agent_id: evolve_agent(agent, data)})


def _evolve_graph(run: Run, change: AgentDelegated | AgentPruned | DependencyGrafted) -> Run:
    agents = dict(run.agents)
    if isinstance(change, AgentDelegated):
        child = change.child
        agents[child.id] = Agent(child, puppet=child.model == PUPPET, delegated_by=change.agent_id, depth=change.depth)
    elif isinstance(change, AgentPruned) and change.agent_id in agents:
        agents[change.agent_id] = evolve_agent(agents[change.agent_id], change)
    for name, depends_on in change.waits.items():
        if name in agents:
            agents[name] = waiting_for(agents[name], depends_on)
    return replace(run, agents=agents)


def _decide(run: Run, decided: ApprovalGranted | ApprovalDenied) -> Run:
    """The first decision counts. A file that was refused is not kept."""
    approval = run.approvals.get(decided.approval_id)
    if approval is None or not approval.pending:
        return run
    made = replace(approval, decision=decided.decision, note=decided.note)
    run = replace(run, approvals={**run.approvals, decided.approval_id: made})
    if isinstance(decided, ApprovalDenied):
        kept = {key: made for key, made in run.unpromoted.items() if made.held_by != decided.approval_id}
        run = replace(run, unpromoted=kept)
    return run


def _evolve_artifacts(run: Run, event: Event, data: ArtifactEvent) -> Run:
    artifact = evolve_artifact(run.artifacts.get(data.path, Artifact(data.path)), event)
    run = replace(run, artifacts={**run.artifacts, data.path: artifact})
    if isinstance(data, ArtifactPromoted):
        waiting = {key: value for key, value in run.unpromoted.items() if key != data.generated_by}
        run = replace(run, unpromoted=waiting)
    return run
