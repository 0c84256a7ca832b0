"""A script's file (docs/agents.md, "Scripts"): its shape, and reading it so that every mistake has its line."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from raro.domain.graph import check_graph
from raro.errors import BadWorkflow, StartFailed
from raro.events.shapes import WorkflowConfig

MAX_BYTES = 50_000_000
_DEEPEST = 12
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ScriptCall(_Entry):
    """A tool call of a turn."""

    name: str = Field(min_length=1, max_length=100)
    args: dict[str, JsonValue] = {}
    id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,64}$")


class ScriptFailure(_Entry):
    """The model fails in this turn, each time it is asked for it."""

    code: str = Field(min_length=1, max_length=100)
    message: str


class ScriptTurn(_Entry):
    """What the model answers in one turn; the text comes bit by bit over `delay_s`."""

    text: str = ""
    tool_calls: tuple[ScriptCall, ...] = Field(default=(), max_length=50)
    final: bool = False
    thought_signature: str | None = None
    tokens_in: int = Field(default=0, ge=0)
    tokens_out: int = Field(default=0, ge=0)
    cost_usd: float | None = Field(default=None, ge=0)
    delay_s: float = Field(default=0, ge=0, le=3600)
    fail: ScriptFailure | None = None


class ScriptFile(_Entry):
    """Turns by agent; a name may be a pattern such as `analyze_*`, an exact name counts first.

    `workflow` is what every directive is planned as.
    """

    name: str = Field(default="script", min_length=1, max_length=100)
    workflow: WorkflowConfig | None = None
    agents: dict[str, tuple[ScriptTurn, ...]]


# The C parser reads a megabyte in 0.1 s, the one in Python in 3 s; it is in every wheel.
_Fast: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Fast):  # type: ignore[valid-type,misc]  # chosen when it is imported
    """YAML as JSON has it: a date is a text, and a key is there once."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Raises ConstructorError for a key that comes twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is there twice", key.start_mark)
            seen.add(str(key.value))
        made: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return made


def read_script(path: Path) -> ScriptFile:
    """Raises StartFailed, with the line of what is wrong."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise StartFailed(f"the script {path} has more than {MAX_BYTES:,} bytes.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StartFailed(f"the script {str(path)!r} cannot be read: {error}. Check RARO_MODEL.") from error
    try:
        script = ScriptFile.model_validate(yaml.load(text, Loader=_Loader))
        if script.workflow is not None:
            check_graph(script.workflow)
    except yaml.YAMLError as error:
        raise StartFailed(f"the script {path} is no YAML: {error}") from error
    except BadWorkflow as bad:
        raise StartFailed(f"the workflow of the script {path} cannot run: {bad.message}") from bad
    except (ValidationError, RecursionError) as error:
        raise StartFailed(f"the script {path} cannot be played: {_first_fault(error, text)}") from error
    return script


def _first_fault(error: ValidationError | RecursionError, text: str) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply."
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][:_DEEPEST]) or "the file"
    line = _line_of(first["loc"], text)
    return f"{where}{f' (line {line})' if line else ''}: {first['msg']}."


def _line_of(location: tuple[int | str, ...], text: str) -> int | None:
    """The line of the deepest part of the location that the file has, counted from 1."""
    node, line = yaml.compose(text, Loader=_Loader), None
    for part in location:
        if node is None:
            break
        node = _child(node, part)
        line = node.start_mark.line + 1 if node is not None else line
    return line


def _child(node: yaml.Node, part: int | str) -> yaml.Node | None:
    match node:
        case yaml.MappingNode():
            found: Mapping[Any, yaml.Node] = {key.value: value for key, value in node.value}
            return found.get(str(part))
        case yaml.SequenceNode() if isinstance(part, int) and part < len(node.value):
            child: yaml.Node = node.value[part]
            return child
    return None
