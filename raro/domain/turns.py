"""What a worker that runs an agent may record, what it may still do, and what a person may answer in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from raro.domain.agent import Agent
from raro.domain.run import Run
from raro.domain.schedule import out_of_tokens
from raro.errors import AgentNotFound, RunNotFound, WrongState
from raro.events.catalogue import (
    AgentEvent,
    AgentFailed,
    AgentPuppeted,
    AgentStarted,
    AgentTurnCompleted,
    FileGenerated,
    RunEvent,
)

MAX_FRUITLESS = 100
Standing = Literal["go", "wait", "over", "fenced"]


def standing(run: Run, agent_id: str, epoch: int) -> Standing:
    """Whether the worker of this epoch may go on.

    The run may be paused or over, or another worker may have taken the agent.
    """
    agent = run.agents.get(agent_id)
    if agent is None or agent.epoch != epoch or agent.status != "running":
        return "over" if run.ended else "fenced"
    if run.ended:
        return "over"
    return "wait" if run.status == "paused" else "go"


def is_held_elsewhere(run: Run, agent_id: str, attempt: int, epoch: int) -> bool:
    """Whether another worker than that of this epoch has this attempt of the agent, and is not done with it."""
    agent = run.agents.get(agent_id)
    if run.ended or agent is None or not agent.active:
        return False
    return agent.attempt == attempt and agent.epoch != epoch


def decide_turn(run: Run) -> list[RunEvent]:
    """What is to be recorded before a model is asked: the end of a run whose tokens are used up, or nothing."""
    return [] if run.tokens_left else [out_of_tokens(run)]


def decide_take(run: Run, agent_id: str, *, model: str, worker: str) -> list[AgentEvent]:
    """Take the agent, fencing out whoever held it; nothing when it is done or the run is over.

    An agent that many workers took and none recorded anything of fails: it may well be what kills them.
    """
    agent = run.agents.get(agent_id)
    if run.ended or agent is None or not agent.active:
        return []
    if agent.fruitless >= MAX_FRUITLESS:
        message = f"{agent.fruitless} workers took it one after the other and died before they recorded anything."
        return [AgentFailed(agent_id=agent_id, code="workers_died", message=message)]
    return [AgentStarted(agent_id=agent_id, epoch=agent.epoch + 1, model=model, worker=worker)]


def decide_record(run: Run, agent_id: str, epoch: int, events: Sequence[RunEvent]) -> list[RunEvent]:
    """Record a turn or a call's outcome; nothing unless the worker still holds the agent and the run goes on.

    A paused run still records the turn in flight: it was paid for. A turn that a person answered stays theirs.
    """
    if standing(run, agent_id, epoch) not in ("go", "wait"):
        return []
    known = len(run.agents[agent_id].turns)
    return [event for event in events if not (isinstance(event, AgentTurnCompleted) and event.turn <= known)]


def decide_files(run: Run, agent_id: str, files: Sequence[FileGenerated]) -> list[RunEvent]:
    """Files found after the run was ended: what was made is kept, unless it was recorded before."""
    agent = run.agents.get(agent_id)
    return [made for made in files if agent is None or _is_new(agent, made)]


def decide_puppet(run: Run, run_id: str, agent_id: str, on: bool) -> list[RunEvent]:
    """A person answers in the model's place from the next turn on, or no longer does.

    Raises RunNotFound, AgentNotFound, WrongState when the agent or the run is done.
    """
    agent = _live_agent(run, run_id, agent_id)
    return [] if agent.puppet == on else [AgentPuppeted(agent_id=agent_id, on=on)]


def decide_answer(run: Run, run_id: str, answered: AgentTurnCompleted) -> list[RunEvent]:
    """A person's answer for the agent's next turn.

    Raises RunNotFound, AgentNotFound, WrongState: the agent is not a person's, not begun, or at another turn.
    """
    agent = _live_agent(run, run_id, answered.agent_id)
    if not agent.puppet:
        raise WrongState(f"agent {answered.agent_id!r} is answered for by its model; take it over first.")
    if agent.status != "running":
        raise WrongState(f"agent {answered.agent_id!r} is {agent.status}; it can be answered for once it runs.")
    following = len(agent.turns) + 1
    if answered.turn != following or (agent.turns and not agent.turns[-1].whole):
        waits = "" if not agent.turns or agent.turns[-1].whole else f", once the calls of turn {following - 1} returned"
        raise WrongState(
            f"the next turn of agent {answered.agent_id!r} is {following}{waits}; you answered turn {answered.turn}.",
            turn=following,
        )
    return [answered]


def _live_agent(run: Run, run_id: str, agent_id: str) -> Agent:
    if run.status == "missing":
        raise RunNotFound(f"there is no run {run_id!r}. See `raro runs`.", run_id=run_id)
    agent = run.agents.get(agent_id)
    if agent is None:
        raise AgentNotFound(f"run {run_id!r} has no agent {agent_id!r}.", run_id=run_id, agent_id=agent_id)
    if run.ended:
        raise WrongState(f"run {run_id} has ended already ({run.status}).", run_id=run_id, status=run.status)
    if agent.status in ("finished", "skipped", "pruned"):
        raise WrongState(f"agent {agent_id!r} is {agent.status}.", agent_id=agent_id, status=agent.status)
    return agent


def _is_new(agent: Agent, made: FileGenerated) -> bool:
    before = agent.generated.get(made.path)
    return before is None or before.sha256 != made.sha256
