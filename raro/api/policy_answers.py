"""The JSON of answers on rules, as models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from raro.agents.policy.facts import Action
from raro.agents.policy.rule_file import Trigger
from raro.api.answers import SHA, Answer, Done


class RuleRow(Answer):
    """A rule; `when`, `unless` and `spawn` are as the file has them, without what is not asked for."""

    id: str = Field(examples=["no-deletion"])
    description: str
    trigger: Trigger
    when: dict[str, Any] = Field(examples=[{"tool": ["execute_python"]}])
    unless: dict[str, Any] | None
    action: Action
    reason: str
    spawn: dict[str, Any] | None
    source: Literal["default", "file"]
    active: bool


class FaultRow(Answer):
    """A mistake and its line, counted from 1."""

    message: str
    line: int | None = Field(examples=[3])


class ProposalRow(Answer):
    """A rule that was made of a sentence and waits for a person."""

    proposal_id: str = Field(examples=["rule-0f1e2d3c4b5a6978"])
    sentence: str
    toml: str
    client_id: str
    proposed_by: str = Field(examples=["user:ada"])
    proposed_at: str = Field(examples=["2026-11-20T12:00:00.000Z"])
    rule: RuleRow | None = Field(description="the rule as it would be; none when it no longer fits")
    faults: list[FaultRow] = Field(description="why it no longer fits")


class ChangeRow(Answer):
    """A change of the rules in force."""

    sha256: str = Field(examples=[SHA])
    rules: list[str]
    reason: str
    proposal_id: str | None
    actor: str = Field(examples=["user:ada"])
    time: str = Field(examples=["2026-11-20T12:00:00.000Z"])


class PolicyState(Answer):
    """The rules in force, what waits for a decision, and what is wrong with the file."""

    path: str = Field(examples=["/srv/raro/rules.toml"])
    sha256: str = Field(description="names exactly the active rules", examples=[SHA])
    text: str = Field(description="the rules file as it is now")
    text_sha256: str = Field(description="send it with a new text, so that no other change is lost", examples=[SHA])
    rules: list[RuleRow]
    proposals: list[ProposalRow]
    changes: list[ChangeRow] = Field(description="the last 50, newest first")
    fault: FaultRow | None = Field(description="the file's first mistake: the rules are those from before it")
    faults: list[FaultRow]
    can_propose: bool = Field(description="whether a language model is there to make rules of sentences")


class ProposalMade(Done):
    """A rule was made of a sentence. It is not in force."""

    proposal_id: str
    sentence: str
    toml: str


class PolicyCheck(Answer):
    """What a text would do in the file's place."""

    ok: bool
    faults: list[FaultRow]
    rules: list[RuleRow]


class VerdictRow(Answer):
    """What a rule that matched wants."""

    rule_id: str
    action: Action
    reason: str
    spawn: dict[str, Any] | None


class PolicyTrial(Answer):
    """Every rule that would match, and the one that decides."""

    verdicts: list[VerdictRow]
    decision: VerdictRow | None
