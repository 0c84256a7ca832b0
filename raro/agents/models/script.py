"""Plays written or recorded turns instead of asking a model: for tests, demos and workshops.

A script is a YAML file (docs/agents.md, "Scripts"). Which turn is played depends on the history alone, so a worker that
takes over plays on where the other stood.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raro.agents.conversation import Answer, ModelFailed, TurnRequest
from raro.errors import StartFailed
from raro.events.shapes import AgentSpec, ToolCall

MAX_BYTES = 50_000_000


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScriptCall(_Entry):
    """A tool call of a turn."""

    name: str = Field(min_length=1, max_length=100)
    args: dict[str, Any] = {}
    id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,64}$")


class ScriptFailure(_Entry):
    """The model fails in this turn."""

    code: str
    message: str


class ScriptTurn(_Entry):
    """What the model answers in one turn; `delay_s` is how long it takes."""

    text: str = ""
    tool_calls: tuple[ScriptCall, ...] = ()
    final: bool = False
    thought_signature: str | None = None
    tokens_in: int = Field(default=0, ge=0)
    tokens_out: int = Field(default=0, ge=0)
    cost_usd: float | None = Field(default=None, ge=0)
    delay_s: float = Field(default=0, ge=0, le=3600)
    fail: ScriptFailure | None = None


class ScriptFile(_Entry):
    """Turns by agent; a name may be a pattern such as `analyze_*`, an exact name counts first."""

    name: str = "script"
    agents: dict[str, tuple[ScriptTurn, ...]]


@dataclass(frozen=True)
class Script:
    """A script that was read."""

    file: ScriptFile
    source: str

    @classmethod
    def load(cls, path: Path) -> Script:
        """Raises StartFailed, with the line of what is wrong."""
        try:
            if path.stat().st_size > MAX_BYTES:
                raise StartFailed(f"the script {path} has more than {MAX_BYTES:,} bytes.")
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StartFailed(f"the script {str(path)!r} cannot be read: {error}. Check RARO_MODEL.") from error
        try:
            return cls(ScriptFile.model_validate(yaml.safe_load(text)), str(path))
        except yaml.YAMLError as error:
            raise StartFailed(f"the script {path} is no YAML: {error}") from error
        except (ValidationError, RecursionError) as error:
            raise StartFailed(f"the script {path} cannot be played: {_first_fault(error, text)}") from error

    @property
    def name(self) -> str:
        """As which model its turns are recorded."""
        return f"script:{self.file.name}"

    def model_of(self, spec: AgentSpec) -> ScriptModel:
        """What plays an agent's turns."""
        return ScriptModel(self.name, spec.id, self._turns_of(spec.id), self.source)

    def _turns_of(self, agent_id: str) -> tuple[ScriptTurn, ...] | None:
        if agent_id in self.file.agents:
            return self.file.agents[agent_id]
        return next((turns for name, turns in self.file.agents.items() if fnmatchcase(agent_id, name)), None)


@dataclass(frozen=True)
class ScriptModel:
    """Answers one agent's turns from the script."""

    name: str
    agent_id: str
    turns: tuple[ScriptTurn, ...] | None
    source: str

    async def answer(self, request: TurnRequest) -> Answer:
        """The turn whose time has come. Raises ModelFailed when there is none, or when the script says so."""
        number = len(request.history) + 1
        turn = self._turn(number)
        await asyncio.sleep(turn.delay_s)
        if turn.fail is not None:
            raise ModelFailed(turn.fail.code, turn.fail.message)
        if turn.text:
            request.on_text(turn.text)
        calls = tuple(
            ToolCall(call_id=call.id or f"call-{number}-{index}", name=call.name, args=call.args)
            for index, call in enumerate(turn.tool_calls, start=1)
        )
        return Answer(
            turn.text,
            calls,
            turn.final,
            turn.tokens_in,
            turn.tokens_out,
            turn.thought_signature,
            cost_usd=turn.cost_usd,
            finish="SCRIPT",
            request=_request(self, number, request),
        )

    def _turn(self, number: int) -> ScriptTurn:
        if self.turns is None:
            raise ModelFailed("not_in_script", f"{self.source} has no turns for agent {self.agent_id!r}.")
        if number > len(self.turns):
            raise ModelFailed(
                "script_ended",
                f"{self.source} has {len(self.turns)} turns for agent {self.agent_id!r}; turn {number} was asked for.",
            )
        return self.turns[number - 1]


def _request(model: ScriptModel, number: int, request: TurnRequest) -> bytes:
    """What a language model would have been told, as far as a script has it."""
    briefing = request.assignment.briefing
    told = {"script": model.source, "turn": number, "system": briefing.system, "opening": briefing.opening}
    return json.dumps(told, ensure_ascii=True).encode()


def _first_fault(error: ValidationError | RecursionError, text: str) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply."
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    line = _line_of(first["loc"], text)
    return f"{where}{f' (line {line})' if line else ''}: {first['msg']}."


def _line_of(location: tuple[int | str, ...], text: str) -> int | None:
    """The line of the deepest part of the location that the file has, counted from 1."""
    node, line = yaml.compose(text, Loader=yaml.SafeLoader), None
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
