"""Reads a rules file: text in, rules out, or every mistake with its line and what would be allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from raro.agents.policy.places import MAX_DEPTH, Path, Places, TooDeep, places_in
from raro.agents.policy.rule_file import CONDITIONS, ArgPattern, RuleEntry, RuleFile, SpawnEntry, Trigger, When
from raro.errors import BadRules

MAX_FILE_BYTES = 256 * 1024
PLACEHOLDERS: dict[Trigger, tuple[str, ...]] = {
    "ToolCall": ("agent", "tool"),
    "FileGenerated": ("agent", "path"),
    "AgentFailed": ("agent", "code", "message"),
}
PLACEHOLDER = re.compile(r"\{(agent|tool|path|code|message)\}")
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class RuleFault:
    """A mistake in a rules file and its line, counted from 1; None when it is the file as a whole."""

    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule, where it comes from, and whether it applies."""

    entry: RuleEntry
    source: Literal["default", "file"]
    active: bool


def defaults_text() -> str:
    """The default rules as RARO ships them."""
    return files("raro.agents.policy").joinpath("defaults.toml").read_text(encoding="utf-8")


@cache
def default_entries() -> tuple[RuleEntry, ...]:
    """The default rules."""
    return parsed_file(defaults_text())[0].rule


def read_rules(text: str) -> tuple[ListedRule, ...]:
    """The default rules and those of a file, in the order in which they are asked. Raises BadRules."""
    defaults = default_entries()
    file, places = parsed_file(text)
    faults = [
        RuleFault(message, places.line_of(path))
        for path, message in _against_defaults(file, [one.id for one in defaults])
    ]
    if faults:
        raise bad_rules(faults)
    off = set(file.switched_off)
    return (
        *(ListedRule(entry, "default", entry.id not in off) for entry in defaults),
        *(ListedRule(entry, "file", True) for entry in file.rule),
    )


def parsed_file(text: str) -> tuple[RuleFile, Places]:
    """A file by itself. Raises BadRules with `faults`, at most 20 of them."""
    if len(text.encode("utf-8", errors="replace")) > MAX_FILE_BYTES:
        raise bad_rules(
            [RuleFault(f"the rules are larger than {MAX_FILE_BYTES:,} bytes; write fewer or shorter ones.")]
        )
    raw, places = _toml(text)
    try:
        file = RuleFile.model_validate(raw)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False, include_context=False)
        raise bad_rules([_fault(detail, places) for detail in details[:_MOST_FAULTS]]) from None
    faults = [RuleFault(message, places.line_of(path)) for path, message in _together(file)]
    if faults:
        raise bad_rules(faults[:_MOST_FAULTS])
    return file, places


def bad_rules(faults: Sequence[RuleFault]) -> BadRules:
    """The error that names these mistakes."""
    said = "; ".join(f"line {fault.line}: {fault.message}" if fault.line else fault.message for fault in faults[:3])
    more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
    return BadRules(
        f"the rules cannot be taken: {said}{more}",
        faults=[{"message": fault.message, "line": fault.line} for fault in faults],
    )


def faults_of(bad: BadRules) -> tuple[RuleFault, ...]:
    """The mistakes that such an error names."""
    listed = bad.detail["faults"]
    assert isinstance(listed, list)
    return tuple(RuleFault(fault["message"], fault["line"]) for fault in listed)


def _toml(text: str) -> tuple[dict[str, Any], Places]:
    try:
        places = places_in(text)
        return tomllib.loads(text), places
    except TooDeep as deep:
        raise bad_rules(
            [RuleFault(f"keys and values are nested more than {MAX_DEPTH} deep here.", deep.line)]
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise bad_rules([_toml_fault(text, str(error))]) from None
    except ValueError as error:
        # A number of thousands of digits.
        raise bad_rules([RuleFault(f"a value cannot be read: {str(error)[:200]}.")]) from None


def _toml_fault(text: str, said: str) -> RuleFault:
    at = _AT_LINE.search(said)
    line = int(at[1]) if at and at[1] else text.rstrip().count("\n") + 1
    return RuleFault(f"this is no TOML: {_AT_LINE.sub('', said)[:200]}.", line)


def _fault(detail: ErrorDetails, places: Places) -> RuleFault:
    path, line = detail["loc"], places.line_of(detail["loc"])
    name = _said(path)
    match detail["type"]:
        case "extra_forbidden":
            allowed = ", ".join(_model_at(path[:-1]).model_fields)
            return RuleFault(f"there is no {name!r}; allowed here: {allowed}.", line)
        case "missing":
            return RuleFault(f"{name!r} is missing.", line)
        case _:
            said = detail["msg"].removeprefix("Value error, ").rstrip(".")
            return RuleFault(f"{name!r}: {said[:1].lower()}{said[1:]}.", line)


def _said(path: Path) -> str:
    """`when.size_over` of ("rule", 2, "when", "size_over")."""
    inner = path[2:] if path[:1] == ("rule",) and len(path) > 2 else path
    return ".".join(str(part)[:80] for part in inner if isinstance(part, str))


def _model_at(path: Path) -> type[BaseModel]:
    match path:
        case ("rule", _):
            return RuleEntry
        case ("rule", _, "when" | "unless"):
            return When
        case ("rule", _, "when" | "unless", "args", *_):
            return ArgPattern
        case ("rule", _, "spawn"):
            return SpawnEntry
        case _:
            return RuleFile


def _together(file: RuleFile) -> Iterator[tuple[Path, str]]:
    """What is wrong with values that are right one by one."""
    seen: set[str] = set()
    for number, entry in enumerate(file.rule):
        here: Path = ("rule", number)
        if entry.id in seen:
            yield (*here, "id"), f"the id {entry.id!r} is used twice; choose another."
        seen.add(entry.id)
        yield from _conditions(entry, here)
        yield from _action(entry, here)
        yield from _placeholders(entry, here)


def _conditions(entry: RuleEntry, here: Path) -> Iterator[tuple[Path, str]]:
    allowed = CONDITIONS[entry.trigger]
    for table in ("when", "unless"):
        when: When | None = getattr(entry, table)
        for name in sorted(when.model_fields_set if when else ()):
            if name not in allowed:
                why = f"{name!r} does not go with {entry.trigger}; its conditions are: {', '.join(allowed)}."
                yield (*here, table, name), why
    if entry.unless is not None and not entry.unless.model_fields_set:
        yield (*here, "unless"), "'unless' names no condition, so the rule would never fire; leave it out."


def _action(entry: RuleEntry, here: Path) -> Iterator[tuple[Path, str]]:
    if entry.action == "spawn_agent" and entry.spawn is None:
        yield (*here, "action"), "spawn_agent needs a table [rule.spawn] with at least id and prompt."
    if entry.action != "spawn_agent" and entry.spawn is not None:
        yield (*here, "spawn"), f"[rule.spawn] goes with the action spawn_agent, not with {entry.action}."
    if entry.action == "block" and entry.trigger == "AgentFailed":
        yield (*here, "action"), "a failure cannot be blocked; use request_approval or spawn_agent."


def _placeholders(entry: RuleEntry, here: Path) -> Iterator[tuple[Path, str]]:
    allowed = PLACEHOLDERS[entry.trigger]
    texts: list[tuple[Path, str]] = [((*here, "reason"), entry.reason)]
    if entry.spawn:
        texts.append(((*here, "spawn", "prompt"), entry.spawn.prompt))
    for path, text in texts:
        for name in PLACEHOLDER.findall(text):
            if name not in allowed:
                known = ", ".join(f"{{{one}}}" for one in allowed)
                yield path, f"{{{name}}} does not go with {entry.trigger}; there are: {known}."


def _against_defaults(file: RuleFile, defaults: Sequence[str]) -> Iterator[tuple[Path, str]]:
    for number, name in enumerate(file.switched_off):
        if name not in defaults:
            yield ("switched_off", number), f"there is no default rule {name!r}; there are: {', '.join(defaults)}."
    for number, entry in enumerate(file.rule):
        if entry.id in defaults:
            why = f"{entry.id!r} is a default rule; switch that one off with switched_off and choose another id."
            yield ("rule", number, "id"), why
