"""The rules' history: proposals are decided once, changes are recorded once."""

from __future__ import annotations

from raro.domain.rule_history import (
    MAX_CHANGES,
    MAX_PENDING,
    RuleHistory,
    decide_accept,
    decide_change,
    decide_propose,
    decide_reject,
    evolve,
)
from raro.errors import ProposalNotFound, WrongState
from raro.events.catalogue import EventData, RuleProposed, RuleRejected, RulesChanged
from tests.given import Given, fold

PROPOSED = RuleProposed(proposal_id="p", sentence="no exe", toml="[[rule]]", client_id="acme")
CHANGED = RulesChanged(sha256="1", rules=("a",), reason="why")
ACCEPTED = RulesChanged(sha256="2", rules=("a", "b"), proposal_id="p")
REJECTED = RuleRejected(proposal_id="p", reason="no")


def given(*history: EventData) -> Given[RuleHistory]:
    return Given(fold(RuleHistory(), evolve, history))


def test_a_proposal_is_put_before_a_person() -> None:
    given().when(lambda history: decide_propose(history, PROPOSED)).then(PROPOSED)


def test_too_many_proposals_wait() -> None:
    waiting = [PROPOSED.model_copy(update={"proposal_id": str(number)}) for number in range(MAX_PENDING)]
    given(*waiting).when(lambda history: decide_propose(history, PROPOSED)).fails(WrongState, "accept or reject")


def test_a_proposal_is_accepted_or_rejected() -> None:
    given(PROPOSED).when(lambda history: decide_accept(history, "p", ACCEPTED)).then(ACCEPTED)
    given(PROPOSED).when(lambda history: decide_reject(history, "p", "no")).then(REJECTED)


def test_a_proposal_is_decided_once() -> None:
    given(PROPOSED, ACCEPTED).when(lambda history: decide_reject(history, "p", "")).fails(
        WrongState, "accepted already"
    )
    given(PROPOSED, REJECTED).when(lambda history: decide_accept(history, "p", ACCEPTED)).fails(WrongState, "rejected")


def test_what_was_not_proposed_cannot_be_decided() -> None:
    given(CHANGED).when(lambda history: decide_accept(history, "p", ACCEPTED)).fails(ProposalNotFound, "'p'")


def test_rules_that_were_never_changed_are_the_defaults() -> None:
    given().when(lambda history: decide_change(history, CHANGED, "1")).then()
    given().when(lambda history: decide_change(history, CHANGED, "0")).then(CHANGED)


def test_a_change_is_recorded_once_and_again_when_it_is_undone() -> None:
    given(CHANGED).when(lambda history: decide_change(history, CHANGED, "0")).then()
    back = RulesChanged(sha256="0", rules=())
    given(CHANGED).when(lambda history: decide_change(history, back, "0")).then(back)


def test_decided_proposals_do_not_wait_and_the_last_changes_are_known() -> None:
    changes = [RulesChanged(sha256=str(number), rules=()) for number in range(MAX_CHANGES + 5)]
    state = given(PROPOSED, ACCEPTED, *changes).state
    assert state.pending == ()
    assert [change.changed for change in state.changes] == changes[5:]


def test_old_decided_proposals_are_forgotten_and_pending_ones_never() -> None:
    events: list[EventData] = [PROPOSED]
    for number in range(300):
        events.append(PROPOSED.model_copy(update={"proposal_id": f"d{number}"}))
        events.append(RuleRejected(proposal_id=f"d{number}"))
    proposals = given(*events).state.proposals
    assert len(proposals) < 110
    assert proposals["p"].status == "pending"
