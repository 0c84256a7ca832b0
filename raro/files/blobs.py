"""The blob store: immutable bytes under the name of their SHA-256, durable when a put returns.

    root/sha256/ab/abcdef…   one blob, mode 0444
    root/tmp/                being written; swept when the writer died
    root/quarantine/         corrupt blobs that fsck took away
    root/.lock               shared by puts, exclusive for the sweeper

Who refers to a blob is the log's business: the sweeper is told. A put always renews a blob's age, so bytes put
again a moment before the sweep stay. Trees and sessions hard-link to blobs; see `trees` and `workspace`.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import stat
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator
from collections.abc import Set as AbstractSet
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from raro.errors import BlobMissing, UnsafeFile
from raro.files.faults import storage_faults
from raro.files.incoming import Incoming, sweep_abandoned

BATCH_BYTES = 1 << 20
"""Small chunks are gathered to this before a thread hashes and writes them."""
ABANDONED_AFTER_S = 3600.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Blob:
    """Bytes, named by what they are."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class SweepReport:
    """What a sweep removed (or would remove), and how many unreferenced blobs were too young."""

    removed: tuple[Blob, ...]
    bytes: int
    kept_young: int


class BlobStore:
    """Blobs under one folder; safe for any number of threads and processes on one machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._sha256 = root / "sha256"
        self._tmp = root / "tmp"
        with storage_faults(f"prepare the blob store at {root}"):
            self._lay_out()
            self._tmp.mkdir(exist_ok=True)
            sweep_abandoned(self._tmp, ABANDONED_AFTER_S)

    def _lay_out(self) -> None:
        """Makes a new store's folders at once: the puts that come need not each make one and see it to the disk."""
        if self._sha256.is_dir():
            return
        self._sha256.mkdir(parents=True, exist_ok=True)
        for number in range(256):
            (self._sha256 / f"{number:02x}").mkdir(exist_ok=True)
        _sync_folder(self._sha256)

    async def put_stream(self, chunks: AsyncIterable[bytes], *, limit_bytes: int | None = None) -> Blob:
        """Stores a stream in flat memory, hashing while writing; on any failure nothing is left.

        Raises:
            TooLarge: the stream is longer than `limit_bytes`.
            StorageFull: no space is left.
        """
        async with aclosing(_batches(chunks)) as batches:
            first = await anext(batches, b"")
            if len(first) < BATCH_BYTES:
                return await asyncio.to_thread(self._put_bytes, first, limit_bytes)
            return await self._put_batches(first, batches, limit_bytes)

    async def put_bytes(self, data: bytes) -> Blob:
        """Stores bytes that are in memory already.

        Raises:
            StorageFull: no space is left.
        """
        return await asyncio.to_thread(self._put_bytes, data, None)

    async def put_file(self, source: int | Path, *, limit_bytes: int | None = None) -> Blob:
        """Stores a regular file's content, from an open descriptor (`safe_open`) or a trusted path.

        A descriptor is read from its start and stays open. A path's last part is never followed as a link.

        Raises:
            UnsafeFile: it is not a regular file.
            TooLarge, StorageFull: as `put_stream`.
        """
        if isinstance(source, Path):
            return await asyncio.to_thread(self.store_file, source, limit_bytes=limit_bytes)
        # Its own descriptor: a cancelled caller may close the given one while the thread still reads.
        fd = os.dup(source)
        return await asyncio.to_thread(self._store_and_close, fd, limit_bytes)

    def store_file(self, source: int | Path, *, limit_bytes: int | None = None) -> Blob:
        """`put_file` for callers that are in a thread already."""
        if isinstance(source, int):
            return self._store_fd(source, limit_bytes)
        with storage_faults(f"read {source}"):
            fd = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        return self._store_and_close(fd, limit_bytes)

    def path(self, sha256: str, *, verified: bool = False) -> Path:
        """Where the blob is, or with `verified` certainly is.

        Raises:
            BlobMissing: the name is no SHA-256 in lower hex, or (verified) there is no such blob.
        """
        if not _SHA256.fullmatch(sha256):
            raise BlobMissing(f"{sha256[:80]!r} is not a SHA-256 of 64 lower-case hex digits", sha256=sha256[:80])
        path = self._sha256 / sha256[:2] / sha256
        if verified and not path.is_file():
            raise _missing(sha256)
        return path

    def exists(self, sha256: str) -> bool:
        """Whether the blob is on disk; its bytes are not looked at."""
        return self.path(sha256).is_file()

    async def read(self, sha256: str, *, limit_bytes: int | None = None) -> bytes:
        """The blob's bytes, or only its first `limit_bytes`.

        Raises:
            BlobMissing: there is no such blob.
        """
        return await asyncio.to_thread(self._read, sha256, -1 if limit_bytes is None else limit_bytes)

    async def verify(self, sha256: str) -> bool:
        """Whether the bytes on disk still have the hash of their name.

        Raises:
            BlobMissing: there is no such blob.
        """
        return await asyncio.to_thread(self.is_intact, sha256)

    def is_intact(self, sha256: str) -> bool:
        """`verify` for callers that are in a thread already."""
        try:
            return hash_file(self.path(sha256)) == sha256
        except FileNotFoundError:
            raise _missing(sha256) from None

    def all(self) -> Iterator[Blob]:
        """Every blob on disk, in no order; names that are no hash are passed over."""
        for shard in self._shards():
            for entry in os.scandir(shard):
                if _SHA256.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    yield Blob(entry.name, entry.stat(follow_symlinks=False).st_size)

    async def sweep(self, referenced: AbstractSet[str], older_than_s: float, dry_run: bool = False) -> SweepReport:
        """Removes blobs that are not in `referenced` and were neither made nor put again for `older_than_s`.

        `older_than_s` must be longer than any command takes from its put to its event: the set was taken earlier.
        """
        return await asyncio.to_thread(self._sweep, referenced, older_than_s, dry_run)

    def remove(self, sha256: str, *, older_than_s: float) -> bool:
        """Removes one blob, for the garbage collector only; False when it is gone or younger than that."""
        path = self.path(sha256)
        with self._locked(fcntl.LOCK_EX):
            if not _is_older(path, older_than_s):
                return False
            path.unlink()
        return True

    def quarantine(self, sha256: str) -> Path:
        """Takes a corrupt blob out of the store, keeping its bytes for a person to look at; returns where.

        Raises:
            BlobMissing: there is no such blob.
        """
        folder = self.root / "quarantine"
        folder.mkdir(exist_ok=True)
        target = folder / f"{sha256}.{time.time_ns()}"
        with self._locked(fcntl.LOCK_EX):
            try:
                self.path(sha256).rename(target)
            except FileNotFoundError:
                raise _missing(sha256) from None
        _sync_folder(folder)
        return target

    async def _put_batches(self, first: bytes, batches: AsyncIterator[bytes], limit_bytes: int | None) -> Blob:
        """One batch is written in a thread while the next one is gathered."""
        incoming = await asyncio.to_thread(Incoming, self._tmp, limit_bytes)
        writing = asyncio.ensure_future(asyncio.to_thread(incoming.write, first))
        try:
            async for batch in batches:
                await writing
                writing = asyncio.ensure_future(asyncio.to_thread(incoming.write, batch))
            await writing
            return await asyncio.to_thread(self._adopt, incoming)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(incoming.discard))
            await asyncio.gather(writing, return_exceptions=True)
            raise

    def _put_bytes(self, data: bytes, limit_bytes: int | None) -> Blob:
        blob = Blob(hashlib.sha256(data).hexdigest(), len(data))
        if (limit_bytes is None or len(data) <= limit_bytes) and self._is_here(blob):
            return blob
        incoming = Incoming(self._tmp, limit_bytes)
        try:
            incoming.write(data)
            return self._adopt(incoming)
        finally:
            incoming.discard()

    def _store_and_close(self, fd: int, limit_bytes: int | None) -> Blob:
        try:
            return self._store_fd(fd, limit_bytes)
        finally:
            os.close(fd)

    def _store_fd(self, fd: int, limit_bytes: int | None) -> Blob:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise UnsafeFile("only a regular file can be stored", reason="not_regular")
        incoming = Incoming(self._tmp, limit_bytes)
        try:
            offset = 0
            while data := os.pread(fd, BATCH_BYTES, offset):
                incoming.write(data)
                offset += len(data)
            return self._adopt(incoming)
        finally:
            incoming.discard()

    def _adopt(self, incoming: Incoming) -> Blob:
        """Gives a finished temporary file its name, or drops it when those bytes are here."""
        blob = Blob(incoming.finish(), incoming.size_bytes)
        path = self.path(blob.sha256)
        with storage_faults("store a file"):
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                _sync_folder(self._sha256)
            with self._locked(fcntl.LOCK_SH):
                if not self._reuse(blob):
                    incoming.path.rename(path)
            # Also after a reuse: the other writer may have renamed, and not yet synced.
            _sync_folder(path.parent)
        incoming.discard()
        return blob

    def _is_here(self, blob: Blob) -> bool:
        """Whether a put of these bytes has nothing left to write; renews their age."""
        with storage_faults("store a file"):
            if not self.path(blob.sha256).exists():
                return False
            with self._locked(fcntl.LOCK_SH):
                if not self._reuse(blob):
                    return False
            _sync_folder(self.path(blob.sha256).parent)
        return True

    def _reuse(self, blob: Blob) -> bool:
        """Renews the age of a blob that is here in full; a cut-off one is left to be replaced. Needs the lock."""
        path = self.path(blob.sha256)
        try:
            if os.stat(path, follow_symlinks=False).st_size != blob.size_bytes:
                return False
            os.utime(path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _read(self, sha256: str, length: int) -> bytes:
        try:
            with open(self.path(sha256), "rb") as file:
                return file.read(length)
        except FileNotFoundError:
            raise _missing(sha256) from None

    def _sweep(self, referenced: AbstractSet[str], older_than_s: float, dry_run: bool) -> SweepReport:
        removed: list[Blob] = []
        young = 0
        for blob in self.all():
            if blob.sha256 in referenced:
                continue
            if dry_run:
                is_old = _is_older(self.path(blob.sha256), older_than_s)
            else:
                is_old = self.remove(blob.sha256, older_than_s=older_than_s)
            if is_old:
                removed.append(blob)
            else:
                young += 1
        return SweepReport(tuple(removed), sum(blob.size_bytes for blob in removed), young)

    def _shards(self) -> list[Path]:
        try:
            return sorted(entry for entry in self._sha256.iterdir() if entry.is_dir())
        except FileNotFoundError:
            return []

    @contextmanager
    def _locked(self, mode: int) -> Iterator[None]:
        # A description of its own for each holder: flock is between descriptions, so threads exclude each other too.
        fd = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, mode)
            yield
        finally:
            os.close(fd)


def _is_older(path: Path, age_s: float) -> bool:
    try:
        return os.stat(path, follow_symlinks=False).st_mtime <= time.time() - age_s
    except FileNotFoundError:
        return False


def hash_file(path: Path | int) -> str:
    """The SHA-256 of a file's content in hex; blocks while it reads."""
    with open(path, "rb", buffering=0, closefd=not isinstance(path, int)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _batches(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    """Chunks gathered to at least BATCH_BYTES, the last one excepted."""
    gathered: list[bytes] = []
    size = 0
    async for chunk in chunks:
        gathered.append(chunk)
        size += len(chunk)
        if size >= BATCH_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    if size:
        yield b"".join(gathered)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _missing(sha256: str) -> BlobMissing:
    return BlobMissing(f"blob {sha256} is not on disk; `raro fsck --repair` looks for a copy", sha256=sha256)
