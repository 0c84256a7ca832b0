"""Look at a running sandbox from outside: what its processes use together, and how much output/ holds.

Resource limits bind single processes and single files; sums are found here, by looking often.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from raro.sandboxes.layout import TEMPORARY
from raro.sandboxes.sandbox import Limits

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SCRATCH_FOLDERS = (TEMPORARY, "/dev/shm")
BLOCK_BYTES = 512


@dataclass(frozen=True)
class Folder:
    """What output/ holds: entries (files and folders), and bytes as listed or as stored, whichever is more."""

    files: int
    total_bytes: int
    largest_bytes: int
    depth: int
    """How deep a folder was found below the limit, 0 when none was."""


def exceeded(pid: int, output: Path, limits: Limits) -> str | None:
    """The code of the first limit found to be passed by `pid`, its descendants or its output; None if none."""
    family = list(descendants(pid))
    if _cpu_s(family) > limits.cpu_s:
        return "cpu_limit"
    if _uses_more_memory(family, limits.memory_bytes):
        return "memory_limit"
    deleted = sum(_deleted_bytes(member, output) for member in family)
    return folder_exceeds(measure(output, limits), limits, deleted)


def folder_exceeds(folder: Folder, limits: Limits, deleted_bytes: int = 0) -> str | None:
    """The code of the limit that an output folder passes."""
    if folder.depth > limits.depth:
        return "folder_depth_limit"
    if folder.files > limits.files:
        return "file_count_limit"
    if folder.largest_bytes > limits.file_bytes:
        return "file_size_limit"
    if folder.total_bytes + deleted_bytes > limits.total_bytes:
        return "total_size_limit"
    return None


def measure(output: Path, limits: Limits) -> Folder:
    """Count output/ without following links; stops counting once over the limit on files or on depth."""
    files = total = largest = 0
    folders = [(str(output), 1)]
    while folders and files <= limits.files:
        folder, depth = folders.pop()
        if depth > limits.depth:
            return Folder(files, total, largest, depth)
        for entry in _entries(folder):
            files += 1
            if files > limits.files:
                break
            if entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, depth + 1))
            elif (found := _stat(entry)) is not None:
                # A sparse file is as large as it says to whoever copies it.
                total += max(found.st_size, found.st_blocks * BLOCK_BYTES)
                largest = max(largest, found.st_size)
    return Folder(files, total, largest, depth=0)


def descendants(pid: int) -> Iterator[int]:
    """`pid` and its children's children, as far as they live."""
    waiting = [pid]
    while waiting:
        member = waiting.pop()
        yield member
        for thread in _names(f"/proc/{member}/task"):
            children = _read(f"/proc/{member}/task/{thread}/children")
            waiting += [int(child) for child in children.split()]


def _cpu_s(family: list[int]) -> float:
    return sum(_ticks(member) for member in family) / TICKS_PER_S


def _ticks(pid: int) -> int:
    # The name in the second field may hold spaces and parentheses; utime, stime, cutime, cstime are 14 to 17.
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15])


def _uses_more_memory(family: list[int], limit: int) -> bool:
    scratch = _scratch_bytes(family)
    if sum(_resident_bytes(member) for member in family) + scratch <= limit:
        return False
    # The quick sum counts shared pages once per process; only now the dear exact one.
    return sum(_own_bytes(member) for member in family) + scratch > limit


def _resident_bytes(pid: int) -> int:
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * PAGE_BYTES if fields else 0


def _own_bytes(pid: int) -> int:
    lines = _read(f"/proc/{pid}/smaps_rollup").splitlines()
    counted = [line.split() for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:"))]
    return sum(int(words[1]) * 1024 for words in counted)


def _scratch_bytes(family: list[int]) -> int:
    """Bytes in the private tmpfs folders, seen through the youngest process that lets us look."""
    for member in reversed(family[1:]):
        try:
            found = [os.statvfs(f"/proc/{member}/root{folder}") for folder in SCRATCH_FOLDERS]
            own = os.stat("/").st_dev != os.stat(f"/proc/{member}/root/").st_dev
        except OSError:  # it may end between two looks
            continue
        return sum((item.f_blocks - item.f_bfree) * item.f_frsize for item in found) if own else 0
    return 0


def _deleted_bytes(pid: int, output: Path) -> int:
    """Bytes of files on output's device that are open and have no name any more."""
    device = output.stat().st_dev
    total = 0
    for name in _names(f"/proc/{pid}/fd"):
        try:
            found = os.stat(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if found.st_nlink == 0 and found.st_dev == device and stat.S_ISREG(found.st_mode):
            total += found.st_blocks * BLOCK_BYTES
    return total


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []  # removed, or made unreadable, while we look


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
