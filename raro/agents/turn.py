"""The turn loop: ask the model, carry out its tool calls, ask again, until it is done.

The same loop serves every model. What must survive a crash goes through the `Journal` at once; a loop that starts
again reads its history there, asks for no finished turn twice and carries out only calls that have not returned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from raro.domain.delegation import GraphChange
from raro.events.shapes import AgentSpec, InputFile, ToolCall

MAX_TURNS = 10
# These agents exist to make files (docs/agents.md, grants by prefix).
_MAKERS = ("analyze_", "coder_", "writer_")


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


@dataclass(frozen=True, slots=True)
class AgentResult:
    """The agent's full output, Markdown, and how many turns it took."""

    output: str
    turns: int


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


class Tools(Protocol):
    """Carries out calls; a bad or failing call is an outcome, never an exception."""

    async def call(self, call: ToolCall) -> ToolOutcome:
        """Do it."""


class Journal(Protocol):
    """Where turns are recorded. Any method may raise to end the loop: the run ended, another worker took over."""

    async def history(self) -> Sequence[PastTurn]:
        """The turns recorded so far."""

    async def begin_turn(self, turn: int) -> None:
        """Waits while the run is paused."""

    async def turn_completed(self, turn: int, answer: Answer, latency_ms: int) -> None:
        """Record an answer: from now on it is not asked for again."""

    async def tool_called(self, turn: int, call: ToolCall) -> None:
        """Record that a call is about to take effect."""

    async def tool_returned(self, turn: int, call: ToolCall, outcome: ToolOutcome, latency_ms: int) -> ToolOutcome:
        """Keep the files it made and record what it gave; the outcome as recorded, naming those files."""

    async def files_made(self) -> int:
        """How many files this agent has made so far."""


async def run_turns(model: Model, assignment: Assignment, tools: Tools, journal: Journal) -> AgentResult:
    """Run an agent from where its journal stands to its end. Raises ModelFailed and what the journal raises."""
    history = list(await journal.history())
    if history:
        history[-1] = await _carry_out(len(history), history[-1], tools, journal)
    while not (history and history[-1].answer.ends) and len(history) < MAX_TURNS:
        turn = len(history) + 1
        await journal.begin_turn(turn)
        started = time.monotonic()
        answer = await model.answer(TurnRequest(assignment, tuple(history)))
        await journal.turn_completed(turn, answer, _since_ms(started))
        history.append(await _carry_out(turn, PastTurn(answer), tools, journal))
    return AgentResult(await _output(assignment, history, journal), len(history))


async def _carry_out(turn: int, past: PastTurn, tools: Tools, journal: Journal) -> PastTurn:
    outcomes = dict(past.outcomes)
    for call in past.answer.tool_calls:
        if call.call_id in outcomes:
            continue
        await journal.tool_called(turn, call)
        started = time.monotonic()
        outcome = await tools.call(call)
        outcomes[call.call_id] = await journal.tool_returned(turn, call, outcome, _since_ms(started))
    return PastTurn(past.answer, outcomes)


async def _output(assignment: Assignment, history: Sequence[PastTurn], journal: Journal) -> str:
    last = history[-1].answer
    parts = [last.text or next((past.answer.text for past in reversed(history) if past.answer.text), "")]
    if not last.ends:
        parts.append(f"> **Note:** the agent was ended after {MAX_TURNS} turns and may not be done.")
    if assignment.agent.id.startswith(_MAKERS) and not await journal.files_made():
        parts.append("> **Note:** this agent was to make files and made none.")
    return "\n\n".join(part for part in parts if part)


def _since_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
