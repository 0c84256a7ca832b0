"""One path of a run's artifacts: versions, pin, expiry, deletion. `Run` holds one of these per path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from raro.errors import ArtifactNotFound, GraceOver, WrongState
from raro.events.catalogue import (
    ArtifactDeleted,
    ArtifactEvent,
    ArtifactExpired,
    ArtifactPinned,
    ArtifactPromoted,
    ArtifactRestored,
    ArtifactSavedToLibrary,
    ArtifactUnpinned,
    FileGenerated,
)
from raro.events.envelope import Event
from raro.events.shapes import Promoted


@dataclass(frozen=True, slots=True)
class Artifact:
    """The state of one path; `gone_at` is set while it is deleted or expired."""

    path: str
    versions: tuple[ArtifactPromoted, ...] = ()
    pinned: bool = False
    expires_at: datetime | None = None
    gone: Literal["deleted", "expired"] | None = None
    gone_at: datetime | None = None
    saved_as: str | None = None

    @property
    def live(self) -> bool:
        """Whether a reader gets it."""
        return bool(self.versions) and self.gone is None


Artifacts = Mapping[str, Artifact]


def evolve_artifact(artifact: Artifact, event: Event) -> Artifact:
    """The artifact after one of its events."""
    match event.data:
        case ArtifactPromoted() as promoted:
            return replace(
                artifact,
                versions=(*artifact.versions, promoted),
                expires_at=promoted.expires_at,
                gone=None,
                gone_at=None,
            )
        case ArtifactPinned():
            return replace(artifact, pinned=True)
        case ArtifactUnpinned(expires_at=expires_at):
            return replace(artifact, pinned=False, expires_at=expires_at)
        case ArtifactDeleted():
            return replace(artifact, gone="deleted", gone_at=event.time)
        case ArtifactExpired():
            return replace(artifact, gone="expired", gone_at=event.time)
        case ArtifactRestored(expires_at=expires_at):
            return replace(artifact, gone=None, gone_at=None, expires_at=expires_at)
        case ArtifactSavedToLibrary(filename=filename):
            return replace(artifact, saved_as=filename)
        case _:
            return artifact


def decide_promote(
    artifacts: Artifacts,
    generated: FileGenerated,
    event_id: str,
    time: datetime,
    content_type: str,
    *,
    retention: timedelta,
    reads: tuple[str, ...],
) -> ArtifactPromoted:
    """The next version of the path a file was generated under; `event_id` is the file_generated event's.

    `time` is when it was generated, or when a person allowed it: it is kept from then on.
    """
    earlier = artifacts.get(generated.path, Artifact(generated.path))
    return ArtifactPromoted(
        path=generated.path,
        artifact=Promoted(
            path=generated.path,
            version=len(earlier.versions) + 1,
            agent_id=generated.agent_id,
            sha256=generated.sha256,
            size_bytes=generated.size_bytes,
            content_type=content_type,
            generated_at=time,
        ),
        generated_by=event_id,
        expires_at=time + retention,
        turn=generated.turn,
        inputs=reads,
    )


def decide_delete(artifacts: Artifacts, path: str | None, *, reason: str = "") -> list[ArtifactEvent]:
    """Delete one path, or every live one. Raises ArtifactNotFound when there is none."""
    return [ArtifactDeleted(path=artifact.path, reason=reason) for artifact in _live(artifacts, path)]


def decide_clear(artifacts: Artifacts) -> list[ArtifactEvent]:
    """Delete every live artifact that nobody pinned."""
    return [
        ArtifactDeleted(path=artifact.path, reason="cleared")
        for artifact in artifacts.values()
        if artifact.live and not artifact.pinned
    ]


def decide_pin(artifacts: Artifacts, path: str | None) -> list[ArtifactEvent]:
    """Pin one path, or every live one."""
    return [ArtifactPinned(path=artifact.path) for artifact in _live(artifacts, path) if not artifact.pinned]


def decide_unpin(artifacts: Artifacts, path: str | None, *, now: datetime, retention: timedelta) -> list[ArtifactEvent]:
    """Unpin; it is kept for a whole retention period from now."""
    return [
        ArtifactUnpinned(path=artifact.path, expires_at=now + retention)
        for artifact in _live(artifacts, path)
        if artifact.pinned
    ]


def decide_restore(
    artifacts: Artifacts, path: str | None, *, now: datetime, grace: timedelta, retention: timedelta
) -> list[ArtifactEvent]:
    """Bring back one path, or all that still can be.

    Raises ArtifactNotFound, WrongState when nothing is gone, GraceOver when it is too late.
    """
    gone = [artifact for artifact in _known(artifacts, path) if artifact.gone_at is not None]
    if not gone:
        raise WrongState(f"{path or 'the run'} has no deleted or expired artifact to restore.", path=path)
    in_time = [artifact for artifact in gone if artifact.gone_at and now <= artifact.gone_at + grace]
    if not in_time:
        raise GraceOver(
            f"{path or 'the artifacts'} could be restored for {grace.total_seconds() / 3600:g} hours after it went; "
            "that time has passed.",
            path=path,
        )
    return [ArtifactRestored(path=artifact.path, expires_at=now + retention) for artifact in in_time]


def decide_expire(artifacts: Artifacts, paths: frozenset[str], *, now: datetime) -> list[ArtifactEvent]:
    """Expire those of the named paths whose time is over and that nobody pinned."""
    return [
        ArtifactExpired(path=artifact.path)
        for artifact in artifacts.values()
        if artifact.path in paths
        and artifact.live
        and not artifact.pinned
        and artifact.expires_at is not None
        and artifact.expires_at <= now
    ]


def version_of(artifacts: Artifacts, path: str, version: int | None) -> ArtifactPromoted:
    """One version of a live path, the newest when none is named. Raises ArtifactNotFound."""
    artifact = _live(artifacts, path)[0]
    number = version or len(artifact.versions)
    if not 1 <= number <= len(artifact.versions):
        raise ArtifactNotFound(
            f"{path!r} has no version {number}; it has 1 to {len(artifact.versions)}.", path=path, version=version
        )
    return artifact.versions[number - 1]


def _known(artifacts: Artifacts, path: str | None) -> list[Artifact]:
    found = [artifact for artifact in artifacts.values() if path in (None, artifact.path) and artifact.versions]
    if not found:
        raise ArtifactNotFound(f"the run has no artifact {path!r}." if path else "the run has no artifacts.", path=path)
    return found


def _live(artifacts: Artifacts, path: str | None) -> list[Artifact]:
    found = [artifact for artifact in _known(artifacts, path) if artifact.live]
    if not found:
        raise ArtifactNotFound(
            f"{path!r} was deleted or has expired; restore it first." if path else "every artifact of the run is gone.",
            path=path,
        )
    return found
