"""One name in one client's library: its versions, whether it is linked, whether it is deleted.

`decide_*` take the state and a command's facts and return the events to append; no event means that the
state is already as asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from raro.errors import FileNotFound, GraceOver, WrongState
from raro.events.catalogue import (
    FileDeleted,
    FileLinked,
    FileRestored,
    FileUnlinked,
    FileUploaded,
    LibraryEvent,
)
from raro.events.envelope import Event
from raro.events.shapes import BlobRef, Origin


@dataclass(frozen=True, slots=True)
class Slot:
    """The state of one name; `versions` in order, the last is current."""

    versions: tuple[FileUploaded, ...] = ()
    linked: bool = False
    deleted_at: datetime | None = None

    @property
    def current(self) -> FileUploaded | None:
        """The version a reader gets now, None when there is none or it is deleted."""
        return self.versions[-1] if self.versions and self.deleted_at is None else None


def evolve(slot: Slot, event: Event) -> Slot:
    """The slot after one of its events."""
    match event.data:
        case FileUploaded() as uploaded:
            return replace(slot, versions=(*slot.versions, uploaded), deleted_at=None)
        case FileLinked():
            return replace(slot, linked=True)
        case FileUnlinked():
            return replace(slot, linked=False)
        case FileDeleted():
            return replace(slot, deleted_at=event.time, linked=False)
        case FileRestored():
            return replace(slot, deleted_at=None)
        case _:
            return slot


def decide_upload(slot: Slot, filename: str, blob: BlobRef, content_type: str, origin: Origin) -> list[LibraryEvent]:
    """A new version; none when these very bytes are the current version already."""
    if slot.current and slot.current.sha256 == blob.sha256:
        return []
    return [
        FileUploaded(
            filename=filename,
            version_number=len(slot.versions) + 1,
            sha256=blob.sha256,
            size_bytes=blob.size_bytes,
            content_type=content_type,
            origin=origin,
        )
    ]


def decide_link(slot: Slot, filename: str, *, public: bool) -> list[LibraryEvent]:
    """Link it; `public` tells that a public file of that name can be read. Raises FileNotFound."""
    if slot.current is None and not public:
        raise _missing(filename)
    return [] if slot.linked else [FileLinked(filename=filename)]


def decide_unlink(slot: Slot, filename: str, *, public: bool) -> list[LibraryEvent]:
    """Unlink it. Raises FileNotFound when there is nothing of that name."""
    if slot.current is None and not public and not slot.linked:
        raise _missing(filename)
    return [FileUnlinked(filename=filename)] if slot.linked else []


def decide_delete(slot: Slot, filename: str) -> list[LibraryEvent]:
    """Delete it. Raises FileNotFound when it is not there (or only public)."""
    if slot.current is None:
        raise _missing(filename)
    return [FileDeleted(filename=filename)]


def decide_restore(
    slot: Slot, filename: str, version: int | None, *, now: datetime, grace: timedelta
) -> list[LibraryEvent]:
    """Bring back a deleted file, or make an older version the newest.

    Raises FileNotFound, WrongState when there is nothing to undo, GraceOver when it is too late.
    """
    if not slot.versions:
        raise _missing(filename)
    if slot.deleted_at is not None and now > slot.deleted_at + grace:
        raise GraceOver(
            f"{filename!r} was deleted on {slot.deleted_at:%Y-%m-%d %H:%M} UTC and could be restored for "
            f"{grace.total_seconds() / 3600:g} hours. Upload it again.",
            filename=filename,
        )
    if version is None or version == len(slot.versions):
        if slot.deleted_at is None:
            raise WrongState(f"{filename!r} is not deleted; name an older version to go back to it.", filename=filename)
        return [FileRestored(filename=filename)]
    return [_again(slot, filename, version)]


def _again(slot: Slot, filename: str, version: int) -> FileUploaded:
    if not 1 <= version <= len(slot.versions):
        raise FileNotFound(
            f"{filename!r} has no version {version}; it has 1 to {len(slot.versions)}.", filename=filename
        )
    older = slot.versions[version - 1]
    origin = Origin(kind="version", version=version)
    return older.model_copy(update={"version_number": len(slot.versions) + 1, "origin": origin})


def _missing(filename: str) -> FileNotFound:
    return FileNotFound(
        f"the library has no file {filename!r}. See `raro library` for its files, or upload it first.",
        filename=filename,
    )
