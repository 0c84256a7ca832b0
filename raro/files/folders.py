"""Working inside folders by descriptor: going down without following links, placing files, removing trees.

`trees` and `workspace` stand on it. A folder is opened step by step, so that a link somebody put in the way is an
error and not a way out.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from raro.errors import BlobMissing

FOLDER_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
STAGING = ".staging"
"""Beside the clients' or runs' folders: their ids cannot begin with a dot."""
READ_ONLY = 0o444
_ALONE_WITHIN_S = 3.0
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_COPY_BYTES = 1 << 26
_CANNOT_LINK = frozenset({errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EOPNOTSUPP})
_CANNOT_COPY_RANGE = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})


@contextmanager
def opened(root: Path | int, *segments: str, create: bool = False) -> Iterator[int]:
    """A descriptor of `root/segments…`; with `create` missing folders are made (mode 0755).

    Raises:
        FileNotFoundError: a folder is missing.
        NotADirectoryError: a file or a link is in the way.
    """
    if isinstance(root, Path):
        if create:
            root.mkdir(parents=True, exist_ok=True)
        fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    else:
        fd = os.dup(root)
    try:
        for segment in segments:
            below = _step(fd, segment, create)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


@contextmanager
def alone_in(root: Path) -> Iterator[None]:
    """Keep out whoever else changes a tree below `root`, in this process or another, until the block ends.

    A folder that is not there yet is nobody's, and a file system that locks no folders keeps nobody out. Who waited
    for three seconds goes on beside the other, which may be frozen: a tree that came out wrong is looked after.
    """
    try:
        fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield
        return
    try:
        _wait_for_lock(fd)
        yield
    finally:
        os.close(fd)


@dataclass
class Below:
    """Everything below a folder: paths of what is no folder, and of folders, parents first."""

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)


def below(root_fd: int | None) -> Below:
    """Lists a whole folder of RARO's own, with one descriptor at a time; None is an empty one."""
    found = Below()
    pending = [""] if root_fd is not None else []
    while pending and root_fd is not None:
        prefix = pending.pop()
        with opened(root_fd, *prefix.split("/")[:-1]) as fd, os.scandir(fd) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    found.folders.append(prefix + entry.name)
                    pending.append(f"{prefix}{entry.name}/")
                else:
                    found.files.append(prefix + entry.name)
    return found


def status_of(folder_fd: int, name: str) -> os.stat_result | None:
    """What is at `name`, itself and not what it links to; None when nothing is."""
    try:
        return os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def is_folder(status: os.stat_result | None) -> bool:
    """Whether a folder is there."""
    return status is not None and stat.S_ISDIR(status.st_mode)


def is_same_file(status: os.stat_result | None, other: os.stat_result | None) -> bool:
    """Whether both are one inode."""
    return status is not None and other is not None and (status.st_dev, status.st_ino) == (other.st_dev, other.st_ino)


def place(source: Path, folder_fd: int, name: str, *, staging: Path, link: bool = True) -> bool:
    """Makes `name` the blob at `source`, read-only, at once and whole; False when it already was.

    A hard link where `link` and the file system allow it, else a copy. A file or link at `name` is replaced.

    Raises:
        BlobMissing: there is no file at `source`.
        IsADirectoryError: a folder is at `name`.
    """
    try:
        if link and is_same_file(status_of(folder_fd, name), os.stat(source, follow_symlinks=False)):
            return False
        with staged(staging) as (staging_fd, temporary):
            if not (link and _linked(source, staging_fd, temporary)):
                with open(source, "rb", buffering=0) as file:
                    copy_to(file.fileno(), staging_fd, temporary, mode=READ_ONLY)
            os.rename(temporary, name, src_dir_fd=staging_fd, dst_dir_fd=folder_fd)
    except FileNotFoundError:
        if source.exists():
            raise
        raise BlobMissing(f"blob {source.name} is not on disk; `raro fsck --repair` looks for a copy") from None
    return True


def place_bytes(content: bytes, folder_fd: int, name: str, *, staging: Path) -> None:
    """Makes `name` a read-only file of this content, at once and whole."""
    with staged(staging) as (staging_fd, temporary):
        fd = os.open(temporary, _NEW_FILE, 0o600, dir_fd=staging_fd)
        with open(fd, "wb") as file:
            file.write(content)
            os.fchmod(fd, READ_ONLY)
        os.rename(temporary, name, src_dir_fd=staging_fd, dst_dir_fd=folder_fd)


@contextmanager
def staged(staging: Path) -> Iterator[tuple[int, str]]:
    """A free name in the staging folder; whatever is left there at the end is removed."""
    temporary = uuid.uuid4().hex
    with opened(staging, create=True) as staging_fd:
        try:
            yield staging_fd, temporary
        finally:
            # Also after success: renaming one link of a file onto another leaves both (rename(2)).
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=staging_fd)


def copy_to(source_fd: int, folder_fd: int, name: str, *, mode: int) -> None:
    """Copies the whole file into a new one, inside the kernel, as shared blocks where the file system can."""
    fd = os.open(name, _NEW_FILE, 0o600, dir_fd=folder_fd)
    try:
        offset = 0
        while count := _copy_some(source_fd, fd, offset):
            offset += count
        os.fchmod(fd, mode)
    finally:
        os.close(fd)


def sweep_staging(staging: Path, older_than_s: float = 3600.0) -> None:
    """Removes what a crash left half-placed."""
    with suppress(FileNotFoundError), opened(staging) as fd:
        latest = time.time() - older_than_s
        for name in os.listdir(fd):
            status = status_of(fd, name)
            # ctime: a link's mtime is the blob's own.
            if status is not None and status.st_ctime < latest:
                remove_tree(fd, name)


def remove_tree(parent_fd: int, name: str) -> bool:
    """Removes `name` and all below it, following no link; False when nothing was there.

    Any depth in one descriptor at a time: sub-folders that are not empty are lifted to the top and emptied there.
    """
    status = status_of(parent_fd, name)
    if status is None:
        return False
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=parent_fd)
        return True
    with _writable(parent_fd, name) as top_fd:
        while entries := os.listdir(top_fd):
            for entry in entries:
                _remove_entry(top_fd, entry)
    os.rmdir(name, dir_fd=parent_fd)
    return True


def _remove_entry(top_fd: int, name: str) -> None:
    """Removes a file or an empty folder; what a folder holds is removed or lifted into `top_fd` for the next round."""
    if _removed_at_once(top_fd, name):
        return
    with _writable(top_fd, name) as fd:
        for child in os.listdir(fd):
            if not _removed_at_once(fd, child):
                with _writable(fd, child):  # renaming a folder to another parent needs write permission on it
                    os.rename(child, uuid.uuid4().hex, src_dir_fd=fd, dst_dir_fd=top_fd)
    os.rmdir(name, dir_fd=top_fd)


def _removed_at_once(folder_fd: int, name: str) -> bool:
    status = status_of(folder_fd, name)
    if status is None:
        return True
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=folder_fd)
        return True
    try:
        os.rmdir(name, dir_fd=folder_fd)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        return False
    return True


@contextmanager
def _writable(parent_fd: int, name: str) -> Iterator[int]:
    """The folder's descriptor, after giving its owner all rights: an agent may have taken them away."""
    pinned = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent_fd)
    try:
        # Only its owner (or root) can, and only then is it needed.
        with suppress(PermissionError):
            os.chmod(f"/proc/self/fd/{pinned}", 0o700)
        fd = os.open(".", FOLDER_FLAGS, dir_fd=pinned)
    finally:
        os.close(pinned)
    try:
        yield fd
    finally:
        os.close(fd)


def _wait_for_lock(fd: int) -> None:
    until = time.monotonic() + _ALONE_WITHIN_S
    while time.monotonic() < until:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.005)
        except OSError:
            return
        else:
            return


def _step(fd: int, segment: str, create: bool) -> int:
    try:
        return os.open(segment, FOLDER_FLAGS, dir_fd=fd)
    except FileNotFoundError:
        if not create:
            raise
        with suppress(FileExistsError):
            os.mkdir(segment, 0o755, dir_fd=fd)
        return os.open(segment, FOLDER_FLAGS, dir_fd=fd)


def _linked(source: Path, folder_fd: int, name: str) -> bool:
    try:
        os.link(source, name, dst_dir_fd=folder_fd, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        return False
    return True


def _copy_some(source_fd: int, fd: int, offset: int) -> int:
    try:
        return os.copy_file_range(source_fd, fd, _COPY_BYTES, offset, offset)
    except OSError as error:
        if error.errno not in _CANNOT_COPY_RANGE:
            raise
        os.lseek(fd, offset, os.SEEK_SET)
        return os.sendfile(fd, source_fd, offset, _COPY_BYTES)
