"""What follows from a run's state: the next events of the runs reactor.

Called again after every event of the run; the answer depends on the state, the time and the rules about failures
alone, so calling it twice is safe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from raro.domain.run import DONE, Agent, Run
from raro.events.catalogue import AgentScheduled, ApprovalRequested, Completed, Decision, Failed, RunEvent

# Failures with this code mean that an agent got nothing to work on; see docs/agents.md, protocol checks.
NO_UPSTREAM = "no_upstream"


@dataclass(frozen=True, slots=True)
class Ask:
    """A person is to decide; `rule_id` is the rule that wants it."""

    reason: str
    rule_id: str | None = None


def ask_nobody(run: Run, agent: Agent) -> Ask | None:
    """A failed agent fails its run."""
    return None


@dataclass(frozen=True, slots=True)
class Asking:
    """Whether an agent's failure asks a person, and how long the person has."""

    about: Callable[[Run, Agent], Ask | None] = ask_nobody
    within: timedelta = timedelta(hours=1)


def next_events(run: Run, now: datetime, asking: Asking | None = None) -> list[RunEvent]:
    """Agents that can start now, questions to a person, or the run's end; nothing while it waits."""
    if run.started is None or run.ended:
        return []
    if over := _limit_reached(run, now):
        return [over]
    if run.prepared is None:
        return []
    asking = asking or Asking()
    agents = run.agents.values()
    if failed := [agent for agent in agents if agent.status == "failed"]:
        return _after_failures(run, failed, now, asking)
    if all(agent.status in DONE for agent in agents):
        return [] if run.unpromoted or run.pending() else [Completed()]
    return [] if run.status == "paused" else _ready(run, now, asking)


def _after_failures(run: Run, failed: list[Agent], now: datetime, asking: Asking) -> list[RunEvent]:
    """Ask about each failure once. What nobody is asked about ends the run, when nothing else goes on."""
    questions: list[RunEvent] = []
    fatal: list[Agent] = []
    for agent in failed:
        approval_id = f"failed-{agent.spec.id}-{agent.attempt}"
        if approval_id in run.approvals:
            continue
        ask = _ask_about(run, agent, asking)
        if ask is None:
            fatal.append(agent)
        else:
            questions.append(_question(approval_id, agent, ask, now + asking.within))
    if questions:
        return questions
    if fatal:
        return [] if _any_active(run) else [_failed_because(fatal[0])]
    return [] if run.status == "paused" else _ready(run, now, asking)


def _ask_about(run: Run, agent: Agent, asking: Asking) -> Ask | None:
    assert agent.failed is not None
    match run.begun.workflow.on_failure:
        case "fail":
            return None
        case "ask":
            return Ask(f"agent {agent.spec.id!r} failed: {agent.failed.message}")
        case None if agent.failed.code == NO_UPSTREAM:
            return Ask(f"agent {agent.spec.id!r} got nothing to work on: {agent.failed.message}")
        case None:
            return asking.about(run, agent)


def _question(approval_id: str, agent: Agent, ask: Ask, expires_at: datetime) -> ApprovalRequested:
    assert agent.failed is not None
    options: tuple[Decision, ...] = ("retry", "skip", "abort")
    return ApprovalRequested(
        approval_id=approval_id,
        agent_id=agent.spec.id,
        reason=ask.reason[:4000],
        subject={"code": agent.failed.code, "message": agent.failed.message},
        kind="no_upstream" if agent.failed.code == NO_UPSTREAM else "agent_failed",
        options=options,
        batch=approval_id,
        rule_id=ask.rule_id,
        expires_at=expires_at,
    )


def _ready(run: Run, now: datetime, asking: Asking) -> list[RunEvent]:
    return [
        event
        for agent in run.agents.values()
        if agent.status == "idle" and all(_settled(run, parent) for parent in agent.spec.depends_on)
        for event in _begin(run, agent, now, asking)
    ]


def _settled(run: Run, agent_id: str) -> bool:
    """Whether an agent is done and a person has decided upon all that it made."""
    return run.agents[agent_id].status in DONE and not run.pending(agent_id)


def _begin(run: Run, agent: Agent, now: datetime, asking: Asking) -> list[RunEvent]:
    """Start it; when everything before it was skipped or gave nothing, ask a person first instead of inventing."""
    spec = agent.spec
    if not spec.depends_on or any(_gave_something(run.agents[parent]) for parent in spec.depends_on):
        return [AgentScheduled(agent_id=spec.id)]
    approval_id = f"no-upstream-{spec.id}"
    if approval_id in run.approvals:
        return []
    reason = f"agent {spec.id!r} has no data from upstream: {', '.join(spec.depends_on)} gave nothing."
    if run.begun.workflow.on_failure == "fail":
        return [Failed(code=NO_UPSTREAM, reason=reason)]
    return [
        ApprovalRequested(
            approval_id=approval_id,
            agent_id=spec.id,
            reason=reason,
            subject={"code": NO_UPSTREAM, "message": reason},
            kind="no_upstream",
            options=("allow", "skip", "abort"),
            batch=approval_id,
            expires_at=now + asking.within,
        )
    ]


def _gave_something(agent: Agent) -> bool:
    """Words or files; an agent that was skipped may have made some before."""
    return bool(agent.generated or (agent.finished and agent.finished.output.size_bytes))


def _any_active(run: Run) -> bool:
    return any(agent.active for agent in run.agents.values())


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
        return out_of_tokens(run)
    return None


def out_of_tokens(run: Run) -> Failed:
    """The run's end when its budget is used up."""
    return Failed(
        code="token_budget_exceeded",
        reason=f"the run used {run.tokens} tokens of {run.begun.workflow.max_token_budget}. Raise `max_token_budget`.",
    )
