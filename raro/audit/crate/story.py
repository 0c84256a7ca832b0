"""What a run's events tell, folded into one value; pure. What a package says of a run is made from this alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from raro.events import catalogue as say
from raro.events.envelope import Event
from raro.events.shapes import InputFile, Promoted

_ENDS = {"completed": "completed", "failed": "failed", "stopped": "stopped"}


@dataclass(frozen=True, slots=True)
class Upload:
    """Who put a version into the library, and when."""

    filename: str
    version: int
    sha256: str
    actor: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of an agent's model, or of the person who answered in its place."""

    agent_id: str
    turn: int
    model: str
    time: datetime
    tokens_in: int
    tokens_out: int
    answered_by: str | None


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A version of an artifact, the turn it was made in and what its agent was seen to read."""

    artifact: Promoted
    turn: int
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """An artifact was kept in the library."""

    path: str
    version: int
    sha256: str
    filename: str
    library_version: int
    actor: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person was asked, and what was decided."""

    approval_id: str
    reason: str
    decision: str
    note: str
    actor: str
    time: datetime


@dataclass(slots=True)
class Story:
    """A run, as far as its events go."""

    run_id: str = ""
    client_id: str = ""
    name: str = ""
    directive: str = ""
    started_by: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    status: str = "running"
    last_at: datetime | None = None
    inputs: tuple[InputFile, ...] = ()
    uploads: list[Upload] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    files: dict[str, list[FileVersion]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    saved: list[Saved] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    decided: list[Decided] = field(default_factory=list)

    @property
    def kept(self) -> dict[str, FileVersion]:
        """The current version of every artifact that is there."""
        return {path: versions[-1] for path, versions in sorted(self.files.items()) if path not in self.gone}


def story_of(events: Iterable[Event]) -> Story:
    """Fold a run's events, and the uploads beside them, in the order of the log."""
    story = Story()
    for event in events:
        story.last_at = event.time
        match event.data:
            case say.Started():
                _start(story, event, event.data)
            case say.Completed() | say.Failed() | say.Stopped():
                story.status, story.ended_at = _ENDS[event.data.event], event.time
            case say.AgentEvent():
                _agent(story, event, event.data)
            case say.ArtifactEvent():
                _artifact(story, event, event.data)
            case say.ApprovalRequested(approval_id=approval_id, reason=reason):
                story.asked[approval_id] = reason
            case say.ApprovalGranted() | say.ApprovalDenied():
                _decide(story, event, event.data)
            case say.FileUploaded(filename=filename, version_number=version, sha256=sha256):
                story.uploads.append(Upload(filename, version, sha256, event.actor, event.time))
    return story


def origin_of_input(story: Story, given: InputFile) -> Upload | None:
    """The upload that a library input is."""
    return next(
        (
            upload
            for upload in story.uploads
            if given.kind == "library" and (upload.filename, upload.sha256) == (given.name, given.sha256)
        ),
        None,
    )


def people(story: Story) -> Sequence[str]:
    """Everybody who did something, but agents and the system."""
    actors = [story.started_by, *(upload.actor for upload in story.uploads), *(one.actor for one in story.saved)]
    actors += [one.actor for one in story.decided] + [turn.answered_by or "" for turn in story.turns]
    return sorted({actor for actor in actors if actor.startswith("user:")})


def _start(story: Story, event: Event, data: say.Started) -> None:
    story.run_id = event.subject.split(".")[4]
    story.client_id = event.client_id
    story.name, story.directive = data.workflow.name, data.directive
    story.started_by, story.started_at = event.actor, event.time
    story.inputs = data.inputs


def _agent(story: Story, event: Event, data: say.AgentEvent) -> None:
    match data:
        case say.AgentStarted(agent_id=agent_id, model=model):
            story.models[agent_id] = model
        case say.AgentTurnCompleted():
            story.turns.append(
                Turn(
                    data.agent_id,
                    data.turn,
                    data.model,
                    event.time,
                    data.tokens_in,
                    data.tokens_out,
                    data.answered_by,
                )
            )


def _artifact(story: Story, event: Event, data: say.ArtifactEvent) -> None:
    match data:
        case say.ArtifactPromoted(path=path, artifact=artifact, turn=turn, inputs=reads):
            story.files.setdefault(path, []).append(FileVersion(artifact, turn, reads))
            story.gone.discard(path)
        case say.ArtifactDeleted(path=path) | say.ArtifactExpired(path=path):
            story.gone.add(path)
        case say.ArtifactRestored(path=path):
            story.gone.discard(path)
        case say.ArtifactSavedToLibrary():
            story.saved.append(
                Saved(
                    data.path,
                    data.version_number,
                    data.sha256,
                    data.filename,
                    data.library_version,
                    event.actor,
                    event.time,
                )
            )


def _decide(story: Story, event: Event, data: say.ApprovalGranted | say.ApprovalDenied) -> None:
    reason = story.asked.get(data.approval_id, "")
    story.decided.append(Decided(data.approval_id, reason, data.decision, data.note, event.actor, event.time))
