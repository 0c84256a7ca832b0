"""Every event RARO writes: one frozen model per event, past tense.

`type` = `raro.{aggregate}.{event}.v{version}`. The models are the JSON Schema of `raro events schema`.
A type that is not here is kept and shown as it is (`Unknown`), never dropped.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from raro.events.shapes import AgentSpec, BlobRef, InputFile, Origin, Promoted, Shape, ToolCall, WorkflowConfig

Aggregate = Literal["library", "run", "system"]


ApprovalKind = Literal["tool_call", "file", "agent_failed", "no_upstream"]
Decision = Literal["allow", "deny", "retry", "skip", "abort"]
# For each agent that a change of the graph concerns: all it waits for from now on.
Waits = dict[str, tuple[str, ...]]


class EventData(Shape):
    """The payload of one event; subclasses name their aggregate, event and version."""

    # Each is built when it is first needed: a start would wait for all of them.
    model_config = ConfigDict(defer_build=True)

    aggregate: ClassVar[Aggregate]
    event: ClassVar[str]
    version: ClassVar[int] = 1

    @classmethod
    def type_name(cls) -> str:
        """The CloudEvents `type` this model is written under."""
        return f"raro.{cls.aggregate}.{cls.event}.v{cls.version}"


class Unknown(BaseModel):
    """An event of a type this version does not know; its data stays as it came."""

    model_config = ConfigDict(frozen=True, extra="allow")


class LibraryEvent(EventData):
    """Something that happened to one name in one client's library."""

    aggregate = "library"
    filename: str


class FileUploaded(LibraryEvent):
    """New bytes under a name; the first is version 1."""

    event = "file_uploaded"
    version_number: int = Field(ge=1)
    sha256: str
    size_bytes: int
    content_type: str
    origin: Origin = Origin()


class FileLinked(LibraryEvent):
    """The client wants this name given to its next runs."""

    event = "file_linked"


class FileUnlinked(LibraryEvent):
    """The client no longer wants this name given to its next runs."""

    event = "file_unlinked"


class FileDeleted(LibraryEvent):
    """The name was deleted; restorable until the grace period ends."""

    event = "file_deleted"


class FileRestored(LibraryEvent):
    """The deleted name is back with its current version."""

    event = "file_restored"


class RunEvent(EventData):
    """Something that happened in one run."""

    aggregate = "run"


class Started(RunEvent):
    """A run was asked for; its inputs are pinned to the bytes they had then."""

    event = "started"
    workflow: WorkflowConfig
    directive: str = ""
    inputs: tuple[InputFile, ...] = ()
    retention_days: float


class SessionPrepared(RunEvent):
    """Every input lies in the session; `sandbox` is the tier the run will use."""

    event = "session_prepared"
    inputs: int
    size_bytes: int
    linked: bool = Field(description="inputs are hard links, not copies")
    sandbox: str


class Paused(RunEvent):
    """No new turn begins until the run is resumed."""

    event = "paused"
    reason: str = ""


class Resumed(RunEvent):
    """Turns begin again."""

    event = "resumed"


class ApprovalRequested(RunEvent):
    """A run waits for a person's decision, about exactly what `subject` and `sha256` name."""

    event = "approval_requested"
    approval_id: str
    agent_id: str
    reason: str
    subject: dict[str, Any] = Field(default={}, description="what it is about, cut for people: name, args or path")
    kind: ApprovalKind = "tool_call"
    options: tuple[Decision, ...] = ("allow", "deny")
    batch: str = Field(default="", description="requests that came together and may be decided together")
    sha256: str | None = Field(default=None, description="hash of the exact call or file version")
    turn: int = 0
    call_id: str | None = None
    path: str | None = None
    rule_id: str | None = None
    expires_at: datetime | None = Field(default=None, description="denied by itself then")


class ApprovalGranted(RunEvent):
    """Somebody let it go on; `decision` says how."""

    event = "approval_granted"
    approval_id: str
    note: str = ""
    decision: Literal["allow", "retry", "skip"] = "allow"


class ApprovalDenied(RunEvent):
    """Somebody refused it, or nobody decided in time."""

    event = "approval_denied"
    approval_id: str
    note: str = ""
    decision: Literal["deny", "abort"] = "deny"
    timed_out: bool = False


class Completed(RunEvent):
    """Every agent finished and every file is kept."""

    event = "completed"


class Failed(RunEvent):
    """The run ended without its goal; `code` is stable, `reason` is for people."""

    event = "failed"
    code: str
    reason: str


class Stopped(RunEvent):
    """A person ended the run."""

    event = "stopped"
    reason: str = ""


class SessionExpired(RunEvent):
    """The session folder was removed; artifacts are untouched."""

    event = "session_expired"


class AgentEvent(RunEvent):
    """Something one agent of a run did or met."""

    agent_id: str


class AgentScheduled(AgentEvent):
    """Its dependencies are done, or it is tried again: a worker may take it."""

    event = "agent_scheduled"
    attempt: int = Field(default=1, ge=1)
    remark: str = Field(default="", description="what the model is told before it goes on")


class AgentBriefed(AgentEvent):
    """What the agent's model is told before its first turn; the same bytes for every turn and every worker."""

    event = "agent_briefed"
    briefing: BlobRef


class AgentCalledOut(AgentEvent):
    """The agent ended without what it was asked for; the model is told so and goes on."""

    event = "agent_called_out"
    turn: int = Field(ge=1)
    check: Literal["no_files", "no_search", "output_schema", "empty_answer"]
    message: str


class AgentSkipped(AgentEvent):
    """The run goes on without it."""

    event = "agent_skipped"
    reason: str = ""


class AgentPuppeted(AgentEvent):
    """A person answers in the model's place from the next turn on, or no longer does."""

    event = "agent_puppeted"
    on: bool


class AgentStarted(AgentEvent):
    """A worker took it. A later `epoch` fences every earlier worker out."""

    event = "agent_started"
    epoch: int = Field(ge=1)
    model: str
    worker: str


class AgentTurnCompleted(AgentEvent):
    """One answer of the model, paid for once; `turn` counts from 1."""

    event = "agent_turn_completed"
    turn: int = Field(ge=1)
    model: str
    text: str = ""
    text_blob: BlobRef | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    thought_signature: str | None = None
    tokens_in: int = 0
    tokens_out: int = Field(default=0, description="answered and thought")
    tokens_thought: int = 0
    tokens_cached: int = Field(default=0, description="of tokens_in, those read from a cache")
    cost_usd: float | None = None
    latency_ms: int = 0
    final: bool = False
    finish: str = Field(default="", description="why the model stopped, in its own word")
    content: BlobRef | None = Field(default=None, description="the answer as the model gave it, sent back bit for bit")
    request: BlobRef | None = Field(default=None, description="the exact prompt, context and tool declarations")
    answered_by: str | None = Field(default=None, description="the person who answered in the model's place")


class ToolCalled(AgentEvent):
    """A tool call is about to take effect."""

    event = "tool_called"
    turn: int
    call_id: str
    name: str
    summary: str = ""


class ToolReturned(AgentEvent):
    """What the tool answered; text beyond an event's size is in `result_blob`."""

    event = "tool_returned"
    turn: int
    call_id: str
    name: str
    ok: bool
    code: str | None = None
    result: str = ""
    result_blob: BlobRef | None = None
    latency_ms: int = 0
    reads: tuple[str, ...] = ()


class AgentDelegated(AgentEvent):
    """The agent, or a rule on its behalf, added another agent to the run."""

    event = "agent_delegated"
    child: AgentSpec
    relation: Literal["child", "sibling"] = "child"
    depth: int = Field(default=1, description="how many delegations lead to it")
    feeds: tuple[str, ...] = Field(default=(), description="pending agents that wait for the new one from now on")
    waits: Waits = {}
    rule_id: str | None = None


class AgentPruned(AgentEvent):
    """A pending agent was taken out of the graph; what waited for it waits for what it waited for."""

    event = "agent_pruned"
    by: str
    reason: str = ""
    waits: Waits = {}


class DependencyGrafted(AgentEvent):
    """A pending agent waits for more agents from now on."""

    event = "dependency_grafted"
    depends_on: tuple[str, ...] = Field(description="whom it waits for beside those it did")
    by: str
    waits: Waits = {}


class AgentFinished(AgentEvent):
    """The agent's full output is in `output`; `summary` is its beginning."""

    event = "agent_finished"
    output: BlobRef
    summary: str = ""
    turns: int = 0


class AgentFailed(AgentEvent):
    """The agent could not finish; `message` says why and what to do."""

    event = "agent_failed"
    code: str
    message: str


class FileGenerated(AgentEvent):
    """A file an agent made; its bytes were captured into the blob store before this was written."""

    event = "file_generated"
    path: str
    sha256: str
    size_bytes: int
    turn: int = 0
    call_id: str | None = None
    held_by: str | None = Field(default=None, description="the approval it waits for before it is kept")


class ArtifactEvent(RunEvent):
    """Something that happened to one path of a run's artifacts."""

    path: str


class ArtifactPromoted(ArtifactEvent):
    """A generated file became an artifact version that outlives the session."""

    event = "artifact_promoted"
    artifact: Promoted
    generated_by: str = Field(description="id of the file_generated event")
    expires_at: datetime | None = None
    turn: int = 0
    inputs: tuple[str, ...] = Field(default=(), description="inputs and artifacts its agent was seen to read")


class ArtifactSavedToLibrary(ArtifactEvent):
    """A person kept an artifact under a library name."""

    event = "artifact_saved_to_library"
    version_number: int
    sha256: str
    filename: str
    library_version: int


class ArtifactPinned(ArtifactEvent):
    """It does not expire until unpinned."""

    event = "artifact_pinned"


class ArtifactUnpinned(ArtifactEvent):
    """It expires again, at `expires_at`."""

    event = "artifact_unpinned"
    expires_at: datetime | None = None


class ArtifactDeleted(ArtifactEvent):
    """A person deleted it; restorable until the grace period ends."""

    event = "artifact_deleted"
    reason: str = ""


class ArtifactRestored(ArtifactEvent):
    """A deleted or expired artifact is back until `expires_at`."""

    event = "artifact_restored"
    expires_at: datetime | None = None


class ArtifactExpired(ArtifactEvent):
    """Its retention ended; restorable until the grace period ends."""

    event = "artifact_expired"


class PolicyMatched(RunEvent):
    """A Cortex rule fired."""

    event = "policy_matched"
    rule_id: str
    action: str
    detail: str = ""
    agent_id: str | None = None
    turn: int = 0
    call_id: str | None = None
    path: str | None = None
    approval_id: str | None = None


class AccessDenied(RunEvent):
    """A path or file was refused; nothing was read or kept."""

    event = "access_denied"
    path: str
    reason: str
    agent_id: str | None = None


class InputUploaded(RunEvent):
    """Bytes the run's models refer to lie with the model's provider now, until `expires_at`."""

    event = "input_uploaded"
    provider: str
    kind: Literal["file", "cache"]
    key: str = Field(description="hash of the bytes, or of what was cached")
    name: str
    uri: str = ""
    content_type: str = ""
    expires_at: datetime


class SandboxOpened(RunEvent):
    """The run has a sandbox on another machine; a worker that takes over reconnects by this id."""

    event = "sandbox_opened"
    provider: str
    sandbox_id: str
    reason: str = ""


class SandboxClosed(RunEvent):
    """That sandbox is gone: killed at the run's end, or lost."""

    event = "sandbox_closed"
    sandbox_id: str
    reason: str


class SystemEvent(EventData):
    """Something about the log itself."""

    aggregate = "system"


class CheckpointSealed(SystemEvent):
    """The log up to `size` events has this Merkle root."""

    event = "checkpoint_sealed"
    size: int
    root: str


class EventParked(SystemEvent):
    """A reactor gave up on an event after its retries; it can be replayed."""

    event = "event_parked"
    reactor: str
    seq: int
    event_id: str
    event_subject: str
    client_id: str
    error: str
    deliveries: int


class EventUnparked(SystemEvent):
    """A parked event was handed to its reactor again."""

    event = "event_unparked"
    reactor: str
    event_id: str
    seq: int


class RuleProposed(SystemEvent):
    """A rule was written from a sentence; it is not active."""

    event = "rule_proposed"
    proposal_id: str
    sentence: str
    toml: str
    client_id: str


class RuleRejected(SystemEvent):
    """A person decided against a proposed rule; it never comes into force."""

    event = "rule_rejected"
    proposal_id: str
    reason: str = ""


class RulesChanged(SystemEvent):
    """The rules file holds other rules now: a person accepted or removed some, or edited the file."""

    event = "rules_changed"
    sha256: str
    rules: tuple[str, ...]
    reason: str = ""
    proposal_id: str | None = None


class KeyCreated(SystemEvent):
    """An API key was made; only its hash is kept."""

    event = "key_created"
    key_id: str
    client_id: str
    key_hash: str
    label: str = ""


class KeyRevoked(SystemEvent):
    """An API key no longer opens anything."""

    event = "key_revoked"
    key_id: str


def _leaves(cls: type[EventData]) -> list[type[EventData]]:
    subclasses = cls.__subclasses__()
    own = [cls] if "event" in cls.__dict__ else []
    return own + [leaf for sub in subclasses for leaf in _leaves(sub)]


CATALOGUE: dict[str, type[EventData]] = {leaf.type_name(): leaf for leaf in _leaves(EventData)}


def json_schemas() -> dict[str, Any]:
    """The JSON Schema of every event's `data`, by type name, sorted."""
    return {name: CATALOGUE[name].model_json_schema() for name in sorted(CATALOGUE)}
