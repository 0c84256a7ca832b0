"""`sessions/{run_id}/input|output`: the disposable workspace of one run, on disk.

Input is RARO's: hard links to blobs where the sandbox keeps them read-only, copies otherwise. Output is the agents':
everything in it is opened through `safe_open`. How code gets to see the folders is the sandbox's business. All methods
block: call them in a thread.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from raro.errors import BlobMissing, NameTaken, UnsafeFile
from raro.files.faults import storage_faults
from raro.files.folders import (
    STAGING,
    copy_to,
    is_same_file,
    opened,
    place,
    remove_tree,
    staged,
    status_of,
    sweep_staging,
)
from raro.files.names import checked_path, checked_run_id
from raro.files.safe_open import FoundFile, RefusedEntry, open_beneath, walk_beneath
from raro.files.same import hash_at

_OUTPUT_MODE = 0o644


@dataclass(frozen=True)
class Session:
    """One run's folders. `root` is what the code in the sandbox sees as its working folder."""

    run_id: str
    root: Path
    staging: Path

    @property
    def input(self) -> Path:
        """What the run was given."""
        return self.root / "input"

    @property
    def output(self) -> Path:
        """What its agents make."""
        return self.root / "output"

    def link_input(self, blob: Path, name: str, *, link: bool = True) -> None:
        """Puts a blob's bytes at `input/name` (nested for artifacts), read-only; again is no harm.

        `link=False` copies, for sandboxes that could write through a link into the blob.

        Raises:
            BadName: the name breaks the rules.
            BlobMissing: there are no such bytes.
            NameTaken: another input has that name, or is a folder of it.
            StorageFull, StorageFault: the disk did not take it.
        """
        *parents, last = checked_path(name).split("/")
        with storage_faults(f"prepare the input {name}"):
            try:
                with opened(self.input, *parents, create=True) as fd:
                    if not _may_become(fd, last, blob):
                        raise _taken(name)
                    if link or not _is_copy(fd, last, blob):
                        place(blob, fd, last, staging=self.staging, link=link)
            except NotADirectoryError:
                raise _taken(name) from None

    def scan_output(self, *, max_entries: int = 100_000, max_depth: int = 32) -> Iterator[FoundFile | RefusedEntry]:
        """Every file the agents made, subfolders included, and what is there but will not be taken."""
        return walk_beneath(self.output, max_entries=max_entries, max_depth=max_depth)

    def open_input(self, path: str, *, size_cap: int | None = None) -> int:
        """A descriptor of an input file; the caller closes it. Raises as `open_beneath`."""
        return open_beneath(self.input, path, size_cap=size_cap, single_link=False)

    def open_output(self, path: str, *, size_cap: int | None = None) -> int:
        """A descriptor of an output file; the caller closes it. Raises as `open_beneath`."""
        return open_beneath(self.output, path, size_cap=size_cap)

    def restore_output(self, path: str, blob: Path, *, mtime_ns: int | None = None) -> None:
        """Puts a copy of a blob at `output/path`, writable for the agents, as after a crash; replaces what is there.

        The file and new folders get the owner of the output folder, which may be the sandbox's own user.

        Raises:
            UnsafeFile: a folder is in its place, or a link or file in the place of its folder.
            BlobMissing: there are no such bytes.
            StorageFull, StorageFault: the disk did not take it.
        """
        *parents, last = checked_path(path).split("/")
        with storage_faults(f"restore the output {path}"):
            try:
                with opened(self.output) as root_fd:
                    owner = os.fstat(root_fd)
                    _make_folders(root_fd, parents, owner)
                    with opened(root_fd, *parents) as fd:
                        self._restore(fd, last, blob, owner, mtime_ns)
            except (NotADirectoryError, IsADirectoryError):
                raise UnsafeFile(
                    f"output {path!r} cannot be restored: something else is in its place", reason="in_the_way"
                ) from None

    def remove_output(self, path: str) -> None:
        """Takes the file at `output/path` away, following no link; one that is gone already is no harm.

        Raises:
            StorageFault: the disk did not let it go.
        """
        *parents, last = path.split("/")
        with (
            storage_faults(f"remove the output {path}"),
            suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError),
            opened(self.output, *parents) as fd,
        ):
            os.unlink(last, dir_fd=fd)

    def _restore(self, folder_fd: int, name: str, blob: Path, owner: os.stat_result, mtime_ns: int | None) -> None:
        try:
            source = os.open(blob, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BlobMissing(f"blob {blob.name} is not on disk", sha256=blob.name) from None
        try:
            with staged(self.staging) as (staging_fd, temporary):
                copy_to(source, staging_fd, temporary, mode=_OUTPUT_MODE)
                _give_to(staging_fd, temporary, owner)
                if mtime_ns is not None:
                    os.utime(temporary, ns=(mtime_ns, mtime_ns), dir_fd=staging_fd)
                os.rename(temporary, name, src_dir_fd=staging_fd, dst_dir_fd=folder_fd)
        finally:
            os.close(source)


class Sessions:
    """All sessions below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._staging = root / STAGING
        with storage_faults(f"prepare {root}"):
            root.mkdir(parents=True, exist_ok=True)
            sweep_staging(self._staging)

    def get(self, run_id: str) -> Session:
        """A run's session, whether its folders exist or not."""
        return Session(checked_run_id(run_id), self.root / checked_run_id(run_id), self._staging)

    def create(self, run_id: str) -> Session:
        """Makes a run's folders, or finds them made.

        Raises:
            StorageFull, StorageFault: the disk did not take it.
        """
        session = self.get(run_id)
        with storage_faults(f"make the session of run {run_id}"):
            for name in ("input", "output"):
                with opened(self.root, run_id, name, create=True):
                    pass
        return session

    def exists(self, run_id: str) -> bool:
        """Whether the session is still there."""
        return self.get(run_id).output.is_dir()

    def all(self) -> list[str]:
        """The run ids with a session on disk."""
        with suppress(FileNotFoundError):
            return sorted(name for name in os.listdir(self.root) if not name.startswith("."))
        return []

    def remove(self, run_id: str) -> bool:
        """Removes a session, whatever its agents left in it, following no link; False when there was none."""
        run_id = checked_run_id(run_id)
        with storage_faults(f"remove the session of run {run_id}"), opened(self.root, create=True) as fd:
            return remove_tree(fd, run_id)


def _may_become(fd: int, name: str, blob: Path) -> bool:
    """Whether nothing is there, or the same bytes from an earlier preparation."""
    status = status_of(fd, name)
    return status is None or _is_link(status, blob) or _is_copy(fd, name, blob)


def _is_link(status: os.stat_result, blob: Path) -> bool:
    return blob.exists() and is_same_file(status, os.stat(blob, follow_symlinks=False))


def _is_copy(fd: int, name: str, blob: Path) -> bool:
    """Whether the blob's bytes are there under an inode of their own."""
    status = status_of(fd, name)
    if status is None or not stat.S_ISREG(status.st_mode) or _is_link(status, blob):
        return False
    return hash_at(fd, name) == blob.name


def _make_folders(root_fd: int, segments: list[str], owner: os.stat_result) -> None:
    for depth in range(len(segments)):
        # Files of one folder are restored side by side: whoever is first makes it.
        with opened(root_fd, *segments[:depth]) as fd, suppress(FileExistsError):
            os.mkdir(segments[depth], 0o755, dir_fd=fd)
            _give_to(fd, segments[depth], owner)


def _give_to(folder_fd: int, name: str, owner: os.stat_result) -> None:
    if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):
            os.chown(name, owner.st_uid, owner.st_gid, dir_fd=folder_fd, follow_symlinks=False)


def _taken(name: str) -> NameTaken:
    return NameTaken(f"two inputs of the run would lie at input/{name}; rename one of them", name=name)
