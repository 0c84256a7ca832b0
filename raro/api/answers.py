"""The JSON of answers, as models: what /openapi.json documents."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from raro.events.shapes import InputFile, WorkflowConfig

SHA = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"


class Answer(BaseModel):
    """Rows may carry more than is listed here."""

    model_config = ConfigDict(extra="allow", defer_build=True)


class Done(Answer):
    """A command is on the log, and the next read sees it."""

    success: bool = True
    seq: int = Field(description="the event it ended with", examples=[42])


class LibraryRow(Answer):
    """A file as a client sees it."""

    filename: str = Field(examples=["penguins.csv"])
    size_bytes: int = Field(examples=[13478])
    content_type: str = Field(examples=["text/csv"])
    sha256: str = Field(examples=[SHA])
    version: int = Field(examples=[1])
    uploaded_at: str = Field(examples=["2026-11-20T12:00:00.000Z"])
    linked: bool
    scope: Literal["private", "public"]
    origin: dict[str, Any] | None = None
    seq: int


class LibraryListing(Answer):
    """Every file the client sees."""

    files: list[LibraryRow]
    seq: int


class Kept(Done):
    """The version an upload became; `created` is False when these bytes were the current version already."""

    filename: str = Field(examples=["penguins.csv"])
    version: int
    sha256: str = Field(examples=[SHA])
    size_bytes: int
    content_type: str
    created: bool


class UploadResult(Answer):
    """What became of one file of a form."""

    filename: str
    success: bool
    version: int | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    content_type: str | None = None
    code: str | None = None
    detail: str | None = None


class UploadAnswer(Answer):
    """What became of every file; `success` when all were kept."""

    success: bool
    files: list[UploadResult]
    seq: int


class ArtifactRow(Answer):
    """The newest version of an artifact."""

    run_id: str = Field(examples=["run_5f2c8a9b7d1e4f60"])
    filename: str = Field(examples=["penguins_csv/report.md"])
    agent_id: str = Field(examples=["analyze_penguins"])
    generated_at: str
    size_bytes: int
    content_type: str
    sha256: str
    version: int
    pinned: bool
    expires_at: str | None
    saved_as: str | None = None
    seq: int


class RunMetadata(Answer):
    """A run and its artifacts, as in metadata.json."""

    run_id: str
    workflow_id: str
    user_directive: str
    created_at: str
    expires_at: str | None
    status: str
    artifacts: list[ArtifactRow]


class RunArtifacts(Answer):
    """One run of a listing."""

    run_id: str
    metadata: RunMetadata


class ArtifactListing(Answer):
    """A page of artifacts, grouped by run; `next` is the cursor of the page behind it."""

    artifacts: list[RunArtifacts]
    seq: int
    next: str | None = None


class Saved(Done):
    """The library version an artifact became."""

    filename: str
    library_version: int
    sha256: str


class RunStarted(Done):
    """The run's id, for everything that is asked of it."""

    run_id: str


class ClearedRun(Answer):
    """What goes of one run."""

    run_id: str
    files: int
    size_bytes: int


class ClearAnswer(Answer):
    """What was, or with a dry run would be, deleted."""

    dry_run: bool
    runs: list[ClearedRun]
    files: int
    size_bytes: int
    seq: int


class AgentOutput(Answer):
    """An agent's full output and where it was read from."""

    run_id: str
    agent_id: str
    output: str
    content_type: str = "text/markdown"
    sha256: str
    size_bytes: int
    source: Literal["redis", "blob"]


class LibraryVersion(Answer):
    """One version of a library file."""

    filename: str
    version: int
    sha256: str
    size_bytes: int
    content_type: str
    uploaded_at: str
    origin: dict[str, Any] | None = None
    actor: str
    seq: int


class LibraryVersions(Answer):
    """Every version of a library file, newest first."""

    filename: str
    versions: list[LibraryVersion]
    seq: int


class ArtifactVersion(Answer):
    """One version of an artifact."""

    run_id: str
    filename: str
    version: int
    agent_id: str
    turn: int
    sha256: str
    size_bytes: int
    content_type: str
    generated_at: str
    seq: int


class ArtifactVersions(Answer):
    """Every version of an artifact, newest first."""

    run_id: str
    filename: str
    versions: list[ArtifactVersion]


RunStatus = Literal["idle", "running", "awaitingapproval", "completed", "failed", "stopped", "paused"]
AgentStatus = Literal["idle", "scheduled", "running", "finished", "failed", "skipped", "pruned"]


class AgentBrief(Answer):
    """An agent in a run's row."""

    agent_id: str
    status: AgentStatus
    turns: int
    tokens: int
    files: int
    cost_usd: float
    message: str | None = None


class RunRow(Answer):
    """A run as listings and live views give it."""

    run_id: str
    workflow_id: str
    name: str
    directive: str
    status: RunStatus
    code: str | None = None
    reason: str | None = None
    sandbox: str | None = None
    started_at: str
    ended_at: str | None = None
    duration_ms: int | None = None
    total_tokens_used: int
    files: int
    errors: int
    session_expired: bool
    cost_usd: float
    pending_approvals: int
    seq: int
    agents: list[AgentBrief] | None = None


class RunListing(Answer):
    """A page of runs, newest first."""

    runs: list[RunRow]
    seq: int
    next: str | None = None


class AgentState(AgentBrief):
    """An agent with everything that is known of it."""

    role: str
    model: str
    epoch: int
    latency_ms: int
    tools: list[str]
    started_at: str | None = None
    ended_at: str | None = None
    output_sha256: str | None = None
    output_size_bytes: int | None = None
    summary: str | None = None
    code: str | None = None
    artifact_id: str | None = None
    depends_on: list[str]
    delegated_by: str | None = None
    relation: Literal["child", "sibling"] | None = None
    depth: int
    attempt: int
    puppet: bool
    tokens_in: int
    tokens_out: int


class Invocation(Answer):
    """An agent's work in the original system's shape."""

    id: str
    agent_id: str
    model_variant: str
    thought_signature: str | None = None
    tools_used: list[str]
    tokens_used: int
    latency_ms: int
    status: Literal["pending", "running", "success", "failed", "paused"]
    timestamp: str | None = None
    artifact_id: str | None = None
    error_message: str | None = None


class RunState(Answer):
    """One run with its workflow, inputs, agents and invocations."""

    run_id: str
    workflow_id: str
    name: str
    client_id: str
    directive: str
    status: RunStatus
    code: str | None = None
    reason: str | None = None
    sandbox: str | None = None
    workflow: WorkflowConfig
    inputs: list[InputFile]
    retention_days: float
    total_tokens_used: int
    start_time: str
    end_time: str | None = None
    files: int
    session_expired: bool
    cost_usd: float
    pending_approvals: int
    seq: int
    active_agents: list[str]
    completed_agents: list[str]
    failed_agents: list[str]
    agents: list[AgentState]
    invocations: list[Invocation]


class EventRow(Answer):
    """An event as the log has it."""

    seq: int
    id: str
    type: str
    subject: str
    client_id: str
    actor: str
    time: str
    correlation_id: str | None = None
    causation_id: str | None = None
    data: dict[str, Any]


class EventPage(Answer):
    """A page of events; `next` is `after` (or `before`, newest first) of the page behind it."""

    events: list[EventRow]
    next: int | None = None


class LinkedEvent(Answer):
    """An event as it stands in a chain of causes."""

    seq: int
    id: str
    type: str
    actor: str
    time: str
    agent_id: str | None = None
    about: str | None = Field(default=None, description="the file or name that it is about")
    cause_seq: int | None = Field(default=None, description="the event of the same answer that caused it")


class EventCausation(Answer):
    """An event, the line of events that led to it, and the tree of those that it led to."""

    event: EventRow
    causes: list[LinkedEvent] = Field(description="the first cause first")
    effects: list[LinkedEvent] = Field(description="in the order of the log")
    truncated: bool = Field(description="whether it led to more events than are here")
