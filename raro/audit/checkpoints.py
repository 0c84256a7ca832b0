"""Signed checkpoints, one file or object each, named by its size; the same in the first place and in the second.

The second place is a folder, or an object store (`s3://`, `gs://`, `az://`) through obstore, which reads its own
variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT and so on).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from raro.audit.notes import MAX_NOTE_BYTES, BadNote, Checkpoint, Verifier
from raro.errors import StorageFault
from raro.files.faults import storage_faults

_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint's file: the size in its name, and its bytes as text."""

    size: int
    note: str


class CheckpointPlace(Protocol):
    """Where checkpoints of one log are kept. Everything raises StorageFault or StorageFull, and blocks."""

    def write(self, size: int, note: str) -> None:
        """Keep a checkpoint; it is safe when this returns."""

    def sizes(self) -> list[int]:
        """The sizes that have a checkpoint, ascending."""

    def read(self, size: int) -> Kept:
        """One checkpoint as it is there."""


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
            return _sizes(names)
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
        return self.folder / _name(size)


class CheckpointBucket:
    """The checkpoints of one log below a prefix of an object store; an object is put once and never again."""

    def __init__(self, url: str, incarnation: str) -> None:
        self._url = url
        self._prefix = incarnation
        self._opened: Any = None

    def write(self, size: int, note: str) -> None:
        """Put a checkpoint."""
        import obstore

        with self._faults("put a checkpoint into"):
            obstore.put(self._store(), f"{self._prefix}/{_name(size)}", note.encode(), mode="create")

    def sizes(self) -> list[int]:
        """The sizes that have a checkpoint, ascending."""
        import obstore

        with self._faults("list the checkpoints in"):
            pages = obstore.list(self._store(), f"{self._prefix}/")
            return _sizes([item["path"].rpartition("/")[2] for page in pages for item in page])

    def read(self, size: int) -> Kept:
        """One checkpoint as it is there."""
        import obstore

        with self._faults(f"read checkpoint {size} from"):
            data = bytes(obstore.get(self._store(), f"{self._prefix}/{_name(size)}").bytes())
            return Kept(size, data[: MAX_NOTE_BYTES + 1].decode(errors="replace"))

    def _store(self) -> Any:
        if self._opened is None:
            from obstore.store import from_url

            client: Any = {"timeout": "20s", "connect_timeout": "5s", "allow_http": True}
            retry: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
            self._opened = from_url(self._url, client_options=client, retry_config=retry)
        return self._opened

    @contextmanager
    def _faults(self, doing: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            why = " ".join(str(error).split())[:300]
            raise StorageFault(
                f"could not {doing} {self._url}: {why}. Check RARO_CHECKPOINTS and the store's keys.", reason=why
            ) from error


def opened(kept: Kept, verifier: Verifier, origin: str) -> Checkpoint:
    """A checkpoint of this log that the key signed. Raises BadNote."""
    checkpoint = verifier.open(kept.note)
    if checkpoint.origin != origin:
        raise BadNote(f"it is of the log {checkpoint.origin!r}, not of {origin!r}")
    if checkpoint.size != kept.size:
        raise BadNote(f"its file says {kept.size} events, its text {checkpoint.size}")
    return checkpoint


def second_place(where: str, incarnation: str) -> CheckpointPlace:
    """The place that RARO_CHECKPOINTS names: a folder, or the URL of an object store."""
    if "://" in where and not where.startswith("file://"):
        return CheckpointBucket(where, incarnation)
    return CheckpointFolder(Path(where.removeprefix("file://")) / incarnation)


def _name(size: int) -> str:
    return f"{size:0{_DIGITS}d}"


def _sizes(names: Iterable[str]) -> list[int]:
    return sorted(int(name) for name in names if len(name) == _DIGITS and name.isascii() and name.isdigit())
