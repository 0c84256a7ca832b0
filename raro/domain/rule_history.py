"""The rules' history: what was proposed and decided, and every change of the rules in force, with who and why.

One history for the whole machine. What a rule says is the business of `raro.agents.policy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from raro.errors import ProposalNotFound, WrongState
from raro.events.catalogue import RuleProposed, RuleRejected, RulesChanged, SystemEvent
from raro.events.envelope import Event

AGGREGATE_ID = "rules"
MAX_CHANGES = 50
MAX_PENDING = 100
_MAX_DECIDED = 100


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule that was written from a sentence, and what became of it."""

    proposed: RuleProposed
    actor: str
    at: datetime
    status: Literal["pending", "accepted", "rejected"] = "pending"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the rules in force."""

    changed: RulesChanged
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RuleHistory:
    """Proposals by id, oldest first, and the last changes; `sha256` names the rules last recorded."""

    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()

    @property
    def sha256(self) -> str | None:
        """None when the rules were never changed."""
        return self.changes[-1].changed.sha256 if self.changes else None

    @property
    def pending(self) -> tuple[Proposal, ...]:
        """What waits for a decision, oldest first."""
        return tuple(one for one in self.proposals.values() if one.status == "pending")


def evolve(history: RuleHistory, event: Event) -> RuleHistory:
    """The history after one of its events."""
    match event.data:
        case RuleProposed() as proposed:
            made = {proposed.proposal_id: Proposal(proposed, event.actor, event.time)}
            return replace(history, proposals=_without_oldest({**history.proposals, **made}))
        case RuleRejected() as rejected:
            return _decided(history, rejected.proposal_id, "rejected")
        case RulesChanged() as changed:
            changes = (*history.changes, Change(changed, event.actor, event.time))[-MAX_CHANGES:]
            return _decided(replace(history, changes=changes), changed.proposal_id, "accepted")
        case _:
            return history


def decide_propose(history: RuleHistory, proposed: RuleProposed) -> Sequence[SystemEvent]:
    """Put it before a person. Raises WrongState when too many wait already."""
    if len(history.pending) >= MAX_PENDING:
        raise WrongState(f"{MAX_PENDING} proposed rules wait for a decision; accept or reject some of them first.")
    return [proposed]


def decide_accept(history: RuleHistory, proposal_id: str, changed: RulesChanged) -> Sequence[SystemEvent]:
    """The rule is in force from now on. Raises ProposalNotFound, WrongState when it was decided before."""
    pending_of(history, proposal_id)
    return [changed]


def decide_reject(history: RuleHistory, proposal_id: str, reason: str) -> Sequence[SystemEvent]:
    """The rule never comes into force. Raises ProposalNotFound, WrongState when it was decided before."""
    pending_of(history, proposal_id)
    return [RuleRejected(proposal_id=proposal_id, reason=reason)]


def decide_change(history: RuleHistory, changed: RulesChanged, defaults_sha256: str) -> Sequence[SystemEvent]:
    """The rules are these now; nothing when they were before. Rules never changed are the defaults."""
    return [] if changed.sha256 == (history.sha256 or defaults_sha256) else [changed]


def pending_of(history: RuleHistory, proposal_id: str) -> Proposal:
    """The proposal. Raises ProposalNotFound, WrongState when it was decided before."""
    proposal = history.proposals.get(proposal_id)
    if proposal is None:
        raise ProposalNotFound(
            f"there is no proposed rule {proposal_id[:80]!r}. See GET /runtime/policy.", proposal_id=proposal_id[:80]
        )
    if proposal.status != "pending":
        raise WrongState(f"proposed rule {proposal_id!r} was {proposal.status} already.", status=proposal.status)
    return proposal


def _decided(history: RuleHistory, proposal_id: str | None, status: Literal["accepted", "rejected"]) -> RuleHistory:
    proposal = history.proposals.get(proposal_id or "")
    if proposal is None:
        return history
    decided = {**history.proposals, proposal.proposed.proposal_id: replace(proposal, status=status)}
    return replace(history, proposals=decided)


def _without_oldest(proposals: dict[str, Proposal]) -> dict[str, Proposal]:
    """Without the oldest decided ones: the log keeps them, deciding needs them no more."""
    decided = [proposal_id for proposal_id, one in proposals.items() if one.status != "pending"]
    forgotten = set(decided[: max(0, len(decided) - _MAX_DECIDED)])
    return {proposal_id: one for proposal_id, one in proposals.items() if proposal_id not in forgotten}
