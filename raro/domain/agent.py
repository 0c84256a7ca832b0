"""One agent of a run as the run's events tell it: its place in the graph, its turns, the files it made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from raro.events.catalogue import (
    AgentBriefed,
    AgentCalledOut,
    AgentEvent,
    AgentFailed,
    AgentFinished,
    AgentPruned,
    AgentPuppeted,
    AgentScheduled,
    AgentSkipped,
    AgentStarted,
    AgentTurnCompleted,
    FileGenerated,
    ToolCalled,
    ToolReturned,
)
from raro.events.shapes import AgentSpec, BlobRef

AgentStatus = Literal["idle", "scheduled", "running", "finished", "failed", "skipped", "pruned"]
# Nothing more is to be expected of such an agent.
DONE: frozenset[AgentStatus] = frozenset({"finished", "skipped", "pruned"})
# The model of an agent that a person answers for.
PUPPET = "puppet"


@dataclass(frozen=True, slots=True)
class Turn:
    """One recorded turn, what its tool calls returned so far, by call id, and what the model was told after them."""

    completed: AgentTurnCompleted
    called: frozenset[str] = frozenset()
    returned: Mapping[str, ToolReturned] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every call of it has returned."""
        return all(call.call_id in self.returned for call in self.completed.tool_calls)


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent's progress; `epoch` counts the workers that took it, the last one holds it.

    `since` is how many turns it had when it was last scheduled, `depth` how many delegations lead to it, `fruitless`
    how many workers took it one after the other without recording anything.
    """

    spec: AgentSpec
    status: AgentStatus = "idle"
    epoch: int = 0
    fruitless: int = 0
    attempt: int = 1
    since: int = 0
    turns: tuple[Turn, ...] = ()
    generated: Mapping[str, FileGenerated] = field(default_factory=dict)
    finished: AgentFinished | None = None
    failed: AgentFailed | None = None
    briefing: BlobRef | None = None
    puppet: bool = False
    delegated_by: str | None = None
    depth: int = 0

    @property
    def active(self) -> bool:
        """Whether a worker has it, or is about to."""
        return self.status in ("scheduled", "running")


def evolve_agent(agent: Agent, data: AgentEvent) -> Agent:
    """The agent after one of its events."""
    match data:
        case AgentScheduled(attempt=attempt, remark=remark):
            told = _after_last(agent, remark) if remark else agent
            return replace(told, status="scheduled", failed=None, attempt=attempt, since=len(agent.turns), fruitless=0)
        case AgentStarted(epoch=epoch):
            return replace(agent, status="running", epoch=epoch, fruitless=agent.fruitless + 1)
        case AgentBriefed(briefing=briefing):
            return replace(agent, briefing=briefing)
        case AgentTurnCompleted():
            return replace(agent, turns=(*agent.turns, Turn(data)), fruitless=0)
        case AgentCalledOut(message=message, check=check):
            return _after_last(agent, message, check)
        case AgentPuppeted(on=on):
            return replace(agent, puppet=on)
        case ToolCalled(call_id=call_id):
            return _in_turn(agent, data.turn, lambda turn: replace(turn, called=turn.called | {call_id}))
        case ToolReturned(call_id=call_id):
            told = _in_turn(agent, data.turn, lambda turn: replace(turn, returned={**turn.returned, call_id: data}))
            return replace(told, fruitless=0)
        case FileGenerated(path=path):
            return replace(agent, generated={**agent.generated, path: data})
        case _:
            return _evolve_end(agent, data)


def _evolve_end(agent: Agent, data: AgentEvent) -> Agent:
    match data:
        case AgentFinished():
            return replace(agent, status="finished", finished=data)
        case AgentFailed():
            return replace(agent, status="failed", failed=data)
        case AgentSkipped():
            return replace(agent, status="skipped")
        case AgentPruned():
            return replace(agent, status="pruned")
        case _:
            return agent


def waiting_for(agent: Agent, depends_on: tuple[str, ...]) -> Agent:
    """The agent with other dependencies."""
    return replace(agent, spec=agent.spec.model_copy(update={"depends_on": depends_on}))


def _after_last(agent: Agent, remark: str, check: str | None = None) -> Agent:
    """Without a turn there is no conversation yet to remark upon."""
    if not agent.turns:
        return agent
    last = agent.turns[-1]
    checks = (*last.checks, check) if check else last.checks
    return replace(agent, turns=(*agent.turns[:-1], replace(last, remarks=(*last.remarks, remark), checks=checks)))


def _in_turn(agent: Agent, number: int, change: Callable[[Turn], Turn]) -> Agent:
    turns = tuple(change(turn) if turn.completed.turn == number else turn for turn in agent.turns)
    return replace(agent, turns=turns)
