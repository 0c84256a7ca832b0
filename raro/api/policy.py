"""/runtime/policy: the rules in force, proposals, changes, and trying rules out. Rules are the whole machine's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from raro.agents.policy.book import RuleBook, Standing
from raro.agents.policy.facts import CallFacts, FailureFacts, FileFacts, Verdict
from raro.agents.policy.proposing import MAX_SENTENCE, checked_rule
from raro.agents.policy.reading import MAX_FILE_BYTES, ListedRule, faults_of, parsed_file
from raro.agents.policy.rule_file import RuleEntry
from raro.agents.policy.rules import rules_of, strongest
from raro.api import policy_answers as answers
from raro.api.answers import Done as DoneAnswer
from raro.api.problems import DOCUMENTED
from raro.api.services import Services
from raro.api.session import CallerIs, ServicesAre
from raro.commands.policy import text_sha256
from raro.domain.rule_history import Change, Proposal, RuleHistory
from raro.errors import BadRules
from raro.events.envelope import rfc3339
from raro.files.content_types import HEAD_BYTES, content_type

router = APIRouter(prefix="/runtime/policy", tags=["policy"], responses=DOCUMENTED)
Why = Annotated[str, Field(max_length=2000, description="why, for the record")]


class Sentence(BaseModel):
    """What a rule is wanted for, in plain words."""

    sentence: str = Field(
        min_length=1, max_length=MAX_SENTENCE, pattern=r"\S", examples=["Ask me before a file over 10 MB is kept"]
    )


class Toml(BaseModel):
    """A whole rules file."""

    toml: str = Field(max_length=MAX_FILE_BYTES, examples=['switched_off = ["ask-on-failure"]'])


class NewRules(Toml):
    """A whole rules file to put in the place of the one there is."""

    reason: Why = ""
    text_sha256: str | None = Field(default=None, description="that of the text it was made from; no check when absent")


class Decided(BaseModel):
    """Why, for the record."""

    reason: Why = ""


class Situation(BaseModel):
    """Something that rules could mind: a call, a file or a failure, and what has happened before it."""

    trigger: Literal["ToolCall", "FileGenerated", "AgentFailed"]
    toml: str | None = Field(
        default=None, max_length=MAX_FILE_BYTES, description="rules to try; default: those in force"
    )
    agent: str = Field(default="coder_it", max_length=64)
    tokens: int = Field(default=0, ge=0)
    cost_usd: float = Field(default=0, ge=0)
    before: int = Field(default=0, ge=0, description="calls or files before this one, or earlier tries")
    tool: str = Field(default="", max_length=200)
    args: dict[str, Any] = {}
    path: str = Field(default="", max_length=4096)
    content: str = Field(default="", max_length=HEAD_BYTES, description="how the file begins")
    size_bytes: int | None = Field(default=None, ge=0)
    code: str = Field(default="", max_length=200)
    message: str = Field(default="", max_length=2000)


@router.get("", operation_id="get_policy", response_model=answers.PolicyState)
async def get_policy(services: ServicesAre) -> Any:
    """The rules in force, what waits for a decision, the last changes, and the file's mistakes."""
    history = await services.policy.history()
    body = await asyncio.to_thread(_state, services.policy.book, history)
    return JSONResponse({**body, "can_propose": services.policy.can_propose})


@router.post("/compile", operation_id="compile_rule", response_model=answers.ProposalMade, status_code=201)
async def compile_rule(body: Sentence, caller: CallerIs, services: ServicesAre) -> Any:
    """Make a rule of a sentence. It is proposed, and in force only when a person accepts it."""
    made = await services.policy.propose(caller, body.sentence)
    answer = {"proposal_id": made.proposal_id, "sentence": made.sentence, "toml": made.toml}
    return _done(services, made.seq, status=201, **answer)


@router.post("/proposals/{proposal_id}/accept", operation_id="accept_rule", response_model=DoneAnswer)
async def accept_rule(
    proposal_id: str, caller: CallerIs, services: ServicesAre, body: Decided | None = None
) -> Response:
    """Put a proposed rule into force."""
    done = await services.policy.accept(caller, proposal_id, body.reason if body else "")
    return _done(services, done.seq)


@router.post("/proposals/{proposal_id}/reject", operation_id="reject_rule", response_model=DoneAnswer)
async def reject_rule(
    proposal_id: str, caller: CallerIs, services: ServicesAre, body: Decided | None = None
) -> Response:
    """Decide against a proposed rule."""
    done = await services.policy.reject(caller, proposal_id, body.reason if body else "")
    return _done(services, done.seq)


@router.put("/rules", operation_id="put_rules", response_model=DoneAnswer)
async def put_rules(body: NewRules, caller: CallerIs, services: ServicesAre) -> Response:
    """Put a whole text in the rules file's place; nothing changes when it has a mistake."""
    done = await services.policy.replace(caller, body.toml, body.reason, sha256=body.text_sha256)
    return _done(services, done.seq)


@router.delete("/rules/{rule_id}", operation_id="delete_rule", response_model=DoneAnswer)
async def delete_rule(
    rule_id: str,
    caller: CallerIs,
    services: ServicesAre,
    reason: Annotated[str, Query(max_length=2000, description="why, for the record")] = "",
) -> Response:
    """Take a rule out of the file, or switch a default rule off."""
    return _done(services, (await services.policy.remove(caller, rule_id, reason)).seq)


@router.post("/rules/{rule_id}/restore", operation_id="restore_rule", response_model=DoneAnswer)
async def restore_rule(rule_id: str, caller: CallerIs, services: ServicesAre, body: Decided | None = None) -> Response:
    """Switch a default rule on again."""
    done = await services.policy.restore(caller, rule_id, body.reason if body else "")
    return _done(services, done.seq)


@router.post("/check", operation_id="check_rules", response_model=answers.PolicyCheck)
async def check_rules(body: Toml, services: ServicesAre) -> Any:
    """Whether a text could be taken, and every mistake with its line; nothing changes."""
    try:
        rules = await asyncio.to_thread(rules_of, body.toml)
    except BadRules as bad:
        return JSONResponse({"ok": False, "faults": [asdict(fault) for fault in faults_of(bad)], "rules": []})
    return JSONResponse({"ok": True, "faults": [], "rules": [_rule_row(rule) for rule in rules.listed]})


@router.post("/try", operation_id="try_rules", response_model=answers.PolicyTrial)
async def try_rules(body: Situation, services: ServicesAre) -> Any:
    """What the rules, or those of a text, would want of a call, a file or a failure; nothing happens."""
    verdicts = await asyncio.to_thread(_judged, services.policy.book, body)
    decision = strongest(verdicts)
    rows = [asdict(verdict) for verdict in verdicts]
    return JSONResponse({"verdicts": rows, "decision": asdict(decision) if decision else None})


def _state(book: RuleBook, history: RuleHistory) -> dict[str, Any]:
    standing = book.standing()
    faults = [asdict(fault) for fault in standing.faults]
    return {
        "path": str(book.path.absolute()),
        "sha256": standing.rules.sha256,
        "text": standing.file_text,
        "text_sha256": text_sha256(standing.file_text),
        "rules": [_rule_row(rule) for rule in standing.rules.listed],
        "proposals": [_proposal_row(proposal, standing) for proposal in history.pending],
        "changes": [_change_row(change) for change in reversed(history.changes)],
        "fault": faults[0] if faults else None,
        "faults": faults,
    }


def _judged(book: RuleBook, given: Situation) -> Sequence[Verdict]:
    rules = book.current() if given.toml is None else rules_of(given.toml)
    match given.trigger:
        case "ToolCall":
            return rules.judge_call(
                CallFacts("", "", given.agent, given.tool, given.args, 1, given.before, given.tokens, given.cost_usd)
            )
        case "FileGenerated":
            head = given.content.encode()
            size = len(head) if given.size_bytes is None else given.size_bytes
            kind = content_type(given.path, head)
            return rules.judge_file(
                FileFacts("", "", given.agent, given.path, size, kind, head, given.before, given.tokens, given.cost_usd)
            )
        case "AgentFailed":
            return rules.judge_failure(
                FailureFacts(
                    "", "", given.agent, given.code, given.message, given.before + 1, given.tokens, given.cost_usd
                )
            )


def _rule_row(rule: ListedRule) -> dict[str, Any]:
    return {**_entry_row(rule.entry), "source": rule.source, "active": rule.active}


def _entry_row(entry: RuleEntry) -> dict[str, Any]:
    written = entry.model_dump(mode="json", exclude_none=True)
    return {"unless": None, "spawn": None, **written}


def _proposal_row(proposal: Proposal, standing: Standing) -> dict[str, Any]:
    """The rule as it would be; the text in force may have changed since it was proposed, and so may the format."""
    proposed = proposal.proposed
    try:
        entry, faults = parsed_file(proposed.toml)[0].rule[0], []
        checked_rule(proposed.toml, standing.text)
    except BadRules as bad:
        entry, faults = None, [asdict(fault) for fault in faults_of(bad)]
    return {
        "proposal_id": proposed.proposal_id,
        "sentence": proposed.sentence,
        "toml": proposed.toml,
        "client_id": proposed.client_id,
        "proposed_by": proposal.actor,
        "proposed_at": rfc3339(proposal.at),
        "rule": {**_entry_row(entry), "source": "file", "active": False} if entry else None,
        "faults": faults,
    }


def _change_row(change: Change) -> dict[str, Any]:
    return {**change.changed.model_dump(mode="json"), "actor": change.actor, "time": rfc3339(change.at)}


def _done(services: Services, seq: int, *, status: int = 200, **more: Any) -> Response:
    services.acknowledge(seq)
    return JSONResponse({"success": True, "seq": seq, **more}, status, headers={"Raro-Seq": str(seq)})
