"""A run as its own events tell it: status, agents, turns, files waiting to be kept, artifacts.

This module holds the state and `evolve`; what follows from a state is decided in `schedule.py` (the runs
reactor), `control.py` (the operator's commands), `turns.py` (what a worker may record) and `artifact.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from raro.domain.artifact import Artifact, evolve_artifact
from raro.events.catalogue import (
    AgentEvent,
    AgentFailed,
    AgentFinished,
    AgentScheduled,
    AgentStarted,
    AgentTurnCompleted,
    ArtifactEvent,
    ArtifactPromoted,
    Completed,
    Failed,
    FileGenerated,
    Paused,
    Resumed,
    SessionExpired,
    SessionPrepared,
    Started,
    Stopped,
    ToolCalled,
    ToolReturned,
)
from raro.events.envelope import Event

Status = Literal["missing", "running", "paused", "completed", "failed", "stopped"]
AgentStatus = Literal["idle", "scheduled", "running", "finished", "failed"]
ENDED: frozenset[Status] = frozenset({"completed", "failed", "stopped"})


@dataclass(frozen=True, slots=True)
class Turn:
    """One recorded turn and what its tool calls returned so far, by call id."""

    completed: AgentTurnCompleted
    called: frozenset[str] = frozenset()
    returned: Mapping[str, ToolReturned] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent's progress; `epoch` counts the workers that took it, the last one holds it."""

    status: AgentStatus = "idle"
    epoch: int = 0
    turns: tuple[Turn, ...] = ()
    generated: Mapping[str, FileGenerated] = field(default_factory=dict)
    finished: AgentFinished | None = None
    failed: AgentFailed | None = None


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
    tokens: int = 0

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
    def deadline(self) -> datetime | None:
        """When its time is over; None without a limit."""
        if self.started is None or self.started_at is None or not self.started.workflow.timeout_ms:
            return None
        return self.started_at + timedelta(milliseconds=self.started.workflow.timeout_ms)


def evolve(run: Run, event: Event) -> Run:
    """The run after one of its events; an event of an unknown type changes nothing."""
    match event.data:
        case Started() as started:
            agents = {spec.id: Agent() for spec in started.workflow.agents}
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
            run = replace(run, tokens=run.tokens + turn.tokens_in + turn.tokens_out)
            return _evolve_agent(run, turn)
        case AgentEvent() as data:
            return _evolve_agent(run, data)
        case ArtifactEvent() as data:
            return _evolve_artifacts(run, event, data)
        case _:
            return run


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


def evolve_agent(agent: Agent, data: AgentEvent) -> Agent:
    """The agent after one of its events."""
    match data:
        case AgentScheduled():
            return replace(agent, status="scheduled", failed=None)
        case AgentStarted(epoch=epoch):
            return replace(agent, status="running", epoch=epoch)
        case AgentTurnCompleted():
            return replace(agent, turns=(*agent.turns, Turn(data)))
        case ToolCalled(call_id=call_id):
            return _in_turn(agent, data.turn, lambda turn: replace(turn, called=turn.called | {call_id}))
        case ToolReturned(call_id=call_id):
            return _in_turn(agent, data.turn, lambda turn: replace(turn, returned={**turn.returned, call_id: data}))
        case FileGenerated(path=path):
            return replace(agent, generated={**agent.generated, path: data})
        case AgentFinished():
            return replace(agent, status="finished", finished=data)
        case AgentFailed():
            return replace(agent, status="failed", failed=data)
        case _:
            return agent


def _in_turn(agent: Agent, number: int, change: Callable[[Turn], Turn]) -> Agent:
    turns = tuple(change(turn) if turn.completed.turn == number else turn for turn in agent.turns)
    return replace(agent, turns=turns)


def _evolve_artifacts(run: Run, event: Event, data: ArtifactEvent) -> Run:
    artifact = evolve_artifact(run.artifacts.get(data.path, Artifact(data.path)), event)
    run = replace(run, artifacts={**run.artifacts, data.path: artifact})
    if isinstance(data, ArtifactPromoted):
        waiting = {key: value for key, value in run.unpromoted.items() if key != data.generated_by}
        run = replace(run, unpromoted=waiting)
    return run
