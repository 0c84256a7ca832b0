"""Judges facts by rules: every rule that matches, in order. Pure, and the same for the same facts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from raro.agents.policy.content import kinds_of
from raro.agents.policy.facts import CallFacts, FailureFacts, FileFacts, Verdict
from raro.agents.policy.patterns import MAX_TEXT, extensions_of, glob_fits, regex_found, texts_in
from raro.agents.policy.python_code import command_words, usage_of
from raro.agents.policy.reading import PLACEHOLDER, ListedRule, read_rules
from raro.agents.policy.rule_file import ArgPattern, RuleEntry, SpawnEntry, Trigger, When
from raro.domain.delegation import Delegate

Facts = CallFacts | FileFacts | FailureFacts
_STRENGTH = ("block", "request_approval", "spawn_agent")
_ANY_ARG = "*"
_SHOWN = 200
_TOO_LONG = (
    f" (An argument of more than {MAX_TEXT:,} characters cannot be judged and counts as matched: make it shorter.)"
)


@dataclass(frozen=True)
class Rules:
    """A set of rules: `listed` are all that are known, those switched off too."""

    listed: tuple[ListedRule, ...]

    @cached_property
    def active(self) -> tuple[RuleEntry, ...]:
        """The rules that apply."""
        return tuple(rule.entry for rule in self.listed if rule.active)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the rules that apply, in order."""
        return tuple(entry.id for entry in self.active)

    @cached_property
    def sha256(self) -> str:
        """Names exactly these active rules: comments and layout of the file do not count."""
        content = [entry.model_dump(mode="json", exclude_defaults=True) for entry in self.active]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def judge_call(self, facts: CallFacts) -> tuple[Verdict, ...]:
        """What the rules want of a call that is about to be made; `facts.args` must be whole."""
        return self._judge("ToolCall", facts)

    def judge_file(self, facts: FileFacts) -> tuple[Verdict, ...]:
        """What the rules want of a file that was made."""
        return self._judge("FileGenerated", facts)

    def judge_failure(self, facts: FailureFacts) -> tuple[Verdict, ...]:
        """What the rules want of an agent's failure."""
        return self._judge("AgentFailed", facts)

    def _judge(self, trigger: Trigger, facts: Facts) -> tuple[Verdict, ...]:
        return tuple(
            _verdict(entry, facts) for entry in self.active if entry.trigger == trigger and _applies(entry, facts)
        )


def rules_of(text: str) -> Rules:
    """The default rules with what a file says. Raises BadRules, with every mistake's line."""
    return Rules(read_rules(text))


def strongest(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict that decides: a block before a question, a question before a call for help; else the first."""
    return min(verdicts, key=lambda verdict: _STRENGTH.index(verdict.action), default=None)


def _applies(entry: RuleEntry, facts: Facts) -> bool:
    if entry.spawn and _was_called_in(entry.spawn, facts.agent_id):
        return False
    return _holds(entry.when, facts) and not (entry.unless and _holds(entry.unless, facts))


def _was_called_in(spawn: SpawnEntry, agent_id: str) -> bool:
    """Whether this agent came by the very rule, which would call in one after the other without end."""
    return agent_id == spawn.id or re.fullmatch(rf"{re.escape(spawn.id[:60])}_\d+", agent_id) is not None


def _holds(when: When, facts: Facts) -> bool:
    common = (
        _fits(when.agent, facts.agent_id) and _over(when.tokens_over, facts.tokens)
        and _over(when.cost_over_usd, facts.cost_usd)
    )  # fmt: skip
    if not common:
        return False
    match facts:
        case CallFacts():
            return _call_holds(when, facts)
        case FileFacts():
            return _file_holds(when, facts)
        case FailureFacts():
            return _fits(when.code, facts.code) and _over(when.attempts_over, facts.attempt)


def _call_holds(when: When, facts: CallFacts) -> bool:
    return (
        _fits(when.tool, facts.tool)
        and _over(when.calls_over, facts.calls_before + 1)
        and all(_arg_fits(name, pattern, facts.args) for name, pattern in (when.args or {}).items())
    )


def _file_holds(when: When, facts: FileFacts) -> bool:
    return (
        _over(when.size_over, facts.size_bytes)
        and _over(when.files_over, facts.files_before + 1)
        and _fits(when.path, facts.path)
        and _fits(when.content_type, facts.content_type)
        and (when.extension is None or not extensions_of(facts.path).isdisjoint(when.extension))
        and (when.content is None or not kinds_of(facts.head).isdisjoint(when.content))
    )


def _fits(globs: Iterable[str] | None, name: str) -> bool:
    return globs is None or glob_fits(globs, name)


def _over(limit: float | None, value: float) -> bool:
    return limit is None or value > limit


def _arg_fits(name: str, pattern: ArgPattern, args: Mapping[str, Any]) -> bool:
    if name != _ANY_ARG and name not in args:
        return False
    return any(_text_fits(pattern, text) for text in texts_in(args if name == _ANY_ARG else args[name]))


def _text_fits(pattern: ArgPattern, text: str) -> bool:
    return (
        regex_found(pattern.regex or (), text)
        or glob_fits(pattern.glob or (), text)
        or not extensions_of(text).isdisjoint(pattern.extension or ())
        or _code_fits(pattern, text)
    )


def _code_fits(pattern: ArgPattern, text: str) -> bool:
    if not (pattern.python or pattern.python_commands or pattern.commands):
        return False
    if len(text) > MAX_TEXT:
        return True
    if pattern.commands and any(glob_fits(pattern.commands, word) for word in command_words(text)):
        return True
    if not (pattern.python or pattern.python_commands):
        return False
    usage = usage_of(text)
    return usage.has_name(pattern.python or ()) or usage.has_command(pattern.python_commands or ())


def _verdict(entry: RuleEntry, facts: Facts) -> Verdict:
    reason = entry.reason or entry.description or f"rule {entry.id}"
    spawn = entry.spawn if entry.action == "spawn_agent" else None
    said = _filled(reason, facts) + (_TOO_LONG if _is_too_long(entry, facts) else "")
    return Verdict(entry.id, entry.action, said, _delegate(spawn, facts) if spawn else None)


def _is_too_long(entry: RuleEntry, facts: Facts) -> bool:
    """Whether the rule may have matched only because an argument is longer than what can be judged."""
    if not isinstance(facts, CallFacts) or not entry.when.args:
        return False
    return any(len(text) > MAX_TEXT for text in texts_in(facts.args))


def _delegate(spawn: SpawnEntry, facts: Facts) -> Delegate:
    return Delegate(
        agent_id=spawn.id,
        prompt=_filled(spawn.prompt, facts),
        relation=spawn.relation,
        model=spawn.model,
        tools=spawn.tools,
    )


def _filled(text: str, facts: Facts) -> str:
    """The text with `{agent}` and the like replaced, in one go: what is put in is not looked through again."""
    values = {"agent": facts.agent_id}
    match facts:
        case CallFacts():
            values |= {"tool": facts.tool}
        case FileFacts():
            values |= {"path": facts.path}
        case FailureFacts():
            values |= {"code": facts.code, "message": facts.message}
    return PLACEHOLDER.sub(lambda found: _shown(values.get(found[1], found[0])), text)


def _shown(value: str) -> str:
    clean = "".join(char if char.isprintable() else " " for char in value)
    return clean if len(clean) <= _SHOWN else f"{clean[:_SHOWN]}…"
