"""Tools about the client's files and runs, there for everyone; those of one run's workspace are `workspace`'s.

None decides what runs ask a person: whoever calls these may be a model itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from raro.client import RaroClient
from raro.mcp.addresses import ArtifactAddress, LibraryAddress, OutputAddress
from raro.mcp.reading import MAX_PART_BYTES, Contents, read_some


@dataclass(frozen=True, slots=True)
class Given:
    """A tool's answer: an object for programs (and as JSON for models), and contents of a file beside it."""

    answer: dict[str, Any]
    contents: Contents | None = None


class Arguments(BaseModel):
    """Arguments of a tool; one that does not exist is refused, so that nobody believes it did something."""

    model_config = ConfigDict(extra="forbid")


class ListLibrary(Arguments):
    """Which library files."""

    q: str = Field(default="", description="only names that contain this")


class ListArtifacts(Arguments):
    """Which artifacts."""

    q: str | None = Field(default=None, description="only names that contain this")
    run_id: str | None = Field(default=None, description="only of this run")
    agent_id: str | None = Field(default=None, description="only of this agent")
    type: str | None = Field(default=None, description="content type, its first half, or a file ending: csv")
    limit: int = Field(default=100, ge=1, le=500)
    cursor: str | None = Field(default=None, description="`next` of the page before")


class ReadPart(Arguments):
    """Which bytes of what."""

    uri: str = Field(description="a raro:// address, as lists give it")
    offset: int = Field(default=0, ge=0, le=1 << 62, description="bytes to skip")
    limit: int = Field(default=50_000, ge=1, le=MAX_PART_BYTES, description="bytes at most")


class SaveToLibrary(Arguments):
    """Which artifact, under which name."""

    run_id: str
    path: str = Field(description="the artifact's path within its run")
    filename: str | None = Field(default=None, description="another name in the library")


class StartRun(Arguments):
    """What agents are to do."""

    directive: str = Field(min_length=1, max_length=20_000, description="what is wanted, in a sentence or more")
    attached_files: list[str] | None = Field(default=None, description="library files; the linked ones when absent")


class RunOf(Arguments):
    """Which run."""

    run_id: str


class ListRuns(Arguments):
    """How many runs."""

    limit: int = Field(default=20, ge=1, le=200)


async def list_library(client: RaroClient, asked: ListLibrary) -> Given:
    """List the files of the library, with their raro:// addresses."""
    keys = ("filename", "size_bytes", "content_type", "version", "linked", "scope")
    rows = (await client.library.list())["files"]
    found = [row for row in rows if asked.q.casefold() in row["filename"].casefold()]
    return Given({"files": [{**_some(row, keys), "uri": str(LibraryAddress(row["filename"]))} for row in found]})


async def list_artifacts(client: RaroClient, asked: ListArtifacts) -> Given:
    """List files that agents made, newest first, with their raro:// addresses."""
    listing = await client.artifacts.list(
        q=asked.q, run_id=asked.run_id, agent=asked.agent_id, type=asked.type, limit=asked.limit, cursor=asked.cursor
    )
    keys = ("filename", "agent_id", "generated_at", "size_bytes", "content_type", "version", "expires_at")
    rows = [
        {"run_id": run["run_id"], **_some(row, keys), "uri": str(ArtifactAddress(run["run_id"], row["filename"]))}
        for run in listing["artifacts"]
        for row in run["metadata"]["artifacts"]
    ]
    return Given({"artifacts": rows, "next": listing.get("next")})


async def read_part(client: RaroClient, asked: ReadPart) -> Given:
    """Read bytes of a library file, an artifact or an agent's output; `next_offset` reads on, null at the end."""
    contents, part = await read_some(client, asked.uri, offset=asked.offset, limit=asked.limit)
    answer = {
        "uri": contents.uri,
        "content_type": part.content_type,
        "offset": part.offset,
        "size_bytes": part.size_bytes,
        "next_offset": part.end if part.end < part.size_bytes else None,
    }
    return Given(answer, contents)


async def save_to_library(client: RaroClient, asked: SaveToLibrary) -> Given:
    """Save an artifact to the library, where it does not expire and can be linked to runs."""
    saved = await client.artifacts.promote(asked.run_id, asked.path, filename=asked.filename)
    return Given({**saved, "uri": str(LibraryAddress(saved["filename"]))})


async def start_run(client: RaroClient, asked: StartRun) -> Given:
    """Start a run: a team of agents works on the directive and the files. It goes on by itself; see run_state."""
    return Given(dict(await client.runs.start(asked.model_dump(exclude_none=True))))


async def run_state(client: RaroClient, asked: RunOf) -> Given:
    """What became of a run: its status, its agents, what it asks a person, the addresses of finished outputs."""
    state = await client.runs.state(asked.run_id)
    keys = ("run_id", "status", "directive", "start_time", "end_time", "code", "reason", "files", "total_tokens_used")
    agents = [
        _some(agent, ("agent_id", "status", "turns", "depends_on", "summary", "code", "message"))
        | ({"output": str(OutputAddress(asked.run_id, agent["agent_id"]))} if agent["status"] == "finished" else {})
        for agent in state.get("agents", [])
    ]
    waiting = await client.approvals.list(status="pending", run_id=asked.run_id)
    asks = [_some(row, ("approval_id", "agent_id", "kind", "reason", "options")) for row in waiting]
    return Given({**_some(state, keys), "agents": agents, "asks_a_person": asks})


async def list_runs(client: RaroClient, asked: ListRuns) -> Given:
    """List runs, newest first."""
    keys = ("run_id", "status", "directive", "started_at", "ended_at", "files", "reason")
    return Given({"runs": [_some(row, keys) for row in (await client.runs.list(limit=asked.limit))["runs"]]})


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: how its arguments are read, what it does (its docstring is what is told of it), how much it changes."""

    arguments: type[Arguments]
    run: Callable[[RaroClient, Any], Awaitable[Given]]
    effect: Literal["reads", "adds"]

    @property
    def description(self) -> str:
        """What a model is told."""
        return self.run.__doc__ or ""


TOOLS: Mapping[str, Tool] = {
    "list_library": Tool(ListLibrary, list_library, "reads"),
    "list_artifacts": Tool(ListArtifacts, list_artifacts, "reads"),
    "read_part": Tool(ReadPart, read_part, "reads"),
    "save_to_library": Tool(SaveToLibrary, save_to_library, "adds"),
    "start_run": Tool(StartRun, start_run, "adds"),
    "run_state": Tool(RunOf, run_state, "reads"),
    "list_runs": Tool(ListRuns, list_runs, "reads"),
}


def _some(row: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The fields that a model has use for."""
    return {key: row[key] for key in keys if row.get(key) is not None}
