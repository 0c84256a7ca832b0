"""The rules for agents over HTTP. They are the whole machine's, whoever asks."""

from __future__ import annotations

from typing import Any, TypedDict, cast

from raro.client.rows import Done
from raro.client.transport import Transport, segment


class RuleFault(TypedDict):
    """A mistake in a rules file and its line, counted from 1."""

    message: str
    line: int | None


class Rule(TypedDict):
    """A rule, where it comes from, and whether it applies."""

    id: str
    description: str
    trigger: str
    when: dict[str, Any]
    unless: dict[str, Any] | None
    action: str
    reason: str
    spawn: dict[str, Any] | None
    source: str
    active: bool


class Proposal(TypedDict):
    """A rule that waits for a person."""

    proposal_id: str
    sentence: str
    toml: str
    proposed_by: str
    proposed_at: str


class PolicyState(TypedDict):
    """The rules in force, what waits for a decision, and what is wrong with the file."""

    path: str
    sha256: str
    text: str
    text_sha256: str
    rules: list[Rule]
    proposals: list[Proposal]
    changes: list[dict[str, Any]]
    fault: RuleFault | None
    faults: list[RuleFault]
    can_propose: bool


class ProposalMade(Done):
    """A rule was made of a sentence; it is not in force."""

    proposal_id: str
    sentence: str
    toml: str


class Policy:
    """What a person may do with the rules."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self) -> PolicyState:
        """Rules, proposals, changes, faults."""
        return cast(PolicyState, await self._transport.call("GET", "/runtime/policy"))

    async def propose(self, sentence: str) -> ProposalMade:
        """Have a language model write a rule. Raises ModelNeeded, ModelUnavailable, NoRuleMade."""
        body = {"sentence": sentence}
        return cast(ProposalMade, await self._transport.call("POST", "/runtime/policy/compile", body=body))

    async def accept(self, proposal_id: str, reason: str = "") -> Done:
        """Put a proposed rule into force. Raises ProposalNotFound, WrongState, BadRules."""
        return await self._decide(proposal_id, "accept", reason)

    async def reject(self, proposal_id: str, reason: str = "") -> Done:
        """Decide against a proposed rule. Raises ProposalNotFound, WrongState."""
        return await self._decide(proposal_id, "reject", reason)

    async def put(self, toml: str, reason: str = "", *, text_sha256: str | None = None) -> Done:
        """Put a whole text in the rules file's place. Raises BadRules, WrongState."""
        body = {"toml": toml, "reason": reason, "text_sha256": text_sha256}
        return cast(Done, await self._transport.call("PUT", "/runtime/policy/rules", body=body))

    async def remove(self, rule_id: str, reason: str = "") -> Done:
        """Take a rule out, or switch a default rule off. Raises RuleNotFound, WrongState."""
        path = f"/runtime/policy/rules/{segment(rule_id)}"
        return cast(Done, await self._transport.call("DELETE", path, params={"reason": reason or None}))

    async def restore(self, rule_id: str, reason: str = "") -> Done:
        """Switch a default rule on again. Raises RuleNotFound, WrongState."""
        path = f"/runtime/policy/rules/{segment(rule_id)}/restore"
        return cast(Done, await self._transport.call("POST", path, body={"reason": reason}))

    async def _decide(self, proposal_id: str, verb: str, reason: str) -> Done:
        path = f"/runtime/policy/proposals/{segment(proposal_id)}/{verb}"
        return cast(Done, await self._transport.call("POST", path, body={"reason": reason}))
