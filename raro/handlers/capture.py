"""Finds the files an agent made or changed and captures their bytes into the blob store.

Called after every tool call and once more before a sandbox is closed, so that no file depends on which tool made it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from raro.errors import OutputNotFound, TooLarge, UnsafeFile
from raro.events.catalogue import AccessDenied, FileGenerated
from raro.files.blobs import BlobStore
from raro.files.content_types import HEAD_BYTES
from raro.files.safe_open import FoundFile, RefusedEntry, capture_beneath
from raro.files.workspace import Session
from raro.sandboxes.sandbox import Limits


@dataclass(frozen=True, slots=True)
class Capture:
    """What one look found: new or changed files, and entries that were refused."""

    files: tuple[FileGenerated, ...] = ()
    refused: tuple[AccessDenied, ...] = ()


@dataclass
class OutputWatch:
    """Remembers what an output folder held, so that only changes are captured.

    `known` maps a path to the hash it had when the agent began or when it was last captured.
    """

    agent_id: str
    session: Session
    blobs: BlobStore
    limits: Limits
    known: dict[str, str]
    _stamps: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    _paths: dict[str, str] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Take the folder as it is now for unchanged."""
        for entry in self._entries():
            if isinstance(entry, FoundFile):
                self._stamps[entry.name] = _stamp(entry)

    async def look(self, turn: int, call_id: str | None) -> Capture:
        """Capture what changed since the last look."""
        files: list[FileGenerated] = []
        refused: list[AccessDenied] = []
        for entry in self._entries():
            if isinstance(entry, RefusedEntry):
                self._refuse(entry.path, str(entry.reason), refused)
            elif self._stamps.get(entry.name) != _stamp(entry):
                await self._take(entry, turn, call_id, files, refused)
        return Capture(tuple(files), tuple(refused))

    def discard(self, name: str) -> None:
        """Take away a file that must not be kept; made again, it is looked at again."""
        self.known.pop(name, None)
        self._stamps.pop(name, None)
        self.session.remove_output(self._paths.get(name, name))

    def head_of(self, made: FileGenerated) -> bytes:
        """The first bytes of a captured file."""
        with self.blobs.path(made.sha256).open("rb") as file:
            return file.read(HEAD_BYTES)

    async def _take(
        self,
        entry: FoundFile,
        turn: int,
        call_id: str | None,
        files: list[FileGenerated],
        refused: list[AccessDenied],
    ) -> None:
        try:
            captured = await capture_beneath(self.session.output, entry.path, self.blobs, self.limits.file_bytes)
        except OutputNotFound:
            return
        except (UnsafeFile, TooLarge) as error:
            self._refuse(entry.name, error.message, refused)
            return
        self._stamps[entry.name] = _stamp(entry)
        self._paths[entry.name] = entry.path
        if self.known.get(entry.name) == captured.blob.sha256:
            return
        self.known[entry.name] = captured.blob.sha256
        files.append(
            FileGenerated(
                agent_id=self.agent_id,
                path=entry.name,
                sha256=captured.blob.sha256,
                size_bytes=captured.blob.size_bytes,
                turn=turn,
                call_id=call_id,
            )
        )

    def _refuse(self, path: str, reason: str, refused: list[AccessDenied]) -> None:
        if path not in self._told:
            self._told.add(path)
            refused.append(AccessDenied(path=path[:4096], reason=reason[:1000], agent_id=self.agent_id))

    def _entries(self) -> list[FoundFile | RefusedEntry]:
        return list(self.session.scan_output(max_entries=self.limits.files + 100))


def _stamp(entry: FoundFile) -> tuple[int, int, int]:
    return entry.inode, entry.size_bytes, entry.mtime_ns
