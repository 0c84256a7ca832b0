"""What a worker that runs an agent may record, and what it may still do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from raro.domain.run import Agent, Run
from raro.events.catalogue import AgentStarted, FileGenerated, RunEvent

Standing = Literal["go", "wait", "over", "fenced"]


def standing(run: Run, agent_id: str, epoch: int) -> Standing:
    """Whether the worker of this epoch may go on: the run may be paused or over, or another worker took the agent."""
    agent = run.agents.get(agent_id)
    if agent is None or agent.epoch != epoch or agent.status != "running":
        return "over" if run.ended else "fenced"
    if run.ended:
        return "over"
    return "wait" if run.status == "paused" else "go"


def decide_take(run: Run, agent_id: str, *, model: str, worker: str) -> list[AgentStarted]:
    """Take the agent, fencing out whoever held it; nothing when it is done or the run is over."""
    agent = run.agents.get(agent_id)
    if run.ended or agent is None or agent.status not in ("scheduled", "running"):
        return []
    return [AgentStarted(agent_id=agent_id, epoch=agent.epoch + 1, model=model, worker=worker)]


def decide_record(run: Run, agent_id: str, epoch: int, events: Sequence[RunEvent]) -> list[RunEvent]:
    """Record a turn or a call's outcome; nothing unless the worker still holds the agent and the run goes on.

    A paused run still records the turn in flight: it was paid for.
    """
    return list(events) if standing(run, agent_id, epoch) in ("go", "wait") else []


def decide_files(run: Run, agent_id: str, files: Sequence[FileGenerated]) -> list[RunEvent]:
    """Files found after the run was ended: what was made is kept, unless it was recorded before."""
    agent = run.agents.get(agent_id, Agent())
    return [made for made in files if _is_new(agent, made)]


def _is_new(agent: Agent, made: FileGenerated) -> bool:
    before = agent.generated.get(made.path)
    return before is None or before.sha256 != made.sha256
