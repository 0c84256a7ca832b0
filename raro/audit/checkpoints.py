"""Signed checkpoints as files, one each, named by its size; the same in the first place and in the second."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from raro.audit.notes import MAX_NOTE_BYTES, BadNote, Checkpoint, Verifier
from raro.files.faults import storage_faults

_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint's file: the size in its name, and its bytes as text."""

    size: int
    note: str


class CheckpointFolder:
    """The checkpoints of one log in one folder; a file is written once and never changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, size: int, note: str) -> None:
        """Keep a checkpoint; on disk when this returns. Raises StorageFault, StorageFull."""
        with storage_faults(f"write a checkpoint into {str(self.folder)!r}"):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._path(size)
            beside = path.with_name(f".{path.name}.new")
            with beside.open("wb") as file:
                file.write(note.encode())
                file.flush()
                os.fsync(file.fileno())
            beside.rename(path)
            descriptor = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def sizes(self) -> list[int]:
        """The sizes that have a checkpoint, ascending."""
        with suppress(FileNotFoundError), storage_faults(f"list the checkpoints in {str(self.folder)!r}"):
            names = os.listdir(self.folder) if self.folder.exists() else []
            return sorted(int(name) for name in names if len(name) == _DIGITS and name.isascii() and name.isdigit())
        return []

    def read(self, size: int) -> Kept:
        """One checkpoint as it is in its file. Raises StorageFault."""
        with storage_faults(f"read checkpoint {size}"), self._path(size).open("rb") as file:
            return Kept(size, file.read(MAX_NOTE_BYTES + 1).decode(errors="replace"))

    def last(self) -> Kept | None:
        """The largest one."""
        sizes = self.sizes()
        return self.read(sizes[-1]) if sizes else None

    def _path(self, size: int) -> Path:
        return self.folder / f"{size:0{_DIGITS}d}"


def opened(kept: Kept, verifier: Verifier, origin: str) -> Checkpoint:
    """A checkpoint of this log that the key signed. Raises BadNote."""
    checkpoint = verifier.open(kept.note)
    if checkpoint.origin != origin:
        raise BadNote(f"it is of the log {checkpoint.origin!r}, not of {origin!r}")
    if checkpoint.size != kept.size:
        raise BadNote(f"its file says {kept.size} events, its text {checkpoint.size}")
    return checkpoint
