"""What rules lead to: refusals, questions to a person, agents called in. Pure: verdicts in, events out.

The reactors and journals ask the rules and append what is decided here; how a person's answer is carried out is
decided in `raro.domain.approvals`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from raro.agents.conversation import ToolOutcome
from raro.agents.policy.facts import CallFacts, FailureFacts, FileFacts, Policy, Verdict
from raro.agents.tools.grants import KNOWN
from raro.domain.approvals import cut_for_people, exact_hash
from raro.domain.delegation import decide_change
from raro.domain.run import Agent, Approval, Run, evolve, match_key
from raro.domain.schedule import Ask
from raro.errors import GraphRefused
from raro.events.catalogue import (
    AgentDelegated,
    AgentSkipped,
    ApprovalRequested,
    FileGenerated,
    PolicyMatched,
    RunEvent,
)
from raro.events.envelope import Cause, new_event
from raro.events.shapes import ToolCall
from raro.files.content_types import content_type

Verdicts = dict[str, tuple[Verdict, ...]]
_PENDING = Cause("pending", "system", "pending", datetime.fromtimestamp(0, UTC))


@dataclass(frozen=True, slots=True)
class Moment:
    """When, and how long a person has to decide."""

    now: datetime
    within: timedelta


@dataclass(frozen=True, slots=True)
class JudgedFiles:
    """Files as they may be recorded, what is recorded beside them, and the names of those that must not be kept."""

    files: tuple[FileGenerated, ...] = ()
    events: tuple[RunEvent, ...] = ()
    blocked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def approval_id_of(agent_id: str, turn: int, what: str) -> str:
    """The same question has the same id, whichever worker asks it."""
    digest = hashlib.sha256(f"{agent_id}/{turn}/{what}".encode(errors="replace")).hexdigest()
    return f"ask-{digest[:20]}"


def judge_calls(policy: Policy, run: Run, run_id: str, agent_id: str, turn: int, calls: Sequence[ToolCall]) -> Verdicts:
    """What the rules say of each call, by call id; a call that a person has been asked about is not judged again."""
    agent = run.agents[agent_id]
    before = sum(len(past.called) for past in agent.turns)
    return {
        call.call_id: policy.judge_call(
            CallFacts(
                run.client_id, run_id, agent_id, call.name, call.args, turn, before + index, run.tokens, run.cost_usd
            )
        )
        for index, call in enumerate(calls)
    }


def call_events(
    run: Run, agent_id: str, turn: int, calls: Sequence[ToolCall], verdicts: Verdicts, moment: Moment
) -> list[RunEvent]:
    """What is recorded of the calls' verdicts: matches, questions, agents called in; nothing twice."""
    events: list[RunEvent] = []
    for call in calls:
        approval_id = approval_id_of(agent_id, turn, call.call_id)
        for verdict in verdicts[call.call_id]:
            match = PolicyMatched(
                rule_id=verdict.rule_id,
                action=verdict.action,
                detail=f"{call.name}: {verdict.reason}"[:2000],
                agent_id=agent_id,
                turn=turn,
                call_id=call.call_id,
                approval_id=approval_id if verdict.action == "request_approval" else None,
            )
            events += _once(after(run, events), match, verdict, agent_id)
        asking = _asking(verdicts[call.call_id])
        if asking and approval_id not in run.approvals:
            events.append(_ask_about_call(approval_id, agent_id, turn, call, asking, moment))
    return events


def call_refusal(run: Run, agent_id: str, turn: int, call: ToolCall, verdicts: Sequence[Verdict]) -> ToolOutcome | None:
    """What the model is told instead of the call; None: it may be made, or a person has still to decide."""
    approval = run.approvals.get(approval_id_of(agent_id, turn, call.call_id))
    if approval is not None:
        return None if approval.pending else _as_decided(approval, call)
    if block := next((verdict for verdict in verdicts if verdict.action == "block"), None):
        return ToolOutcome(False, f"rule {block.rule_id} blocks this call: {block.reason}", "blocked_by_rule")
    return None


def judge_files(
    policy: Policy, run: Run, run_id: str, found: Iterable[tuple[FileGenerated, bytes]], moment: Moment
) -> JudgedFiles:
    """What becomes of files that an agent made; each comes with its first bytes."""
    judged = JudgedFiles()
    for made, head in found:
        agent = run.agents[made.agent_id]
        facts = FileFacts(
            run.client_id,
            run_id,
            made.agent_id,
            made.path,
            made.size_bytes,
            content_type(made.path, head),
            head,
            len(agent.generated) + len(judged.files),
            run.tokens,
            run.cost_usd,
        )
        judged = _with_file(judged, run, made, facts, policy.judge_file(facts), moment)
    return judged


def ask_about_failure(policy: Policy, run: Run, run_id: str, agent: Agent) -> Ask | None:
    """Whether a rule wants a person to decide on a failed agent."""
    asking = _asking(policy.judge_failure(_failure(run, run_id, agent)))
    if asking is None:
        return None
    why = agent.failed.message if agent.failed else asking.reason
    return Ask(f"agent {agent.spec.id!r} failed: {why}", asking.rule_id)


def called_in(policy: Policy, run: Run, run_id: str) -> list[RunEvent]:
    """Agents that rules call in because another failed, which the run then goes on without; once for each try."""
    if run.ended:
        return []
    events: list[RunEvent] = []
    for agent in [agent for agent in run.agents.values() if agent.status == "failed"]:
        assert agent.failed is not None
        for verdict in policy.judge_failure(_failure(run, run_id, agent)):
            match = PolicyMatched(
                rule_id=verdict.rule_id,
                action=verdict.action,
                detail=f"{agent.failed.code}: {verdict.reason}"[:2000],
                agent_id=agent.spec.id,
                turn=len(agent.turns),
                call_id=f"failure-{agent.attempt}",
            )
            events += _once(after(run, events), match, verdict, agent.spec.id)
        called = [event.child.id for event in events if isinstance(event, AgentDelegated)]
        if called:
            reason = f"{', '.join(called)} was called in for it"
            events.append(AgentSkipped(agent_id=agent.spec.id, reason=reason))
    return events


def _failure(run: Run, run_id: str, agent: Agent) -> FailureFacts:
    assert agent.failed is not None
    code, message = agent.failed.code, agent.failed.message
    return FailureFacts(run.client_id, run_id, agent.spec.id, code, message, agent.attempt, run.tokens, run.cost_usd)


def _with_file(
    judged: JudgedFiles, run: Run, made: FileGenerated, facts: FileFacts, verdicts: Sequence[Verdict], moment: Moment
) -> JudgedFiles:
    approval_id = approval_id_of(made.agent_id, made.turn, f"{made.path}/{made.sha256}")
    asking = _asking(verdicts)
    events: list[RunEvent] = []
    for verdict in verdicts:
        match = PolicyMatched(
            rule_id=verdict.rule_id,
            action=verdict.action,
            detail=f"{made.path} ({facts.content_type}): {verdict.reason}"[:2000],
            agent_id=made.agent_id,
            turn=made.turn,
            call_id=made.call_id,
            path=made.path,
            approval_id=approval_id if verdict.action == "request_approval" else None,
        )
        events += _once(after(run, [*judged.events, *events]), match, verdict, made.agent_id)
    if block := next((verdict for verdict in verdicts if verdict.action == "block"), None):
        note = f"{made.path}: blocked by rule {block.rule_id}: {block.reason}"
        return _more(judged, events, note, blocked=made.path)
    if asking is None:
        return _more(judged, events, None, made=made)
    if approval_id not in run.approvals:
        events.append(_ask_about_file(approval_id, made, facts, asking, moment))
    note = f"{made.path}: waits for a person ({asking.reason})"
    return _more(judged, events, note, made=made.model_copy(update={"held_by": approval_id}))


def _more(
    judged: JudgedFiles,
    events: Sequence[RunEvent],
    note: str | None,
    *,
    made: FileGenerated | None = None,
    blocked: str | None = None,
) -> JudgedFiles:
    return replace(
        judged,
        files=(*judged.files, *([made] if made else [])),
        events=(*judged.events, *events),
        blocked=(*judged.blocked, *([blocked] if blocked else [])),
        notes=(*judged.notes, *([note] if note else [])),
    )


def _once(run: Run, match: PolicyMatched, verdict: Verdict, agent_id: str) -> list[RunEvent]:
    if match_key(match) in run.matched:
        return []
    if verdict.action != "spawn_agent" or verdict.spawn is None:
        return [match]
    try:
        spawned = decide_change(run, agent_id, verdict.spawn, tools=KNOWN, rule_id=verdict.rule_id)
    except GraphRefused as refused:
        return [match.model_copy(update={"detail": f"{match.detail} — no agent was added: {refused.message}"[:3000]})]
    return [match, spawned]


def _asking(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The rule that wants a person to decide, unless another blocks."""
    if any(verdict.action == "block" for verdict in verdicts):
        return None
    return next((verdict for verdict in verdicts if verdict.action == "request_approval"), None)


def _as_decided(approval: Approval, call: ToolCall) -> ToolOutcome | None:
    exact = approval.request.sha256 == exact_hash({"name": call.name, "args": call.args})
    if approval.decision == "allow" and exact:
        return None
    if approval.decision == "allow":
        return ToolOutcome(False, "the approval was for another call; ask for this one.", "approval_mismatch")
    why = f": {approval.note}" if approval.note else "."
    return ToolOutcome(False, f"a person was asked and refused this call{why}", "denied")


def _ask_about_call(
    approval_id: str, agent_id: str, turn: int, call: ToolCall, verdict: Verdict, moment: Moment
) -> ApprovalRequested:
    return ApprovalRequested(
        approval_id=approval_id,
        agent_id=agent_id,
        reason=verdict.reason[:2000],
        subject={"tool": call.name, "args": cut_for_people(call.args)},
        kind="tool_call",
        batch=f"{agent_id}-{turn}",
        sha256=exact_hash({"name": call.name, "args": call.args}),
        turn=turn,
        call_id=call.call_id,
        rule_id=verdict.rule_id,
        expires_at=moment.now + moment.within,
    )


def _ask_about_file(
    approval_id: str, made: FileGenerated, facts: FileFacts, verdict: Verdict, moment: Moment
) -> ApprovalRequested:
    return ApprovalRequested(
        approval_id=approval_id,
        agent_id=made.agent_id,
        reason=verdict.reason[:2000],
        subject={"path": made.path, "size_bytes": made.size_bytes, "content_type": facts.content_type},
        kind="file",
        batch=f"{made.agent_id}-{made.turn}",
        sha256=made.sha256,
        turn=made.turn,
        call_id=made.call_id,
        path=made.path,
        rule_id=verdict.rule_id,
        expires_at=moment.now + moment.within,
    )


def after(run: Run, events: Sequence[RunEvent]) -> Run:
    """The run as these events would leave it, so that the next decision of the same batch counts on them."""
    for data in events:
        run = evolve(run, new_event(run.client_id, "pending", data, _PENDING))
    return run
