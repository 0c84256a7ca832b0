"""The rules file's shape, strict: what may stand in it, how long, and in which units.

What several keys must be together (a condition and its trigger, an action and its agent) is checked in `reading`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from raro.agents.policy.content import Content
from raro.agents.policy.facts import Action
from raro.agents.policy.patterns import checked_regex
from raro.events.shapes import AGENT_ID

Trigger = Literal["ToolCall", "FileGenerated", "AgentFailed"]
TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)
CONTENTS: tuple[Content, ...] = get_args(Content)

_UNITS = {"B": 1, "KB": 1000, "MB": 10**6, "GB": 10**9, "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3}
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,3})?) ?([KMG]I?B|B)", re.IGNORECASE)


def _listed(value: Any) -> Any:
    """One value stands for a list of it."""
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, str) else value


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _bytes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not (match := _SIZE.fullmatch(value.strip())):
        raise ValueError(f"{value[:40]!r} is no size; write a number of bytes, or for example '10 MB' or '512 KiB'")
    return round(float(match[1]) * _UNITS[match[2].upper()])


def _extension(value: str) -> str:
    if not re.fullmatch(r"\.[^./\s]{1,30}", value):
        raise ValueError(f"{value[:40]!r} is no file ending; write it with its dot, for example '.exe'")
    return value.casefold()


def _spawnable(value: str) -> str:
    if value.startswith("master_"):
        raise ValueError("a master_ agent cannot be spawned; use research_, analyze_, coder_ or writer_")
    return value


def _as_pattern(value: Any) -> Any:
    """A text, or a list of them, is a regular expression."""
    return {"regex": value} if isinstance(value, str | list) else value


class Strict(BaseModel):
    """Nothing is converted, nothing unknown is let through."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Text = Annotated[str, Field(min_length=1, max_length=200)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(min_length=1, max_length=100)]
Regex = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(checked_regex)]
Regexes = Annotated[tuple[Regex, ...], BeforeValidator(_listed), Field(min_length=1, max_length=20)]
Extensions = Annotated[
    tuple[Annotated[str, AfterValidator(_extension)], ...],
    BeforeValidator(_listed),
    Field(min_length=1, max_length=100),
]
Contents = Annotated[tuple[Content, ...], BeforeValidator(_listed), Field(min_length=1)]
Count = Annotated[int, Field(ge=0, le=10**15)]


class ArgPattern(Strict):
    """What an argument of a call must be like; any one of these is enough."""

    regex: Regexes | None = None
    glob: Texts | None = None
    extension: Extensions | None = None
    python: Texts | None = Field(default=None, description="globs of dotted names that Python code refers to")
    python_commands: Texts | None = Field(default=None, description="globs of commands that Python code starts")
    commands: Texts | None = Field(default=None, description="globs of words in a command line")

    @model_validator(mode="after")
    def _not_empty(self) -> ArgPattern:
        if not self.model_fields_set:
            raise ValueError(f"nothing is asked for; use one of {', '.join(ArgPattern.model_fields)}")
        return self


Args = Annotated[dict[Text, Annotated[ArgPattern, BeforeValidator(_as_pattern)]], Field(min_length=1, max_length=20)]


class When(Strict):
    """Conditions; all that are named must hold. Numbers are passed when they are more than this."""

    agent: Texts | None = None
    tokens_over: Count | None = None
    cost_over_usd: float | None = Field(default=None, ge=0, le=10**9)

    tool: Texts | None = None
    args: Args | None = None
    calls_over: Count | None = None

    path: Texts | None = None
    extension: Extensions | None = None
    content_type: Texts | None = None
    content: Contents | None = None
    size_over: Annotated[Count | None, BeforeValidator(_bytes)] = None
    files_over: Count | None = None

    code: Texts | None = None
    attempts_over: Count | None = None


_EVERY = ("agent", "tokens_over", "cost_over_usd")
CONDITIONS: dict[Trigger, tuple[str, ...]] = {
    "ToolCall": (*_EVERY, "tool", "args", "calls_over"),
    "FileGenerated": (*_EVERY, "path", "extension", "content_type", "content", "size_over", "files_over"),
    "AgentFailed": (*_EVERY, "code", "attempts_over"),
}


class SpawnEntry(Strict):
    """The agent that is called in."""

    id: Annotated[str, Field(pattern=AGENT_ID), AfterValidator(_spawnable)]
    prompt: str = Field(min_length=1, max_length=20_000, pattern=r"\S")
    relation: Literal["child", "sibling"] = "child"
    model: Text = "fast"
    tools: Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(max_length=20)] = ()


class RuleEntry(Strict):
    """One rule as it is written."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    description: str = Field(default="", max_length=500)
    trigger: Trigger
    action: Action
    reason: str = Field(default="", max_length=1000)
    when: When = When()
    unless: When | None = None
    spawn: SpawnEntry | None = None


class RuleFile(Strict):
    """A whole file: rules of its own, and the default rules that do not apply here."""

    switched_off: Annotated[tuple[Text, ...], BeforeValidator(_as_tuple), Field(max_length=100)] = ()
    rule: Annotated[tuple[RuleEntry, ...], BeforeValidator(_as_tuple), Field(max_length=200)] = ()
