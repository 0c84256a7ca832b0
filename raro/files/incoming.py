"""A blob on its way in: a temporary file, hashed while it is written, that leaves nothing behind when it fails.

`blobs` gives it its final name; nobody else uses it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
import uuid
from pathlib import Path

from raro.errors import TooLarge
from raro.files.faults import storage_faults

_READ_ONLY = 0o444
_WRITEBACK_BYTES = 16 << 20
_CACHED_BYTES = 128 << 20


class Incoming:
    """One temporary file. All methods block and may be called from any thread, one after another.

    The file stays locked (flock) while it lives, so that a sweep by another process sees that its writer does too.
    """

    def __init__(self, folder: Path, limit_bytes: int | None = None) -> None:
        self.path = folder / uuid.uuid4().hex
        self.size_bytes = 0
        self._given_to_disk = 0
        self._limit_bytes = limit_bytes
        self._hash = hashlib.sha256()
        # A cancelled put discards while its last write may still run in another thread.
        self._lock = threading.Lock()
        with storage_faults("begin to store a file"):
            self._fd = _create(self.path)
            fcntl.flock(self._fd, fcntl.LOCK_EX)

    def write(self, data: bytes) -> None:
        """Appends and hashes; nothing after `discard`.

        Raises:
            TooLarge: the limit is passed.
            StorageFull, StorageFault: the disk did not take it.
        """
        with self._lock, storage_faults("store a file"):
            if self._fd < 0:
                return
            self.size_bytes += len(data)
            self._check_limit()
            self._hash.update(data)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._fd, rest) :]
            self._start_writeback()

    def finish(self) -> str:
        """Makes the bytes durable and read-only; returns their SHA-256 in hex."""
        with self._lock, storage_faults("store a file"):
            os.fchmod(self._fd, _READ_ONLY)
            os.fsync(self._fd)
            return self._hash.hexdigest()

    def close(self) -> None:
        """Ends writing; the file stays where it is."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def discard(self) -> None:
        """Ends writing and removes the file, if it still has its temporary name."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _start_writeback(self) -> None:
        """Lets the disk begin while the stream still comes: the fsync at the end then finds little to do.

        A long file's beginning leaves the page cache again, so that one upload does not push everybody's pages out.
        """
        if self.size_bytes - self._given_to_disk < _WRITEBACK_BYTES:
            return
        # DONTNEED starts the writing of dirty pages and drops clean ones (mm/fadvise.c).
        os.posix_fadvise(self._fd, self._given_to_disk, 0, os.POSIX_FADV_DONTNEED)
        self._given_to_disk = self.size_bytes
        if self.size_bytes > _CACHED_BYTES:
            os.posix_fadvise(self._fd, 0, self.size_bytes - _CACHED_BYTES, os.POSIX_FADV_DONTNEED)

    def _check_limit(self) -> None:
        if self._limit_bytes is not None and self.size_bytes > self._limit_bytes:
            raise TooLarge(
                f"the content is larger than the limit of {self._limit_bytes} bytes; send less, or raise the limit",
                limit_bytes=self._limit_bytes,
            )


def sweep_abandoned(folder: Path, older_than_s: float) -> int:
    """Removes temporary files whose writer is gone and that nobody wrote to for `older_than_s`; returns how many."""
    removed = 0
    latest = time.time() - older_than_s
    for entry in os.scandir(folder):
        try:
            if entry.stat(follow_symlinks=False).st_mtime < latest and _is_abandoned(entry.path):
                os.unlink(entry.path)
                removed += 1
        except FileNotFoundError:
            continue  # its writer finished meanwhile
    return removed


def _create(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)


def _is_abandoned(path: str) -> bool:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(fd)
