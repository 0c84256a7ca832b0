"""A backup: one tar of what the log and the blobs are, and the way back into an empty folder.

Only what cannot be remade goes in: `blobs/`, `nats/jetstream/` and `audit/`, the key among it. Views and trees come
back from them. The last member is a manifest with the hash of every file of the log; a blob's name is its own.
Nothing is put in place before every byte was compared. Blocking; the caller holds the storage, so that nobody writes
the log meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tarfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO

from raro.errors import BadBackup, StorageNotEmpty
from raro.files.faults import storage_faults

MANIFEST = "raro-backup.json"
_FORMAT = 1
_PARTS = ("audit", "blobs/sha256", "nats/jetstream")
_BLOB = re.compile(r"blobs/sha256/([0-9a-f]{2})/(\1[0-9a-f]{62})")
_LOG = re.compile(r"(nats/jetstream|audit)/[^\0\\]+")
# A start leaves these in a folder that holds nothing of anybody's yet.
_EMPTY = frozenset({"raro.lock", ".keep", ".gitignore"})
_CHUNK_BYTES = 4 << 20

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds: its files and their bytes, and when it was made (RFC 3339)."""

    files: int
    size_bytes: int
    made_at: str


def write_backup(storage: Path, target: Path, told: Told = lambda size: None) -> Backup:
    """Write everything into `target`, which appears whole or not at all; `told` hears of bytes as they go.

    Raises:
        StorageFault, StorageFull: a file cannot be read, or the target not be written.
    """
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        with storage_faults(f"write the backup {str(target)!r}"):
            with partial.open("xb") as out:
                backup = _pack(storage, out, told)
                out.flush()
                os.fsync(out.fileno())
            partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return backup


def restore_backup(source: Path, storage: Path, told: Told = lambda size: None) -> Backup:
    """Put a backup into an empty storage folder.

    Raises:
        StorageNotEmpty: there is something in the folder; nothing was touched.
        BadBackup: it is no backup, or a byte of it is not what it was; nothing was put in place.
        StorageFault, StorageFull: the folder cannot be written.
    """
    _must_be_empty(storage)
    made = storage / f".restoring-{uuid.uuid4().hex}"
    try:
        with storage_faults(f"restore into {str(storage)!r}"):
            made.mkdir(parents=True)
            backup = _unpack(source, made, told)
            for part in sorted({part.split("/")[0] for part in _PARTS}):
                if (made / part).exists():
                    (made / part).rename(storage / part)
            os.sync()
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return backup


def _must_be_empty(storage: Path) -> None:
    there = sorted(path.name for path in storage.iterdir()) if storage.exists() else []
    found = [name for name in there if name not in _EMPTY and any((storage / name).rglob("*") or [True])]
    if found:
        raise StorageNotEmpty(
            f"{str(storage)!r} has {', '.join(found[:3])} in it. Restore into an empty folder: --storage FOLDER.",
            found=found,
        )


def _pack(storage: Path, out: IO[bytes], told: Told) -> Backup:
    hashes: dict[str, str] = {}
    files = size = 0
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for path in _files(storage):
            name = path.relative_to(storage).as_posix()
            with path.open("rb") as file:
                reader = _Hashing(file)
                entry = tarfile.TarInfo(name)
                entry.size = os.fstat(file.fileno()).st_size
                entry.mtime = path.stat().st_mtime
                tar.addfile(entry, reader)
            if not _BLOB.fullmatch(name):
                hashes[name] = reader.hexdigest()
            files, size = files + 1, size + entry.size
            told(entry.size)
        made_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        manifest = {"format": _FORMAT, "made_at": made_at, "files": files, "size_bytes": size, "log": hashes}
        data = json.dumps(manifest, indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(data)
        tar.addfile(entry, BytesIO(data))
    return Backup(files, size, made_at)


def _files(storage: Path) -> Iterator[Path]:
    for part in _PARTS:
        yield from sorted(path for path in (storage / part).rglob("*") if path.is_file() and not path.is_symlink())


def _unpack(source: Path, made: Path, told: Told) -> Backup:
    hashes: dict[str, str] = {}
    manifest: dict[str, object] | None = None
    files = size = 0
    try:
        with tarfile.open(source, mode="r|*") as tar:
            for entry in tar:
                content = tar.extractfile(entry) if entry.isreg() else None
                if content is None:
                    raise BadBackup(f"{str(source)!r} has {entry.name!r} in it, which no backup of RARO has.")
                if entry.name == MANIFEST:
                    manifest = json.load(content)
                    continue
                hashes[entry.name] = _put(content, made, _checked(entry.name, source))
                files, size = files + 1, size + entry.size
                told(entry.size)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise BadBackup(f"{str(source)!r} is no whole backup of RARO ({error}).") from error
    _compare(source, manifest, hashes)
    assert manifest is not None
    return Backup(files, size, str(manifest["made_at"]))


def _checked(name: str, source: Path) -> str:
    inside = ".." not in name.split("/") and (_BLOB.fullmatch(name) or _LOG.fullmatch(name))
    if not inside:
        raise BadBackup(f"{str(source)!r} has {name!r} in it, which no backup of RARO has.")
    return name


def _put(content: IO[bytes], made: Path, name: str) -> str:
    path = made / name
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("xb") as file:
        while chunk := content.read(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    path.chmod(0o444 if name.startswith("blobs/") else 0o600 if name.startswith("audit/") else 0o640)
    return digest.hexdigest()


def _compare(source: Path, manifest: dict[str, object] | None, hashes: dict[str, str]) -> None:
    if manifest is None or manifest.get("format") != _FORMAT:
        raise BadBackup(f"{str(source)!r} has no manifest of format {_FORMAT}: it is cut off, or of another version.")
    expected = manifest["log"]
    assert isinstance(expected, dict)
    for name, found in hashes.items():
        blob = _BLOB.fullmatch(name)
        if found != (blob[2] if blob else expected.get(name)):
            raise BadBackup(f"{name!r} in {str(source)!r} is damaged: its bytes are not what they were.", file=name)
    if missing := sorted(set(expected) - hashes.keys()):
        raise BadBackup(f"{str(source)!r} lacks {missing[0]!r}.", file=missing[0])
    if manifest["files"] != len(hashes):
        raise BadBackup(f"{str(source)!r} has {len(hashes)} files, its manifest says {manifest['files']}.")


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    def hexdigest(self) -> str:
        return self._digest.hexdigest()
