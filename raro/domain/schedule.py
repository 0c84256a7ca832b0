"""What follows from a run's state: the next events of the runs reactor.

Called again after every event of the run; the answer depends on the state alone, so calling it twice is safe.
"""

from __future__ import annotations

from datetime import datetime

from raro.domain.run import Agent, Run
from raro.events.catalogue import AgentScheduled, Completed, Failed, RunEvent


def next_events(run: Run, now: datetime) -> list[RunEvent]:
    """Agents that can start now, or the run's end; nothing while it waits."""
    if run.started is None or run.ended:
        return []
    if over := _limit_reached(run, now):
        return [over]
    if run.prepared is None:
        return []
    agents = run.agents.values()
    failed = [agent for agent in agents if agent.status == "failed"]
    if failed:
        return [] if _any_active(run) else [_failed_because(failed[0])]
    if all(agent.status == "finished" for agent in agents):
        return [] if run.unpromoted else [Completed()]
    return [] if run.status == "paused" else _ready(run)


def _ready(run: Run) -> list[RunEvent]:
    return [
        AgentScheduled(agent_id=spec.id)
        for spec in run.begun.workflow.agents
        if run.agents[spec.id].status == "idle"
        and all(run.agents[parent].status == "finished" for parent in spec.depends_on)
    ]


def _any_active(run: Run) -> bool:
    return any(agent.status in ("scheduled", "running") for agent in run.agents.values())


def _failed_because(agent: Agent) -> Failed:
    assert agent.failed is not None
    reason = f"agent {agent.failed.agent_id!r} failed: {agent.failed.message}"
    return Failed(code=f"agent_{agent.failed.code}", reason=reason[:4000])


def _limit_reached(run: Run, now: datetime) -> Failed | None:
    workflow = run.begun.workflow
    if run.deadline and now >= run.deadline:
        return Failed(
            code="timeout",
            reason=f"the run had {workflow.timeout_ms} ms and was not done. Raise `timeout_ms` or give it less to do.",
        )
    if workflow.max_token_budget and run.tokens > workflow.max_token_budget:
        return Failed(
            code="token_budget_exceeded",
            reason=f"the run used {run.tokens} tokens of {workflow.max_token_budget}. Raise `max_token_budget`.",
        )
    return None
