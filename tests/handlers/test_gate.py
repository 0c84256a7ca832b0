"""Verdicts of rules become refusals, questions and agents, each once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from raro.agents.policy.facts import CallFacts, FailureFacts, FileFacts, Verdict
from raro.domain.delegation import Delegate
from raro.domain.run import Run, evolve
from raro.events.catalogue import (
    AgentDelegated,
    AgentFailed,
    AgentScheduled,
    AgentSkipped,
    AgentStarted,
    AgentTurnCompleted,
    ApprovalDenied,
    ApprovalGranted,
    ApprovalRequested,
    EventData,
    FileGenerated,
    PolicyMatched,
    RunEvent,
    SessionPrepared,
    Started,
)
from raro.events.shapes import AgentSpec, ToolCall, WorkflowConfig
from raro.handlers.gate import (
    Moment,
    ask_about_failure,
    call_events,
    call_refusal,
    called_in,
    judge_calls,
    judge_files,
)
from tests.given import at, fold

MOMENT = Moment(at(50), timedelta(minutes=5))
BLOCK = Verdict("no-sudo", "block", "sudo is not for agents")
ASK = Verdict("big-spender", "request_approval", "this costs a lot")
SPAWN = Verdict("second-look", "spawn_agent", "somebody checks", Delegate("analyze_check", "check it", "sibling"))
CALLS = (ToolCall(call_id="a", name="execute_python", args={"code": "1"}), ToolCall(call_id="b", name="list_files"))
BEGUN: tuple[EventData, ...] = (
    Started(workflow=WorkflowConfig(agents=(AgentSpec(id="one"),)), retention_days=7),
    SessionPrepared(inputs=0, size_bytes=0, linked=True, sandbox="shim"),
    AgentScheduled(agent_id="one"),
    AgentStarted(agent_id="one", epoch=1, model="m", worker="w"),
    AgentTurnCompleted(agent_id="one", turn=1, model="m", tool_calls=CALLS, tokens_in=7, cost_usd=0.5),
)


@dataclass
class Says:
    """Rules that say the same of everything, and remember what they were asked."""

    verdicts: tuple[Verdict, ...]
    facts: list[object] = field(default_factory=list)

    def judge_call(self, facts: CallFacts) -> tuple[Verdict, ...]:
        self.facts.append(facts)
        return self.verdicts if facts.tool == "execute_python" else ()

    def judge_file(self, facts: FileFacts) -> tuple[Verdict, ...]:
        self.facts.append(facts)
        return self.verdicts

    def judge_failure(self, facts: FailureFacts) -> tuple[Verdict, ...]:
        self.facts.append(facts)
        return self.verdicts


def run_after(*more: EventData) -> Run:
    return fold(Run(), evolve, [*BEGUN, *more])


def at_the_gate(run: Run, policy: Says) -> tuple[list[RunEvent], dict[str, str | None]]:
    """What is recorded of the turn's calls, and the code of each refusal after it was."""
    verdicts = judge_calls(policy, run, "run_1", "one", 1, CALLS)
    events = call_events(run, "one", 1, CALLS, verdicts, MOMENT)
    after = fold(run, evolve, events)
    refusals = {call.call_id: call_refusal(after, "one", 1, call, verdicts[call.call_id]) for call in CALLS}
    return events, {call_id: outcome.code if outcome else None for call_id, outcome in refusals.items()}


def test_a_blocked_call_is_refused_and_its_rule_recorded() -> None:
    events, refusals = at_the_gate(run_after(), Says((BLOCK, ASK)))
    assert [getattr(event, "rule_id", None) for event in events] == ["no-sudo", "big-spender"]
    assert all(isinstance(event, PolicyMatched) for event in events)
    assert refusals == {"a": "blocked_by_rule", "b": None}


def test_rules_know_what_the_run_has_cost_so_far() -> None:
    policy = Says(())
    at_the_gate(run_after(), policy)
    first = policy.facts[0]
    assert isinstance(first, CallFacts)
    assert (first.client_id, first.tokens, first.cost_usd, first.calls_before) == ("acme", 7, 0.5, 0)


def test_a_question_is_asked_once_and_its_answer_counts() -> None:
    run = run_after()
    (match, question), refusals = at_the_gate(run, Says((ASK,)))
    assert isinstance(match, PolicyMatched)
    assert isinstance(question, ApprovalRequested)
    assert (question.call_id, question.batch, question.expires_at) == ("a", "one-1", at(50 + 300))
    assert refusals == {"a": None, "b": None}
    asked = fold(run, evolve, [match, question])
    assert at_the_gate(asked, Says((ASK,)))[0] == []
    allowed = fold(asked, evolve, [ApprovalGranted(approval_id=question.approval_id)])
    assert at_the_gate(allowed, Says((ASK,))) == ([], {"a": None, "b": None})
    denied = fold(asked, evolve, [ApprovalDenied(approval_id=question.approval_id, note="too dear")])
    assert at_the_gate(denied, Says((ASK,))) == ([], {"a": "denied", "b": None})


def test_an_approval_of_one_call_is_none_for_another() -> None:
    run = run_after()
    events, _ = at_the_gate(run, Says((ASK,)))
    question = next(event for event in events if isinstance(event, ApprovalRequested))
    allowed = fold(run, evolve, [*events, ApprovalGranted(approval_id=question.approval_id)])
    other = CALLS[0].model_copy(update={"args": {"code": "2"}})
    refused = call_refusal(allowed, "one", 1, other, (ASK,))
    assert refused is not None
    assert refused.code == "approval_mismatch"


def test_a_rule_calls_in_an_agent_once_for_a_call() -> None:
    run = run_after()
    events, refusals = at_the_gate(run, Says((SPAWN,)))
    assert [type(event) for event in events] == [PolicyMatched, AgentDelegated]
    assert refusals == {"a": None, "b": None}
    assert at_the_gate(fold(run, evolve, events), Says((SPAWN,)))[0] == []


def made(path: str) -> tuple[FileGenerated, bytes]:
    return FileGenerated(agent_id="one", path=path, sha256="a" * 64, size_bytes=3, turn=1, call_id="a"), b"MZ\x90"


def test_a_blocked_file_is_not_among_those_to_record() -> None:
    judged = judge_files(Says((BLOCK,)), run_after(), "run_1", [made("x.csv")], MOMENT)
    assert (judged.files, judged.blocked) == ((), ("x.csv",))
    assert [type(event) for event in judged.events] == [PolicyMatched]
    assert "no-sudo" in judged.notes[0]


def test_a_file_that_a_person_must_allow_is_recorded_as_held() -> None:
    judged = judge_files(Says((ASK,)), run_after(), "run_1", [made("x.csv"), made("y.csv")], MOMENT)
    questions = [event for event in judged.events if isinstance(event, ApprovalRequested)]
    assert [file.held_by for file in judged.files] == [question.approval_id for question in questions]
    assert {question.sha256 for question in questions} == {"a" * 64}


def test_a_failure_is_asked_about_when_a_rule_wants_it() -> None:
    run = run_after(AgentFailed(agent_id="one", code="model_error", message="it broke"))
    ask = ask_about_failure(Says((ASK,)), run, "run_1", run.agents["one"])
    assert ask is not None
    assert ask.rule_id == "big-spender"
    assert ask_about_failure(Says((SPAWN,)), run, "run_1", run.agents["one"]) is None


def test_an_agent_called_in_for_a_failed_one_takes_its_place_once() -> None:
    run = run_after(AgentFailed(agent_id="one", code="model_error", message="it broke"))
    events = called_in(Says((SPAWN,)), run, "run_1")
    assert [type(event) for event in events] == [PolicyMatched, AgentDelegated, AgentSkipped]
    assert called_in(Says((SPAWN,)), fold(run, evolve, events), "run_1") == []
