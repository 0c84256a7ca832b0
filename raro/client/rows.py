"""The shapes of the server's answers (ARCHITECTURE.md section 7), for type checkers.

They are the JSON itself, not copies of it: keys that a newer server adds are kept. Times are RFC 3339
text in UTC, sizes are bytes.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class LibraryFile(TypedDict):
    """One name in the library with its current version."""

    filename: str
    size_bytes: int
    content_type: str
    sha256: str
    version: int
    uploaded_at: str
    linked: bool
    scope: str
    origin: NotRequired[dict[str, Any]]
    seq: NotRequired[int]


class LibraryListing(TypedDict):
    """The library as of event `seq`."""

    files: list[LibraryFile]
    seq: int


class FileVersion(TypedDict):
    """One version of a library file."""

    version: int
    sha256: str
    size_bytes: int
    content_type: str
    uploaded_at: str


class VersionListing(TypedDict):
    """Every version of one name, newest first."""

    versions: list[FileVersion]


class Done(TypedDict):
    """A command's answer: the event log's position at which it can be seen."""

    seq: int
    success: NotRequired[bool]


class Started(TypedDict):
    """A run was accepted."""

    success: bool
    run_id: str
    seq: int


class Invocation(TypedDict):
    """One turn of an agent."""

    id: str
    agent_id: str
    model_variant: NotRequired[str | None]
    tools_used: NotRequired[list[str]]
    tokens_used: NotRequired[int]
    latency_ms: NotRequired[int]
    status: str
    timestamp: NotRequired[str]
    error_message: NotRequired[str | None]


class AgentRow(TypedDict):
    """One agent of a run: idle, scheduled, running, finished or failed; `message` says why it failed."""

    agent_id: str
    status: str
    turns: NotRequired[int]
    model: NotRequired[str | None]
    code: NotRequired[str | None]
    message: NotRequired[str | None]


class RunRow(TypedDict):
    """One run in a listing."""

    run_id: str
    status: str
    workflow_id: NotRequired[str]
    name: NotRequired[str]
    directive: NotRequired[str]
    started_at: NotRequired[str]
    ended_at: NotRequired[str | None]
    code: NotRequired[str | None]
    reason: NotRequired[str | None]


class RunListing(TypedDict):
    """The client's runs, newest first."""

    runs: list[RunRow]
    seq: NotRequired[int]


class RunState(TypedDict):
    """One run with its agents and their turns, in the original system's form."""

    run_id: str
    client_id: str
    status: str
    active_agents: list[str]
    completed_agents: list[str]
    failed_agents: list[str]
    invocations: list[Invocation]
    workflow_id: NotRequired[str]
    directive: NotRequired[str]
    total_tokens_used: NotRequired[int]
    start_time: NotRequired[str]
    end_time: NotRequired[str | None]
    code: NotRequired[str | None]
    reason: NotRequired[str | None]
    agents: NotRequired[list[AgentRow]]


class ArtifactRow(TypedDict):
    """One artifact with its current version; `filename` is its path within the run."""

    filename: str
    agent_id: str
    generated_at: str
    size_bytes: int
    content_type: str
    sha256: str
    version: int
    run_id: NotRequired[str]
    pinned: NotRequired[bool]
    expires_at: NotRequired[str | None]
    status: NotRequired[str]


class RunMetadata(TypedDict):
    """metadata.json of one run."""

    run_id: str
    workflow_id: str
    user_directive: str
    created_at: str
    expires_at: str | None
    status: str
    artifacts: list[ArtifactRow]


class RunArtifacts(TypedDict):
    """One run of an artifact listing."""

    run_id: str
    metadata: RunMetadata


class ArtifactListing(TypedDict):
    """Artifacts by run; `next` continues the listing when there is more."""

    artifacts: list[RunArtifacts]
    seq: int
    next: NotRequired[str | None]


class Template(TypedDict):
    """A workflow to begin from."""

    id: str
    name: str
    description: str
    workflow: dict[str, Any]


class Scenario(TypedDict):
    """A run that only needs its files to be in the library."""

    id: str
    name: str
    directive: str
    attached_files: list[str]
    workflow: dict[str, Any]


class TemplateListing(TypedDict):
    """Workflows to begin from, and prepared runs."""

    templates: list[Template]
    scenarios: list[Scenario]


class Saved(Done):
    """An artifact became this version of a library file."""

    filename: str
    library_version: int


class LogEvent(TypedDict):
    """One event as `/audit/events` shows it."""

    seq: int
    id: str
    type: str
    subject: str
    client_id: str
    actor: str
    time: str
    correlation_id: str
    causation_id: str
    data: dict[str, Any]


class EventPage(TypedDict):
    """Some events in order; `next` continues the listing."""

    events: list[LogEvent]
    next: str | int | None


class LineageNode(TypedDict):
    """A version of a file, an agent of a run, or a web page."""

    id: str
    kind: Literal["library", "artifact", "agent", "web"]
    name: str
    run_id: NotRequired[str]
    version: NotRequired[int]
    scope: NotRequired[str]
    sha256: NotRequired[str]
    size_bytes: NotRequired[int]
    gone: NotRequired[str | None]
    pinned: NotRequired[bool]


class LineageEdge(TypedDict):
    """`source` went into `target`: given, read, made, saved or restored."""

    source: str
    target: str
    relation: str
    turn: int | None


class LineageGraph(TypedDict):
    """What was found; `truncated` when there is more than was asked for."""

    nodes: list[LineageNode]
    edges: list[LineageEdge]
    truncated: bool


class Lineage(TypedDict):
    """What versions of a file (`roots`) were made from, and what was made from them."""

    roots: list[str]
    made_from: LineageGraph
    used_by: LineageGraph
    seq: int
    kept_for: NotRequired[list[dict[str, Any]]]
