"""What a run asks a person, and what follows from the answer.

A request names exactly what it is about (a call, a file version, an agent's failure); whatever follows from the
decision is appended in the same batch, so a crash cannot come between. Nobody deciding in time means no.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from raro.domain.agent import Agent
from raro.domain.run import Approval, Run
from raro.errors import ApprovalNotFound, BadDecision, RunNotFound, WrongState
from raro.events.catalogue import (
    AgentScheduled,
    AgentSkipped,
    ApprovalDenied,
    ApprovalGranted,
    ApprovalRequested,
    Decision,
    Failed,
    RunEvent,
)

DECISIONS: tuple[Decision, ...] = get_args(Decision)
_NO: Mapping[str, Decision] = {"tool_call": "deny", "file": "deny", "agent_failed": "abort", "no_upstream": "abort"}


def exact_hash(value: object) -> str:
    """What binds an approval to one call and no other: SHA-256 of its canonical JSON."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def decide(run: Run, run_id: str, approval_ids: Sequence[str], decision: str, note: str = "") -> list[RunEvent]:
    """The same decision on one or more requests.

    Raises RunNotFound, ApprovalNotFound, BadDecision when a request does not offer it, WrongState when somebody was
    first or the run has ended.
    """
    if run.status == "missing":
        raise RunNotFound(f"there is no run {run_id!r}. See `raro runs`.", run_id=run_id)
    chosen = next((known for known in DECISIONS if known == decision), None)
    if chosen is None:
        raise BadDecision(f"{decision!r} is no decision; there are: {', '.join(DECISIONS)}.", decision=decision)
    events: list[RunEvent] = []
    for approval_id in dict.fromkeys(approval_ids):
        approval = _open(run, run_id, approval_id, chosen)
        events += _decided(run, approval.request, chosen, note)
    return events


def decide_timeout(run: Run, approval_id: str) -> list[RunEvent]:
    """Refuse what nobody decided; nothing when somebody did or the run is over."""
    approval = run.approvals.get(approval_id)
    if approval is None or not approval.pending or run.ended:
        return []
    return _decided(run, approval.request, _NO[approval.request.kind], "nobody decided in time", timed_out=True)


def retry_remark(agent: Agent, note: str) -> str:
    """What the model is told before another try."""
    failure = agent.failed.message if agent.failed else "it did not finish"
    asked = f" They say: {note}" if note else ""
    return f"This did not work: {failure}\nA person asks you to try again.{asked}"


def _open(run: Run, run_id: str, approval_id: str, decision: Decision) -> Approval:
    approval = run.approvals.get(approval_id)
    if approval is None:
        raise ApprovalNotFound(f"run {run_id} asked for no approval {approval_id!r}.", approval_id=approval_id)
    if not approval.pending:
        raise WrongState(
            f"approval {approval_id} was decided already: {approval.decision}.",
            approval_id=approval_id,
            decision=approval.decision,
        )
    if run.ended:
        raise WrongState(f"run {run_id} has ended already ({run.status}).", run_id=run_id, status=run.status)
    if decision not in approval.request.options:
        options = ", ".join(approval.request.options)
        raise BadDecision(f"approval {approval_id} cannot be answered with {decision!r}; choose one of: {options}.")
    return approval


def _decided(
    run: Run, request: ApprovalRequested, decision: Decision, note: str, *, timed_out: bool = False
) -> list[RunEvent]:
    approval_id = request.approval_id
    if decision == "allow" or decision == "retry" or decision == "skip":
        granted = ApprovalGranted(approval_id=approval_id, note=note, decision=decision)
        return [granted, *_granted(run, request, decision, note)]
    denied = ApprovalDenied(approval_id=approval_id, note=note, decision=decision, timed_out=timed_out)
    return [denied, *([_aborted(run, request, note)] if decision == "abort" else [])]


def _granted(run: Run, request: ApprovalRequested, decision: Decision, note: str) -> list[RunEvent]:
    agent = run.agents.get(request.agent_id)
    if agent is None or request.kind not in ("agent_failed", "no_upstream"):
        return []
    if decision == "skip":
        return [AgentSkipped(agent_id=request.agent_id, reason=note or request.reason[:1000])]
    if agent.status == "idle":
        return [AgentScheduled(agent_id=request.agent_id)]
    remark = retry_remark(agent, note)[:8000]
    return [AgentScheduled(agent_id=request.agent_id, attempt=agent.attempt + 1, remark=remark)]


def _aborted(run: Run, request: ApprovalRequested, note: str) -> Failed:
    agent = run.agents.get(request.agent_id)
    failure = agent.failed if agent else None
    code = f"agent_{failure.code}" if failure else request.kind
    said = f" ({note})" if note else ""
    return Failed(code=code, reason=f"aborted{said}: {request.reason}"[:4000])


def cut_for_people(value: Mapping[str, Any], limit_chars: int = 4000) -> dict[str, Any]:
    """A call's arguments, cut so that a request stays a small event; the hash binds the whole."""
    shown = {str(key)[:100]: _cut(item, limit_chars) for key, item in list(value.items())[:8]}
    if len(value) > len(shown):
        shown["…"] = f"{len(value) - len(shown):,} more arguments"
    return shown


def _cut(item: Any, limit_chars: int) -> Any:
    text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
    if len(text) <= limit_chars:
        return item
    return f"{text[:limit_chars]}… [{len(text) - limit_chars:,} more characters]"
