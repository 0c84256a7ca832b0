"""What an archive holds, signed with the key that seals the log.

`manifest.json` is `{"manifest": TEXT, "note": NOTE}`: one file, so that one rename replaces both. The note is a signed
checkpoint (`raro.audit.notes`) of `{origin}/archive` whose root is the text's SHA-256.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raro.audit.notes import BadNote, Checkpoint, Signer, Verifier
from raro.errors import ArchiveDamaged
from raro.files.blobs import hash_file
from raro.files.faults import storage_faults

FILE = "manifest.json"
_NAME = r"^[a-z0-9_-]{1,100}(/[a-z0-9_]{1,60}\.parquet|\.parquet)$"


class Part(BaseModel):
    """A file of the archive, by its path below the archive's folder."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=_NAME)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    rows: int = Field(ge=0)
    size_bytes: int = Field(ge=0)


class Segment(Part):
    """Events `first` to `last`, none missing."""

    first: int = Field(ge=1)
    last: int = Field(ge=1)


class State(BaseModel):
    """The views' tables after event `seq`, as this version of their SQL made them."""

    model_config = ConfigDict(frozen=True)

    version: str
    seq: int
    hash: str
    tables: dict[str, Part]


class Manifest(BaseModel):
    """The archive of one log: its events up to `last`, whose tree had this `root` (hex)."""

    model_config = ConfigDict(frozen=True)

    incarnation: str
    last: int
    root: str
    segments: tuple[Segment, ...]
    state: State


def read_manifest(folder: Path, verifier: Verifier | None, origin: str) -> Manifest | None:
    """The manifest, None where there is no archive. Raises ArchiveDamaged unless the key signed this very text."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        kept = json.loads(path.read_text())
        text, note = str(kept["manifest"]), str(kept["note"])
        if verifier is None:
            raise BadNote("there is no key to check it with")
        signed = verifier.open(note)
        manifest = Manifest.model_validate_json(text)
    except (OSError, ValueError, KeyError, TypeError, ValidationError, BadNote) as reason:
        raise ArchiveDamaged(f"{str(path)!r} cannot be trusted: {_short(reason)}. {ADVICE}") from reason
    if signed != _claim(manifest, text, origin):
        raise ArchiveDamaged(f"{str(path)!r} is not what was signed. {ADVICE}")
    return manifest


def write_manifest(folder: Path, manifest: Manifest, signer: Signer, origin: str) -> None:
    """Sign it and put it in the place of the last one; on disk when this returns."""
    text = manifest.model_dump_json()
    note = signer.sign(_claim(manifest, text, origin))
    with storage_faults("write the archive's manifest"):
        beside = folder / f".{FILE}.new"
        with beside.open("w") as file:
            file.write(json.dumps({"manifest": text, "note": note}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(folder / FILE)
        sync(folder)


def part_of(folder: Path, path: Path, rows: int) -> Part:
    """A file that was just written: synced, and hashed as it is on disk."""
    sync(path)
    name = path.relative_to(folder).as_posix()
    return Part(name=name, sha256=hash_file(path), rows=rows, size_bytes=path.stat().st_size)


def checked(folder: Path, part: Part) -> Path:
    """Where a file is. Raises ArchiveDamaged unless its bytes are those that were signed for."""
    path = folder / part.name
    try:
        found = hash_file(path)
    except OSError as reason:
        raise ArchiveDamaged(f"{str(path)!r} cannot be read: {_short(reason)}. {ADVICE}") from reason
    if found != part.sha256:
        raise ArchiveDamaged(f"{str(path)!r} was changed: it does not have the hash that was signed. {ADVICE}")
    return path


ADVICE = "The events are in the log all the same; remove the archive's folder and run `raro archive` again."


def sync(path: Path) -> None:
    """See a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _claim(manifest: Manifest, text: str, origin: str) -> Checkpoint:
    return Checkpoint(f"{origin}/archive", manifest.last, sha256(text.encode()).digest())


def _short(reason: Exception) -> str:
    return f"{type(reason).__name__}: {reason}".splitlines()[0][:200]
