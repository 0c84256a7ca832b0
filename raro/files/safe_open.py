"""The one way to open a file that an agent, or anybody else, could have touched.

`open_beneath` lets the kernel resolve the path beneath a folder (openat2, Linux 5.6) and then looks at what it got:
a regular file, of one link, within the cap. A check of the path before the open would be a race: see
`test_safe_open.py`. `walk_beneath` lists a whole folder under the same rules and reports what breaks them.
Kernels and sandboxes without openat2 get the same refusals from a walk of single steps.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from raro.errors import BadName, OutputNotFound, UnsafeFile
from raro.files.blobs import Blob, BlobStore
from raro.files.content_types import HEAD_BYTES
from raro.files.names import checked_path
from raro.files.openat2 import open_resolved

# O_NONBLOCK: a FIFO would wait for its writer, a leased file for its holder.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_TRIES = 8


class Refusal(StrEnum):
    """Why a path was not opened; the value is `detail["reason"]` of UnsafeFile."""

    OUTSIDE = "outside"
    SYMLINK = "symlink"
    FOLDER = "folder"
    FIFO = "fifo"
    SOCKET = "socket"
    DEVICE = "device"
    HARD_LINK = "hard_link"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    BUSY = "busy"
    BAD_NAME = "bad_name"
    SAME_NAME = "same_name"
    TOO_DEEP = "too_deep"
    TOO_MANY = "too_many"


_SENTENCES = {
    Refusal.OUTSIDE: "leads outside its folder",
    Refusal.SYMLINK: "is, or goes through, a symbolic link",
    Refusal.FOLDER: "is a folder, not a file",
    Refusal.FIFO: "is a named pipe",
    Refusal.SOCKET: "is a socket",
    Refusal.DEVICE: "is a device",
    Refusal.HARD_LINK: "has more than one hard link",
    Refusal.TOO_LARGE: "is larger than allowed",
    Refusal.UNREADABLE: "cannot be read",
    Refusal.BUSY: "is held by another program",
    Refusal.BAD_NAME: "has a name that is not allowed",
}


@dataclass(frozen=True)
class FoundFile:
    """A file that `open_beneath` would open: `path` is as on disk, `name` the checked path (NFC) to show and keep."""

    path: str
    name: str
    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True)
class RefusedEntry:
    """Something that was found and not taken. `path` is printable; bytes that are no UTF-8 show as U+FFFD."""

    path: str
    reason: Refusal


@dataclass(frozen=True)
class Captured:
    """A file's content as it was when captured, its own modification time, and its first bytes for `content_type`."""

    blob: Blob
    mtime_ns: int
    head: bytes


def open_beneath(root: Path | int, path: str, *, size_cap: int | None, single_link: bool = True) -> int:
    """A read-only descriptor of the regular file at `path` below `root`; the caller closes it.

    `single_link=False` is for folders that only RARO writes to: a session's input is hard links to blobs.

    Raises:
        UnsafeFile: with `reason`, a `Refusal`.
        OutputNotFound: there is no such file.
    """
    with _root_fd(root) as root_fd:
        fd = _open(root_fd, path, _FILE_FLAGS)
    try:
        _check(path, os.fstat(fd), size_cap, single_link)
        return fd
    except BaseException:
        os.close(fd)
        raise


async def capture_beneath(
    root: Path, path: str, blobs: BlobStore, limit_bytes: int | None, *, single_link: bool = True
) -> Captured:
    """Opens safely and stores the content as one blob, whatever happens to the name meanwhile.

    Raises:
        UnsafeFile, OutputNotFound: as `open_beneath`.
        TooLarge: it grew over the limit while it was read.
        StorageFull: no space is left.
    """
    return await asyncio.to_thread(_capture, root, path, blobs, limit_bytes, single_link)


def walk_beneath(
    root: Path | int, *, max_entries: int = 100_000, max_depth: int = 32
) -> Iterator[FoundFile | RefusedEntry]:
    """Every file below `root`, folder by folder in name order; what would be refused is reported, not followed.

    `max_depth` counts folders. After `max_entries` files and folders one TOO_MANY entry ends the walk.
    """
    budget = max_entries
    names: set[str] = set()
    with _root_fd(root) as root_fd:
        folders = [""]
        while folders:
            prefix = folders.pop()
            try:
                entries = _entries(root_fd, prefix, budget + 1)
            except UnsafeFile as error:
                yield RefusedEntry(printable(prefix), Refusal(str(error.detail["reason"])))
                continue
            except OutputNotFound:
                continue  # removed since its parent was read
            below: list[str] = []
            for name, status in entries:
                path = f"{prefix}/{name}" if prefix else name
                if budget == 0:
                    yield RefusedEntry(printable(path), Refusal.TOO_MANY)
                    return
                budget -= 1
                if not stat.S_ISDIR(status.st_mode):
                    yield _found(path, status, names)
                elif path.count("/") + 1 > max_depth:
                    yield RefusedEntry(printable(path), Refusal.TOO_DEEP)
                else:
                    below.append(path)
            folders.extend(reversed(below))


def refusal_of(status: os.stat_result, *, single_link: bool = True) -> Refusal | None:
    """What kind of thing forbids opening it; None for a plain file."""
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return Refusal.HARD_LINK if single_link and status.st_nlink > 1 else None
    for is_kind, refusal in (
        (stat.S_ISLNK, Refusal.SYMLINK),
        (stat.S_ISDIR, Refusal.FOLDER),
        (stat.S_ISFIFO, Refusal.FIFO),
        (stat.S_ISSOCK, Refusal.SOCKET),
    ):
        if is_kind(mode):
            return refusal
    return Refusal.DEVICE


def _capture(root: Path, path: str, blobs: BlobStore, limit_bytes: int | None, single_link: bool) -> Captured:
    fd = open_beneath(root, path, size_cap=limit_bytes, single_link=single_link)
    try:
        blob = blobs.store_file(fd, limit_bytes=limit_bytes)
        return Captured(blob, os.fstat(fd).st_mtime_ns, os.pread(fd, HEAD_BYTES, 0))
    finally:
        os.close(fd)


def _found(path: str, status: os.stat_result, names: set[str]) -> FoundFile | RefusedEntry:
    if refusal := refusal_of(status):
        return RefusedEntry(printable(path), refusal)
    try:
        name = checked_path(path)
    except BadName:
        return RefusedEntry(printable(path), Refusal.BAD_NAME)
    if name in names:
        return RefusedEntry(printable(path), Refusal.SAME_NAME)
    names.add(name)
    return FoundFile(path, name, status.st_size, status.st_mtime_ns, status.st_ino)


def _entries(root_fd: int, prefix: str, limit: int) -> list[tuple[str, os.stat_result]]:
    """At most `limit` entries of one folder, sorted; opened anew from the root, so that no descriptors pile up."""
    fd = _open(root_fd, prefix or ".", _FOLDER_FLAGS)
    found: list[tuple[str, os.stat_result]] = []
    try:
        with os.scandir(fd) as scan:
            for entry in scan:
                try:
                    found.append((entry.name, entry.stat(follow_symlinks=False)))
                except FileNotFoundError:
                    continue
                if len(found) == limit:
                    break
    finally:
        os.close(fd)
    return sorted(found, key=lambda pair: pair[0])


def _check(path: str, status: os.stat_result, size_cap: int | None, single_link: bool) -> None:
    if refusal := refusal_of(status, single_link=single_link):
        raise _unsafe(path, refusal)
    if size_cap is not None and status.st_size > size_cap:
        raise _unsafe(path, Refusal.TOO_LARGE, f" ({status.st_size} bytes; at most {size_cap})")


def _open(root_fd: int, path: str, flags: int) -> int:
    """Resolves and opens, with the system's error turned into ours."""
    if not path or "\0" in path or not _is_encodable(path):
        raise _unsafe(path, Refusal.BAD_NAME)
    if path.startswith("/") or ".." in path.split("/"):
        raise _unsafe(path, Refusal.OUTSIDE)
    for _ in range(_TRIES):
        try:
            return open_resolved(root_fd, path, flags)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise _refused(root_fd, path, error) from error
    raise _unsafe(path, Refusal.BUSY)


def _refused(root_fd: int, path: str, error: OSError) -> UnsafeFile | OutputNotFound:
    match error.errno:
        case errno.ELOOP:
            return _unsafe(path, Refusal.SYMLINK)
        case errno.EXDEV:
            return _unsafe(path, Refusal.OUTSIDE)
        case errno.ENXIO:
            return _unsafe(path, Refusal.SOCKET)
        case errno.EACCES | errno.EPERM:
            return _unsafe(path, Refusal.UNREADABLE)
        case errno.ENAMETOOLONG:
            return _unsafe(path, Refusal.BAD_NAME)
        case errno.ENOTDIR if _has_link(root_fd, path):
            return _unsafe(path, Refusal.SYMLINK)
        case errno.ENOENT | errno.ENOTDIR:
            return OutputNotFound(
                f"there is no file {printable(path)!r}; list the files for their names", path=printable(path)
            )
        case _:
            return _unsafe(path, Refusal.UNREADABLE, f" ({error.strerror})")


def _has_link(root_fd: int, path: str) -> bool:
    """Only to name the reason: the step-wise walk meets a link as "not a directory"."""
    segments = path.split("/")
    for end in range(1, len(segments) + 1):
        try:
            if stat.S_ISLNK(os.stat("/".join(segments[:end]), dir_fd=root_fd, follow_symlinks=False).st_mode):
                return True
        except OSError:
            return False
    return False


@contextmanager
def _root_fd(root: Path | int) -> Iterator[int]:
    """The root is RARO's own folder, so its path is trusted."""
    if isinstance(root, int):
        yield root
        return
    try:
        fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise OutputNotFound(f"the folder {root} is gone; its session has ended", path=str(root)) from error
    try:
        yield fd
    finally:
        os.close(fd)


def _unsafe(path: str, refusal: Refusal, more: str = "") -> UnsafeFile:
    shown = printable(path)
    return UnsafeFile(f"{shown!r} {_SENTENCES[refusal]}{more}; it was not opened", reason=refusal, path=shown)


def printable(path: str) -> str:
    """The path as it can stand in JSON and on a screen; bytes that are no UTF-8 become U+FFFD."""
    return path.encode(errors="surrogatepass").decode(errors="replace")


def _is_encodable(path: str) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True
