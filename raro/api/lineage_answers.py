"""The JSON of answers on lineage, as models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from raro.api.answers import SHA, Answer, ArtifactVersion


class LineageNode(Answer):
    """A version of a file, an agent of a run, or a web page."""

    id: str = Field(examples=["artifact:run_5f2c8a9b7d1e4f60/report.md@1"])
    kind: Literal["library", "artifact", "agent", "web"]
    name: str = Field(description="the file's name or path, the agent's id, the page's address")
    run_id: str | None = None
    version: int | None = None
    scope: Literal["private", "public"] | None = Field(default=None, description="of a library file")
    sha256: str | None = Field(default=None, examples=[SHA])
    size_bytes: int | None = None
    content_type: str | None = None
    time: str | None = Field(default=None, description="when it was uploaded or generated")
    gone: Literal["deleted", "expired"] | None = Field(default=None, description="the file is not there any more")
    pinned: bool | None = Field(default=None, description="of an artifact")


class LineageEdge(Answer):
    """`source` went into `target`, both ids of nodes."""

    source: str
    target: str
    relation: Literal["given", "read", "made", "saved", "restored"] = Field(
        description="given: it lay before the agent; read: the agent was seen to read it"
    )
    turn: int | None = Field(default=None, description="the agent's first turn in which it was read, or was made")


class LineageGraph(Answer):
    """Everything that was found, the versions that were asked about first."""

    nodes: list[LineageNode]
    edges: list[LineageEdge]
    truncated: bool = Field(description="whether there is more than `limit` allows")


class Keeper(Answer):
    """Something that is kept and was made from the artifact."""

    kind: Literal["artifact", "library"]
    name: str
    run_id: str | None = None
    version: int | None = None


class Lineage(Answer):
    """What versions of a file were made from, and what was made from them."""

    roots: list[str] = Field(description="the ids of the versions that were asked about, newest first")
    made_from: LineageGraph
    used_by: LineageGraph
    seq: int


class ArtifactLineage(Lineage):
    """An artifact's lineage, with what its run was given in short."""

    run_id: str
    filename: str
    versions: list[ArtifactVersion]
    read: list[dict[str, Any]] = Field(description="what its agent was seen to read, by version")
    runs: list[dict[str, Any]] = Field(description="what its run, and the runs before it, were given")
    saved: list[dict[str, Any]] = Field(description="the library versions it became")
    kept_for: list[Keeper] = Field(description="what is kept and was made from it: it does not expire under these")


class LibraryLineage(Lineage):
    """A library file's lineage."""

    filename: str
