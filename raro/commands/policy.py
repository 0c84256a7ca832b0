"""Commands on the rules: propose, accept, reject, replace, remove, restore. Each leaves an event with actor and reason.

The rules belong to the machine, not to a client; there is one file and one history. A change of the file is recorded
first and made then, in one step that does not fail once the bytes are on disk; what was edited by hand is noticed and
recorded by `note_edits`, which also puts right what a crash between the two left.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from raro.agents.asking import Asker
from raro.agents.policy.book import RuleBook, Standing
from raro.agents.policy.editing import with_rule, with_switched_off, with_switched_on, without_rule
from raro.agents.policy.proposing import rule_from
from raro.agents.policy.reading import ListedRule
from raro.agents.policy.rules import Rules, rules_of
from raro.commands.aggregates import Aggregates, Appended, Caller
from raro.commands.library import Done
from raro.domain import rule_history
from raro.domain.rule_history import AGGREGATE_ID, RuleHistory
from raro.errors import ModelNeeded, RuleNotFound, WrongState
from raro.events.catalogue import RuleProposed, RulesChanged, SystemEvent
from raro.events.envelope import Cause
from raro.events.log import EventLog
from raro.events.subjects import SYSTEM_CLIENT

_Decide = Callable[[RuleHistory], Sequence[SystemEvent]]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A rule that waits for a person."""

    seq: int
    proposal_id: str
    sentence: str
    toml: str


def no_asker() -> Asker | None:
    """There is no language model."""
    return None


def rule_histories(log: EventLog) -> Aggregates[RuleHistory]:
    """The one history of the rules."""
    return Aggregates(log, "system", RuleHistory(), rule_history.evolve)


class PolicyCommands:
    """What a person may do with the rules. `asker` gives the language model, None when no key is set."""

    def __init__(
        self, histories: Aggregates[RuleHistory], book: RuleBook, asker: Callable[[], Asker | None] = no_asker
    ) -> None:
        self.book = book
        self._histories = histories
        self._asker = asker
        # The file and its event are changed together, one after the other.
        self._changing = asyncio.Lock()

    @property
    def can_propose(self) -> bool:
        """Whether there is a language model to make rules of sentences."""
        return self._asker() is not None

    async def history(self) -> RuleHistory:
        """What was proposed, decided and changed."""
        return (await self._histories.load(SYSTEM_CLIENT, AGGREGATE_ID)).state

    async def propose(self, caller: Caller, sentence: str) -> Proposed:
        """Make a rule of a sentence and put it before a person; it is not in force.

        Raises ModelNeeded without a model, ModelUnavailable, NoRuleMade, WrongState when too many wait already.
        """
        cause = _cause(caller, f"propose {hashlib.sha256(sentence.encode()).hexdigest()}")
        loaded = await self._histories.load(SYSTEM_CLIENT, AGGREGATE_ID)
        appended = loaded.done(cause)
        if appended is None:
            asker = self._asker()
            if asker is None:
                raise ModelNeeded(
                    "a language model makes rules of sentences, and no key for one is set. Set GEMINI_API_KEY, or "
                    "write the rule yourself (docs/rules.md)."
                )
            standing = await self._standing()
            toml = await rule_from(asker, sentence, standing.text)
            proposal_id = f"rule-{uuid5(NAMESPACE_URL, cause.id).hex[:16]}"
            proposed = RuleProposed(proposal_id=proposal_id, sentence=sentence, toml=toml, client_id=caller.client_id)
            appended = await self._execute(cause, lambda history: rule_history.decide_propose(history, proposed))
        data = appended.events[0].data
        assert isinstance(data, RuleProposed)
        return Proposed(appended.seq, data.proposal_id, data.sentence, data.toml)

    async def accept(self, caller: Caller, proposal_id: str, reason: str = "") -> Done:
        """Put a proposed rule into force. Raises ProposalNotFound, WrongState, BadRules when it no longer fits."""
        cause = _cause(caller, f"accept {proposal_id}")

        def text_with(history: RuleHistory, standing: Standing) -> str:
            proposed = rule_history.pending_of(history, proposal_id).proposed
            remark = f"{proposed.sentence} ({proposal_id}, accepted by {caller.actor})"
            return with_rule(standing.text, proposed.toml, remark)

        return await self._change(cause, text_with, reason, proposal_id=proposal_id)

    async def reject(self, caller: Caller, proposal_id: str, reason: str = "") -> Done:
        """Decide against a proposed rule. Raises ProposalNotFound, WrongState."""
        cause = _cause(caller, f"reject {proposal_id}")
        appended = await self._execute(cause, lambda history: rule_history.decide_reject(history, proposal_id, reason))
        return Done(appended.seq)

    async def replace(self, caller: Caller, text: str, reason: str = "", *, sha256: str | None = None) -> Done:
        """Put a whole text in the file's place; `sha256` is that of the text it was made from.

        Raises BadRules with every mistake's line, WrongState when the file is another by now.
        """
        cause = _cause(caller, f"replace {hashlib.sha256(text.encode(errors='replace')).hexdigest()}")

        def text_instead(history: RuleHistory, standing: Standing) -> str:
            if sha256 is not None and sha256 != text_sha256(standing.file_text):
                raise WrongState("the rules were changed since you read them; read them again and repeat your change.")
            return text

        return await self._change(cause, text_instead, reason, mends=True)

    async def remove(self, caller: Caller, rule_id: str, reason: str = "") -> Done:
        """Take a rule out of the file, or switch a default rule off. Raises RuleNotFound, WrongState, BadRules."""
        cause = _cause(caller, f"remove {rule_id}")

        def text_without(history: RuleHistory, standing: Standing) -> str:
            rule = _rule_of(standing, rule_id)
            if not rule.active:
                raise WrongState(f"rule {rule_id!r} is switched off already.")
            change = with_switched_off if rule.source == "default" else without_rule
            return change(standing.text, rule_id)

        return await self._change(cause, text_without, reason)

    async def restore(self, caller: Caller, rule_id: str, reason: str = "") -> Done:
        """Switch a default rule on again. Raises RuleNotFound, WrongState, BadRules."""
        cause = _cause(caller, f"restore {rule_id}")

        def text_with(history: RuleHistory, standing: Standing) -> str:
            if _rule_of(standing, rule_id).active:
                raise WrongState(f"rule {rule_id!r} is switched on already.")
            return with_switched_on(standing.text, rule_id)

        return await self._change(cause, text_with, reason)

    async def note_edits(self) -> int | None:
        """Record a change that nobody commanded: the file was edited, or its rules came with a new version of RARO.

        The sequence of the event, None when the rules are those last recorded.
        """
        async with self._changing:
            standing = await self._standing()
            if standing.faults:
                return None
            reason = f"{self.book.path.name} was edited"
            cause = Caller(SYSTEM_CLIENT, "system").cause("note rules")
            changed = _changed(standing.rules, reason)
            appended = await self._execute(
                cause, lambda history: rule_history.decide_change(history, changed, rules_of("").sha256)
            )
            return appended.seq if appended.events else None

    async def watch(self, every_s: float) -> None:
        """Take and record what is edited by hand, for ever."""
        while True:
            await self.note_edits()
            await asyncio.sleep(every_s)

    async def _change(
        self,
        cause: Cause,
        text_of: Callable[[RuleHistory, Standing], str],
        reason: str,
        *,
        proposal_id: str | None = None,
        mends: bool = False,
    ) -> Done:
        """Write the text beside the file, record the change, put it in place; `mends` whatever stands there now."""
        async with self._changing:
            loaded = await self._histories.load(SYSTEM_CLIENT, AGGREGATE_ID)
            if done := loaded.done(cause):
                return Done(done.seq)
            standing = await self._standing()
            if standing.faults and not mends:
                fault = standing.faults[0]
                raise WrongState(
                    f"{self.book.path.name} has a mistake (line {fault.line}: {fault.message}); correct it first.",
                    line=fault.line,
                )
            text = await asyncio.to_thread(text_of, loaded.state, standing)
            staged = await asyncio.to_thread(self.book.stage, text)
            try:
                changed = _changed(await asyncio.to_thread(rules_of, text), reason, proposal_id)
                appended = await self._execute(cause, lambda history: _decided(history, changed))
                await asyncio.to_thread(self.book.put, staged)
            finally:
                await asyncio.to_thread(_drop, staged)
            return Done(appended.seq)

    async def _standing(self) -> Standing:
        return await asyncio.to_thread(self.book.standing)

    async def _execute(self, cause: Cause, decide: _Decide) -> Appended[RuleHistory]:
        return await self._histories.execute(SYSTEM_CLIENT, AGGREGATE_ID, cause, decide)


def text_sha256(text: str) -> str:
    """Hex SHA-256 of a rules file's text."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _rule_of(standing: Standing, rule_id: str) -> ListedRule:
    rule = next((one for one in standing.rules.listed if one.entry.id == rule_id), None)
    if rule is None:
        known = ", ".join(one.entry.id for one in standing.rules.listed)
        raise RuleNotFound(f"there is no rule {rule_id[:80]!r}; there are: {known}.", rule_id=rule_id[:80])
    return rule


def _decided(history: RuleHistory, changed: RulesChanged) -> Sequence[SystemEvent]:
    if changed.proposal_id is None:
        return [changed]
    return rule_history.decide_accept(history, changed.proposal_id, changed)


def _changed(rules: Rules, reason: str, proposal_id: str | None = None) -> RulesChanged:
    return RulesChanged(sha256=rules.sha256, rules=rules.ids, reason=reason, proposal_id=proposal_id)


def _cause(caller: Caller, command: str) -> Cause:
    return caller.cause(f"rules {command}")


def _drop(staged: Path) -> None:
    staged.unlink(missing_ok=True)
