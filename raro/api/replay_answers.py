"""The JSON of answers about the past, as models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from raro.api.answers import Answer, ArtifactRow, LibraryRow, RunMetadata, RunRow, RunState, RunStatus


class Moment(Answer):
    """A point of the log: after event `seq`, which happened at `time`."""

    seq: int = Field(examples=[120])
    time: str | None = Field(examples=["2026-11-20T12:00:00.000Z"], description="null before the first event")


class PastLibraryRow(LibraryRow):
    """A file as the client saw it then."""

    erased: bool | None = Field(default=None, description="true when its bytes are gone since; absent otherwise")


class PastArtifactRow(ArtifactRow):
    """An artifact as it was then."""

    erased: bool | None = Field(default=None, description="true when its bytes are gone since; absent otherwise")


class PastRunMetadata(RunMetadata):
    """A run with the artifacts it had then."""

    artifacts: list[PastArtifactRow]  # type: ignore[assignment]  # each row is an ArtifactRow, and may be erased


class PastRunArtifacts(Answer):
    """A run in the listing."""

    run_id: str
    metadata: PastRunMetadata


class NextPages(Answer):
    """Cursors of the pages behind; null at the end."""

    artifacts: str | None = None
    runs: str | None = None


class ReplayAnswer(Moment):
    """What there was at a point of the log; only the views that were asked for."""

    head: int = Field(description="the log's last event now")
    library: list[PastLibraryRow] | None = None
    artifacts: list[PastRunArtifacts] | None = None
    runs: list[RunRow] | None = None
    state: RunState | None = None
    next: NextPages
    erased: int = Field(description="how many of these files have no bytes any more")


class Cut(Answer):
    """How many rows of each kind are left out."""

    added: int
    removed: int
    changed: int


class ChangedRow(Answer):
    """A row that both points have, and which of its fields are not the same."""

    fields: list[str] = Field(examples=[["version", "sha256", "size_bytes"]])
    before: dict[str, Any]
    after: dict[str, Any]


class ViewDifference(Answer):
    """What is different in a view; rows are as in `replay`."""

    added: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    changed: list[ChangedRow]
    cut: Cut


class PointsDifference(Answer):
    """What is different between two points."""

    from_: Moment = Field(alias="from")
    to: Moment
    library: ViewDifference
    artifacts: ViewDifference
    runs: ViewDifference


class ChangedField(Answer):
    """A value that is not the same; long texts are cut and say so."""

    name: str = Field(examples=["directive"])
    before: Any
    after: Any


class ContentDifference(Answer):
    """How two files' bytes differ; `kind` says which fields count, `notes` what was cut.

    `erased`: the bytes of one of them are gone. `left_out`: there were too many files to compare.
    """

    kind: Literal["text", "table", "bytes", "erased", "left_out"]
    notes: list[str]
    unified: str | None = Field(default=None, description="text: hunks as `diff -u` writes them")
    lines_added: int | None = None
    lines_removed: int | None = None
    columns: list[str] | None = Field(default=None, description="table: the columns both have")
    columns_added: list[str] | None = None
    columns_removed: list[str] | None = None
    rows_before: int | None = None
    rows_after: int | None = None
    rows_added: int | None = None
    rows_removed: int | None = None
    only_before: list[list[str | None]] | None = Field(default=None, description="table: the first rows that went")
    only_after: list[list[str | None]] | None = Field(default=None, description="table: the first rows that came")


class ChangedNamed(ChangedRow):
    """An input, or a file with how its contents differ, that both runs have under this name."""

    name: str = Field(examples=["report.md"])
    difference: ContentDifference | None = None


class NamedDifference(Answer):
    """What is different by name; `same` is how many are not."""

    added: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    changed: list[ChangedNamed]
    same: int
    cut: Cut


class ChangedAgent(Answer):
    """An agent that both runs have."""

    agent_id: str
    parameters: list[ChangedField]
    results: list[ChangedField]
    output: ContentDifference | None


class AgentsDifference(Answer):
    """Agents by id."""

    added: list[str]
    removed: list[str]
    changed: list[ChangedAgent]
    same: int


class RunHead(Answer):
    """One of the two runs."""

    run_id: str
    workflow_id: str
    name: str
    directive: str
    status: RunStatus
    start_time: str
    end_time: str | None


class RunsDifference(Answer):
    """What is different between two runs."""

    from_: RunHead = Field(alias="from")
    to: RunHead
    parameters: list[ChangedField]
    inputs: NamedDifference
    agents: AgentsDifference
    results: list[ChangedField]
    files: NamedDifference
