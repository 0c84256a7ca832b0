"""One process at a time owns a storage folder.

The lock is flock(2) on `raro.lock`: it goes with its last holder, however that one ended. The file's
text only names the holder for people and for `raro doctor`; it decides nothing. The embedded servers
inherit the lock, so that a new start cannot open their files before they are gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from raro.errors import StorageFault, StorageInUse

LOCK_FILE = "raro.lock"
# A process that was just killed, or told to stop, is still there for a moment.
HOLDER_WAIT_S = 0.25
# The servers of a killed holder end within milliseconds of it.
DEAD_HOLDER_WAIT_S = 5.0
_POLL_S = 0.01


@dataclass(frozen=True)
class Holder:
    """Who owns a storage folder: `started_at` is ISO 8601 UTC, `url` is known once it serves."""

    pid: int
    host: str
    started_at: str
    command: str
    boot_ticks: int
    url: str | None = None

    def __str__(self) -> str:
        where = f", serving {self.url}" if self.url else ""
        return f"process {self.pid} on {self.host} ({self.command}, since {self.started_at}{where})"


class StorageLock:
    """The ownership of a storage folder, from `hold_storage`."""

    def __init__(self, fd: int, holder: Holder) -> None:
        self.fd = fd
        self.holder = holder
        self._write(holder)

    def announce(self, url: str) -> None:
        """Tell others where this process serves."""
        self.holder = replace(self.holder, url=url)
        self._write(self.holder)

    def _write(self, holder: Holder) -> None:
        text = json.dumps(asdict(holder)).encode()
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, text, 0)


@contextlib.contextmanager
def hold_storage(storage: Path) -> Iterator[StorageLock]:
    """Own the folder `storage` (made if absent) until the block ends.

    Raises:
        StorageInUse: another process owns it; the message names that process.
        StorageFault: the folder cannot be made, written or locked.
    """
    fd = _open(storage)
    try:
        _acquire(fd, storage)
        try:
            yield StorageLock(fd, _this_process())
        finally:
            os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def holder_of(storage: Path) -> Holder | None:
    """The process that owns `storage` now, or None when it is free. Changes nothing."""
    try:
        fd = os.open(storage / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if _try_lock(fd, fcntl.LOCK_SH) else _read(fd)
    finally:
        os.close(fd)


def _open(storage: Path) -> int:
    try:
        storage.mkdir(parents=True, exist_ok=True)
        return os.open(storage / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as fault:
        raise StorageFault(
            f"the storage folder {str(storage)!r} cannot be used: {fault.strerror}. "
            "Choose one that this user can write, with --storage or RARO_STORAGE.",
            storage=str(storage),
        ) from fault


def _acquire(fd: int, storage: Path) -> None:
    began = time.monotonic()
    while not _try_lock(fd, fcntl.LOCK_EX):
        holder = _read(fd)
        patience_s = HOLDER_WAIT_S if holder and _lives(holder) else DEAD_HOLDER_WAIT_S
        if time.monotonic() - began > patience_s:
            raise StorageInUse(
                f"the storage folder {str(storage)!r} is in use by {holder or 'a process that is starting'}. "
                "Stop that process, or choose another folder with --storage.",
                storage=str(storage),
                holder=asdict(holder) if holder else None,
            )
        time.sleep(_POLL_S)


def _try_lock(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as fault:
        raise StorageFault(f"the storage folder's file system cannot lock files: {fault.strerror}") from fault
    return True


def _read(fd: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(fd, 65536, 0)))
    except (ValueError, TypeError):
        return None  # being written, or left empty


def _this_process() -> Holder:
    return Holder(
        pid=os.getpid(),
        host=socket.gethostname(),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        boot_ticks=_boot_ticks(os.getpid()),
    )


def _lives(holder: Holder) -> bool:
    # Another host's processes cannot be seen: it holds the lock, so it is taken to be alive.
    return holder.host != socket.gethostname() or _boot_ticks(holder.pid) == holder.boot_ticks


def _boot_ticks(pid: int) -> int:
    """When the process began, in clock ticks since boot; 0 when there is none. proc(5), field 22.

    A process id alone may have been given to another process since.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    # The second field is a name that may hold spaces and brackets. A zombie holds nothing any more.
    state, *fields = stat.rpartition(")")[2].split()
    return 0 if state in "ZX" else int(fields[18])
