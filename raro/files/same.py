"""Whether a file in a tree is what it should be, as cheaply as that can be known."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from raro.files.blobs import hash_file
from raro.files.folders import is_same_file, status_of

_WORTH_HASHING_BYTES = 1 << 20


def holds(folder_fd: int, name: str, blob: Path) -> bool:
    """Whether `name` is the blob's own inode, or a copy that was needed.

    A copy counts where no link is possible: on another file system, or (small files only) of a blob with as many
    links as it can have. Any other copy is worth replacing by a link, which is cheaper than hashing it.
    """
    status = status_of(folder_fd, name)
    try:
        original = os.stat(blob, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if status is None or is_same_file(status, original):
        return status is not None
    if not stat.S_ISREG(status.st_mode) or status.st_size != original.st_size:
        return False
    can_link = status.st_dev == original.st_dev and status.st_size > _WORTH_HASHING_BYTES
    return not can_link and hash_at(folder_fd, name) == blob.name


def holds_bytes(folder_fd: int, name: str, content: bytes) -> bool:
    """Whether `name` is a regular file of exactly this content."""
    status = status_of(folder_fd, name)
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size != len(content):
        return False
    with os.fdopen(_open(folder_fd, name), "rb") as file:
        return file.read() == content


def hash_at(folder_fd: int, name: str) -> str:
    """The SHA-256 of a regular file in an open folder."""
    fd = _open(folder_fd, name)
    try:
        return hash_file(fd)
    finally:
        os.close(fd)


def _open(folder_fd: int, name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder_fd)
