"""Values that events carry: blob references, inputs, origins, and the workflow a run was started with.

The workflow keeps the original system's JSON (ARCHITECTURE.md section 7), so its clients work unchanged.
Rules about these values (cycles, unknown dependencies) live in `raro.domain`, not here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """An immutable value; unknown fields of newer writers are ignored on reading."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class BlobRef(Shape):
    """Bytes kept in the blob store: hex SHA-256 and length."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=0)


class Origin(Shape):
    """Where a library version came from: a person's upload, a dropped file, an artifact, an older version."""

    kind: Literal["upload", "dropped", "artifact", "version"] = "upload"
    run_id: str | None = None
    agent_id: str | None = None
    path: str | None = None
    version: int | None = None


class InputFile(Shape):
    """One file a run was given, pinned to the exact bytes.

    `name` is the path below `input/`. A file that did not exist when the run started has no
    `sha256`; preparing the session then fails the run and names it.
    """

    name: str
    kind: Literal["library", "artifact"] = "library"
    scope: Literal["private", "public"] | None = None
    version: int | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    content_type: str | None = None
    run_id: str | None = None
    path: str | None = None


class ToolCall(Shape):
    """A call the model asked for; `args` larger than an event allows are in `args_blob`."""

    call_id: str
    name: str
    args: dict[str, Any] = {}
    args_blob: BlobRef | None = None


class AttachedArtifact(Shape):
    """An earlier run's artifact given to a new run; the newest version unless one is named."""

    run_id: str
    path: str
    version: int | None = Field(default=None, ge=1)


AGENT_ID = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$"


class AgentSpec(Shape):
    """One agent of a workflow, as the original system's clients send it."""

    id: str = Field(pattern=AGENT_ID, examples=["analyze_penguins"])
    role: Literal["orchestrator", "worker", "observer"] = "worker"
    model: str = Field(default="fast", description="fast, reasoning, thinking or a model's id")
    thinking: Literal["none", "low", "medium", "high"] | None = Field(
        default=None, description="how much the model may think before it answers; its tier's own when absent"
    )
    tools: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    prompt: str = Field(default="", max_length=20_000)
    accepts_directive: bool = False
    user_directive: str = Field(default="", max_length=20_000)
    allow_delegation: bool = False
    input_schema: Any = None
    output_schema: Any = None
    position: dict[str, float] | None = None
    attached_files: tuple[str, ...] | None = Field(
        default=None, description="the inputs this agent should look at; all of the run's when absent"
    )


class WorkflowConfig(Shape):
    """A graph of agents and its limits; 0 tokens or 0 ms means without limit."""

    id: str = Field(default="workflow", min_length=1, max_length=128)
    name: str = Field(default="", max_length=256)
    agents: tuple[AgentSpec, ...] = Field(default=(), max_length=100)
    max_token_budget: int = Field(default=0, ge=0)
    timeout_ms: int = Field(default=0, ge=0)
    attached_files: tuple[str, ...] | None = None
    retention_days: float | None = Field(default=None, gt=0, le=3650)
    allow_network: bool = Field(default=False, description="whether code of this run may reach the network")
    on_failure: Literal["ask", "fail"] | None = Field(
        default=None, description="what an agent's failure does; the rules decide when absent"
    )


class Promoted(Shape):
    """The facts of one artifact version, the same in REST, SSE and metadata.json."""

    path: str
    version: int = Field(ge=1)
    agent_id: str
    sha256: str
    size_bytes: int
    content_type: str
    generated_at: datetime
