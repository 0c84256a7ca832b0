"""What models, tools and the turn loop say to each other: assignments, briefings, requests, answers, outcomes.

Plain values; the loop over them is in `turn.py`, what is kept of them in `raro.agents.recording`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from raro.domain.delegation import GraphChange
from raro.events.shapes import AgentSpec, InputFile, ToolCall


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is told of it; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a call gave: text for the model, a stable code when it failed, what was seen to be read.

    `reads` names files (`input/…`, `output/…`), agents (`agent:…`) and web pages (their address). A call that asks for
    another graph carries the wish in `graph`: whether it is granted is decided when it is recorded.
    """

    ok: bool
    text: str
    code: str | None = None
    reads: tuple[str, ...] = ()
    graph: GraphChange | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a model. Without tool calls, or with `final`, the agent is done.

    `content` is the answer in the model's own JSON: it is kept and sent back bit for bit, signatures with it.
    `request` is what the model was sent, as JSON, for people who want to see the exact prompt.
    """

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    final: bool = False
    tokens_in: int = 0
    tokens_out: int = 0
    thought_signature: str | None = None
    tokens_thought: int = 0
    tokens_cached: int = 0
    cost_usd: float | None = None
    finish: str = ""
    content: bytes | None = None
    request: bytes | None = None
    answered_by: str | None = None

    @property
    def ends(self) -> bool:
        """Whether the agent is done with this answer."""
        return self.final or not self.tool_calls


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A finished answer, the outcomes of its calls so far, by call id, and what the model was told after them."""

    answer: Answer
    outcomes: Mapping[str, ToolOutcome] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()

    @property
    def ends(self) -> bool:
        """Whether the agent was done with this turn."""
        return self.answer.ends and not self.remarks


@dataclass(frozen=True, slots=True)
class Upstream:
    """What an agent this one depends on said, and the paths of the files it made."""

    agent_id: str
    output: str
    files: tuple[str, ...] = ()
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """An input that a model may look at itself: a picture, a PDF."""

    name: str
    sha256: str
    size_bytes: int
    content_type: str


@dataclass(frozen=True, slots=True)
class Parent:
    """The last answer of an agent this one depends on or was delegated by, in the model's own JSON."""

    agent_id: str
    model: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Briefing:
    """What a model is told before the first turn, recorded once, so that it stays the same bytes for ever."""

    system: str
    opening: str
    tools: tuple[ToolSpec, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    parents: tuple[Parent, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """What an agent is to do and what it is given; the same for all its turns."""

    agent: AgentSpec
    directive: str
    inputs: tuple[InputFile, ...] = ()
    upstream: tuple[Upstream, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    briefing: Briefing = Briefing("", "")


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes or a cached prompt that lie with a model's provider until `expires_at`; `key` is the hash of what it is."""

    provider: str
    kind: Literal["file", "cache"]
    key: str
    name: str
    expires_at: datetime
    uri: str = ""
    content_type: str = ""


class Uploads(Protocol):
    """What the run's models have put with their providers."""

    async def find(self, provider: str, kind: Literal["file", "cache"], key: str) -> Upload | None:
        """One that is recorded, also when it has expired."""

    async def record(self, upload: Upload) -> None:
        """Remember it for every agent and worker of the run."""


class NoUploads:
    """Remembers nothing: for a single question outside a run."""

    async def find(self, provider: str, kind: Literal["file", "cache"], key: str) -> Upload | None:
        """Nothing."""
        return None

    async def record(self, upload: Upload) -> None:
        """Forget it."""


def _unheard(text: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """Everything a model may know when it answers; `on_text` is told the text as it comes."""

    assignment: Assignment
    history: tuple[PastTurn, ...]
    on_text: Callable[[str], None] = field(default=_unheard, compare=False)
    uploads: Uploads = field(default_factory=NoUploads, compare=False)


class Model(Protocol):
    """Answers one turn at a time from the request alone; keeps nothing between turns."""

    @property
    def name(self) -> str:
        """The model's id, as recorded with every turn."""

    async def answer(self, request: TurnRequest) -> Answer:
        """The next answer. Raises ModelFailed when there is none."""


class ModelFailed(Exception):
    """The model gave no usable answer; `code` is stable, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
