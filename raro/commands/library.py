"""Commands on the library: upload, link, unlink, delete, restore."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from raro.commands.aggregates import Aggregates, Appended, Caller
from raro.domain import library
from raro.domain.library import Slot
from raro.errors import FileNotFound, KeyReused
from raro.events.catalogue import EventData, FileUploaded
from raro.events.log import EventLog
from raro.events.shapes import BlobRef, Origin
from raro.events.subjects import file_id
from raro.files.names import checked_filename

PUBLIC = "public"
_Decide = Callable[[Slot], Sequence[EventData]]


class _DecideLink(Protocol):
    def __call__(self, slot: Slot, filename: str, *, public: bool) -> Sequence[EventData]: ...


@dataclass(frozen=True, slots=True)
class Done:
    """A command is on the log; views show it from `seq` on."""

    seq: int


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The version a name has now; `created` is False when these bytes were its current version before."""

    seq: int
    filename: str
    version: int
    sha256: str
    size_bytes: int
    content_type: str
    created: bool


def library_aggregates(log: EventLog) -> Aggregates[Slot]:
    """The slots of all libraries."""
    return Aggregates(log, "library", Slot(), library.evolve, optimistic=True)


class LibraryCommands:
    """What a person may do with files of the library. Every method raises BadName for a bad name."""

    def __init__(self, slots: Aggregates[Slot], *, grace: timedelta) -> None:
        self.slots = slots
        self._grace = grace

    async def upload(
        self, caller: Caller, filename: str, blob: BlobRef, content_type: str, origin: Origin | None = None
    ) -> Uploaded:
        """Record bytes that are in the blob store already as the name's newest version.

        Raises KeyReused when the caller's key stood for other bytes before.
        """
        filename = checked_filename(filename)
        where = origin or Origin()
        appended = await self._execute(
            caller,
            filename,
            "upload",
            lambda slot: library.decide_upload(slot, filename, blob, content_type, where),
        )
        version = _uploaded(appended)
        if version.sha256 != blob.sha256:
            raise KeyReused(f"this Idempotency-Key was used to upload other bytes as {filename!r}. Use a new key.")
        return Uploaded(
            appended.seq,
            filename,
            version.version_number,
            version.sha256,
            version.size_bytes,
            version.content_type,
            bool(appended.events),
        )

    async def link(self, caller: Caller, filename: str) -> Done:
        """Give the file to the client's next runs. Raises FileNotFound."""
        return await self._linking(caller, filename, "link", library.decide_link)

    async def unlink(self, caller: Caller, filename: str) -> Done:
        """Give it to no more runs. Raises FileNotFound."""
        return await self._linking(caller, filename, "unlink", library.decide_unlink)

    async def delete(self, caller: Caller, filename: str) -> Done:
        """Delete the client's own file. Raises FileNotFound."""
        return await self._simple(caller, filename, "delete", lambda slot: library.decide_delete(slot, filename))

    async def restore(self, caller: Caller, filename: str, version: int | None = None) -> Done:
        """Undo a deletion, or go back to an older version. Raises FileNotFound, WrongState, GraceOver."""
        cause = caller.cause(f"restore {filename} {version}")
        return await self._simple(
            caller,
            filename,
            f"restore {version}",
            lambda slot: library.decide_restore(slot, filename, version, now=cause.time, grace=self._grace),
        )

    async def is_public(self, filename: str) -> bool:
        """Whether everyone can read a file of that name."""
        filename = checked_filename(filename)
        return (await self.slots.load(PUBLIC, file_id(PUBLIC, filename))).state.current is not None

    async def _linking(self, caller: Caller, filename: str, command: str, decide: _DecideLink) -> Done:
        """The public library is asked only when the client has no such file of its own."""
        try:
            return await self._simple(caller, filename, command, lambda slot: decide(slot, filename, public=False))
        except FileNotFound:
            if not await self.is_public(filename):
                raise
        return await self._simple(caller, filename, command, lambda slot: decide(slot, filename, public=True))

    async def _simple(self, caller: Caller, filename: str, command: str, decide: _Decide) -> Done:
        return Done((await self._execute(caller, checked_filename(filename), command, decide)).seq)

    async def _execute(self, caller: Caller, filename: str, command: str, decide: _Decide) -> Appended[Slot]:
        cause = caller.cause(f"library {command} {filename}")
        return await self.slots.execute(caller.client_id, file_id(caller.client_id, filename), cause, decide)


def _uploaded(appended: Appended[Slot]) -> FileUploaded:
    for event in appended.events:
        if isinstance(event.data, FileUploaded):
            return event.data
    assert appended.state.current is not None
    return appended.state.current
