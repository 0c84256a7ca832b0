"""What a person decides, and what follows from it, is one decision of the run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from raro.domain.approvals import cut_for_people, decide, decide_timeout, exact_hash
from raro.domain.run import Run, evolve
from raro.domain.schedule import Ask, Asking, next_events
from raro.errors import ApprovalNotFound, BadDecision, RunNotFound, WrongState
from raro.events.catalogue import (
    AgentFailed,
    AgentFinished,
    AgentScheduled,
    AgentSkipped,
    AgentStarted,
    AgentTurnCompleted,
    ApprovalDenied,
    ApprovalGranted,
    ApprovalRequested,
    Completed,
    EventData,
    Failed,
    FileGenerated,
    RunEvent,
    SessionPrepared,
    Started,
    Stopped,
)
from raro.events.shapes import AgentSpec, BlobRef, WorkflowConfig
from tests.given import Given, at, fold

SHA = "a" * 64
ASKING = Asking(lambda run, agent: Ask("it broke"), timedelta(hours=1))


def started(**workflow: Any) -> Started:
    agents = (AgentSpec(id="one"), AgentSpec(id="two", depends_on=("one",)))
    return Started(workflow=WorkflowConfig(agents=agents, **workflow), retention_days=7)


PREPARED = SessionPrepared(inputs=0, size_bytes=0, linked=True, sandbox="shim")
BEGUN: tuple[EventData, ...] = (
    started(),
    PREPARED,
    AgentScheduled(agent_id="one"),
    AgentStarted(agent_id="one", epoch=1, model="m", worker="w"),
    AgentTurnCompleted(agent_id="one", turn=1, model="m", text="hm"),
)
FAILED: tuple[EventData, ...] = (*BEGUN, AgentFailed(agent_id="one", code="model_error", message="it broke"))
CALL = ApprovalRequested(approval_id="call", agent_id="one", reason="why", batch="b")


def given(*history: EventData) -> Given[Run]:
    return Given(fold(Run(), evolve, history))


def follow(run: Run) -> list[RunEvent]:
    return next_events(run, at(100), ASKING)


def asked(*history: EventData) -> ApprovalRequested:
    (question,) = given(*history).when(follow).events
    assert isinstance(question, ApprovalRequested)
    return question


def test_a_failure_is_asked_about_once_and_the_run_goes_on_waiting() -> None:
    question = asked(*FAILED)
    assert (question.kind, question.options) == ("agent_failed", ("retry", "skip", "abort"))
    given(*FAILED, question).when(follow).then()


def test_a_run_that_is_to_fail_asks_nobody() -> None:
    history = (started(on_failure="fail"), *FAILED[1:])
    given(*history).when(follow).then(Failed(code="agent_model_error", reason="agent 'one' failed: it broke"))


def test_retry_schedules_the_agent_again_and_tells_it_why() -> None:
    question = asked(*FAILED)
    decided = given(*FAILED, question).when(
        lambda run: decide(run, "run_1", [question.approval_id], "retry", "use less")
    )
    granted, scheduled = decided.events
    assert isinstance(granted, ApprovalGranted)
    assert isinstance(scheduled, AgentScheduled)
    assert (granted.decision, scheduled.attempt) == ("retry", 2)
    assert "it broke" in scheduled.remark
    assert "use less" in scheduled.remark
    run = given(*FAILED, question, *decided.events).state
    assert run.agents["one"].turns[-1].remarks == (scheduled.remark,)
    assert (run.agents["one"].since, run.agents["one"].failed) == (1, None)


def test_a_second_failure_is_asked_about_anew() -> None:
    question = asked(*FAILED)
    again = given(*FAILED, question).when(lambda run: decide(run, "run_1", [question.approval_id], "retry"))
    failed = AgentFailed(agent_id="one", code="model_error", message="again")
    assert asked(*FAILED, question, *again.events, failed).approval_id != question.approval_id


def test_skip_leaves_those_behind_it_to_a_person_instead_of_inventing() -> None:
    question = asked(*FAILED)
    skipped = given(*FAILED, question).when(lambda run: decide(run, "run_1", [question.approval_id], "skip"))
    assert [type(event) for event in skipped.events] == [ApprovalGranted, AgentSkipped]
    history = (*FAILED, question, *skipped.events)
    nothing = asked(*history)
    assert (nothing.kind, nothing.agent_id, nothing.options) == ("no_upstream", "two", ("allow", "skip", "abort"))
    allowed = given(*history, nothing).when(lambda run: decide(run, "run_1", [nothing.approval_id], "allow"))
    assert allowed.events[1:] == [AgentScheduled(agent_id="two")]
    both = given(*history, nothing).when(lambda run: decide(run, "run_1", [nothing.approval_id], "skip"))
    given(*history, nothing, *both.events).when(follow).then(Completed())


def test_abort_and_silence_both_end_the_run() -> None:
    question = asked(*FAILED)
    aborted = given(*FAILED, question).when(lambda run: decide(run, "run_1", [question.approval_id], "abort", "enough"))
    silent = given(*FAILED, question).when(lambda run: decide_timeout(run, question.approval_id))
    for decided in (aborted, silent):
        denied, failed = decided.events
        assert isinstance(denied, ApprovalDenied)
        assert isinstance(failed, Failed)
        assert (denied.decision, failed.code) == ("abort", "agent_model_error")
    assert isinstance(silent.events[0], ApprovalDenied)
    assert silent.events[0].timed_out


def test_an_answer_without_data_from_upstream_asks_even_where_no_rule_does() -> None:
    failed = AgentFailed(agent_id="one", code="no_upstream", message="the ledger is empty")
    (question,) = given(*BEGUN, failed).when(lambda run: next_events(run, at(100))).events
    assert isinstance(question, ApprovalRequested)
    assert question.kind == "no_upstream"


def test_one_decision_counts_for_a_batch_and_the_first_one_only() -> None:
    other = CALL.model_copy(update={"approval_id": "other"})
    both = given(*BEGUN, CALL, other).when(lambda run: decide(run, "run_1", ["call", "other"], "allow"))
    assert [getattr(event, "approval_id", None) for event in both.events] == ["call", "other"]
    late = given(*BEGUN, CALL, *both.events[:1]).when(lambda run: decide(run, "run_1", ["call"], "deny"))
    late.fails(WrongState, "call", "allow")
    given(*BEGUN, CALL, *both.events[:1]).when(lambda run: decide_timeout(run, "call")).then()


def test_what_cannot_be_decided_is_refused_by_name() -> None:
    here = given(*BEGUN, CALL)
    here.when(lambda run: decide(run, "run_1", ["nothing"], "allow")).fails(ApprovalNotFound, "nothing")
    here.when(lambda run: decide(run, "run_1", ["call"], "retry")).fails(BadDecision, "allow, deny")
    here.when(lambda run: decide(run, "run_1", ["call"], "perhaps")).fails(BadDecision, "perhaps")
    given(*BEGUN, CALL, Stopped()).when(lambda run: decide(run, "run_1", ["call"], "allow")).fails(WrongState, "ended")
    given().when(lambda run: decide(run, "run_1", ["call"], "allow")).fails(RunNotFound, "run_1")


def test_a_held_file_is_kept_only_when_it_was_allowed_and_nobody_goes_on_before() -> None:
    made = FileGenerated(agent_id="one", path="x.bin", sha256=SHA, size_bytes=1, held_by="file")
    ask = ApprovalRequested(approval_id="file", agent_id="one", reason="binary", kind="file", path="x.bin")
    done = AgentFinished(agent_id="one", output=BlobRef(sha256=SHA, size_bytes=1))
    waiting = given(*BEGUN, ask, made, done)
    waiting.when(follow).then()
    assert not waiting.state.kept(made)
    allowed = given(*BEGUN, ask, made, done, ApprovalGranted(approval_id="file"))
    assert allowed.state.kept(made)
    assert list(allowed.state.unpromoted.values()) == [made]
    denied = given(*BEGUN, ask, made, done, ApprovalDenied(approval_id="file"))
    assert denied.state.unpromoted == {}
    denied.when(follow).then(AgentScheduled(agent_id="two"))


def test_an_approval_is_bound_to_the_exact_call_and_shows_a_cut_one() -> None:
    assert exact_hash({"a": 1, "b": 2}) == exact_hash({"b": 2, "a": 1}) != exact_hash({"a": 1, "b": 3})
    shown = cut_for_people({"code": "x" * 9000, "rows": list(range(9000)), "n": 1})
    assert len(str(shown)) < 9000
    assert shown["n"] == 1
