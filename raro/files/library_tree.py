"""`library/{client}/{filename}`: the current version of each library file, and the place to drop new ones by hand.

What the tree put there is read-only (0444) and a hard link to a blob, or a read-only copy of one. Everything else was
put there by a person: it is left for `drops` to pick up, and neither overwritten nor removed before. What cannot be
picked up (a folder, a link, a hidden or temporary name) and stands where a file of the tree belongs is renamed.
All methods block.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from raro.errors import RaroError
from raro.files.blobs import BlobStore
from raro.files.faults import storage_faults
from raro.files.folders import READ_ONLY, STAGING, alone_in, opened, place, status_of, sweep_staging
from raro.files.names import checked_client_id, checked_filename, free_name
from raro.files.same import hash_at, holds
from raro.files.tree_entries import LibraryEntry, TreeReport

_TEMPORARY_ENDINGS = ("~", ".part", ".partial", ".crdownload", ".tmp", ".swp")


@dataclass(frozen=True)
class DroppedFile:
    """A file a person put into a client's folder; `disk_name` as it lies there, `filename` checked (NFC)."""

    client_id: str
    filename: str
    disk_name: str
    size_bytes: int
    mtime_ns: int
    inode: int


class LibraryTree:
    """The library's side of the trees."""

    def __init__(self, root: Path, blobs: BlobStore) -> None:
        self.root = root
        self._blobs = blobs
        self._staging = root / STAGING

    def put(self, entry: LibraryEntry) -> TreeReport:
        """Makes one file the current version's bytes; a dropped file of that name is left for pick-up.

        Raises:
            StorageFull, StorageFault: the disk did not take it.
        """
        report = TreeReport()
        with self._client_folder(entry.client_id, create=True) as fd:
            self._reconcile_entries(fd, [entry], report, dry_run=False)
        return report

    def remove(self, client_id: str, filename: str) -> bool:
        """Removes one file; False when it is not there or is a dropped one."""
        filename = checked_filename(filename)
        with self._client_folder(client_id) as fd:
            status = None if fd is None else status_of(fd, filename)
            if fd is None or status is None or not self._is_ours(fd, filename, status):
                return False
            os.unlink(filename, dir_fd=fd)
            return True

    def reconcile(self, entries: Collection[LibraryEntry], *, dry_run: bool = False) -> TreeReport:
        """Makes the tree's own files equal to `entries`; with `dry_run` only says what it would do."""
        report = TreeReport()
        by_client: dict[str, list[LibraryEntry]] = defaultdict(list)
        for entry in entries:
            by_client[entry.client_id].append(entry)
        for client_id in sorted({*by_client, *self.clients()}):
            with self._client_folder(client_id, create=client_id in by_client and not dry_run) as fd:
                self._reconcile_client(fd, client_id, by_client[client_id], report, dry_run)
        if not dry_run:
            sweep_staging(self._staging)
        return report

    def clients(self) -> list[str]:
        """The client folders on disk, those whose name no client can have left out."""
        with suppress(FileNotFoundError):
            return [name for name in sorted(os.listdir(self.root)) if _is_client(name)]
        return []

    def foreign_files(self, client_id: str) -> list[tuple[str, os.stat_result]]:
        """What a person put into the client's folder, with `lstat`; hidden and temporary names left out."""
        with self._client_folder(client_id) as fd:
            if fd is None:
                return []
            statuses = [(name, status_of(fd, name)) for name in sorted(os.listdir(fd)) if _is_pickable(name)]
            return [
                (name, status)
                for name, status in statuses
                if status is not None and not self._is_ours(fd, name, status)
            ]

    def accept(self, drop: DroppedFile, sha256: str) -> bool:
        """After the upload: puts the tree's own file in the dropped one's place.

        False when somebody wrote to the dropped file since; it stays, to be picked up again.
        """
        with self._client_folder(drop.client_id) as fd:
            if fd is None or not _is_unchanged(status_of(fd, drop.disk_name), drop):
                return False
            with storage_faults(f"put library/{drop.client_id}/{drop.filename} in place"):
                place(self._blobs.path(sha256), fd, drop.filename, staging=self._staging)
                if drop.disk_name != drop.filename:
                    os.unlink(drop.disk_name, dir_fd=fd)
            return True

    def _reconcile_client(
        self, fd: int | None, client_id: str, entries: list[LibraryEntry], report: TreeReport, dry_run: bool
    ) -> None:
        self._reconcile_entries(fd, entries, report, dry_run=dry_run)
        if fd is None:
            return
        for name in sorted(set(os.listdir(fd)) - {entry.filename for entry in entries}):
            status = status_of(fd, name)
            if status is None:
                continue
            if not self._is_ours(fd, name, status):
                report.left.append(f"library/{client_id}/{name}")
                continue
            report.removed.append(f"library/{client_id}/{name}")
            if not dry_run:
                os.unlink(name, dir_fd=fd)

    def _reconcile_entries(
        self, fd: int | None, entries: list[LibraryEntry], report: TreeReport, *, dry_run: bool
    ) -> None:
        for entry in entries:
            if fd is None:
                report.created.append(f"library/{entry.client_id}/{entry.filename}")
            else:
                self._put(fd, entry, report, dry_run=dry_run)

    def _put(self, fd: int, entry: LibraryEntry, report: TreeReport, *, dry_run: bool) -> None:
        name, source = checked_filename(entry.filename), self._blobs.path(entry.sha256)
        where = f"library/{entry.client_id}/{name}"
        status = status_of(fd, name)
        if status is not None and holds(fd, name, source):
            return
        if not source.exists():
            report.blob_missing.append(where)
            return
        if status is not None and not self._is_replaceable(fd, name, status, entry.sha256):
            if stat.S_ISREG(status.st_mode) and _is_pickable(name):
                report.left.append(where)
                return
            report.set_aside.append(f"library/{entry.client_id}/{_set_aside(fd, name, dry_run=dry_run)}")
            status = None
        if not dry_run:
            place(source, fd, name, staging=self._staging)
        (report.created if status is None else report.replaced).append(where)

    def _is_replaceable(self, fd: int, name: str, status: os.stat_result, sha256: str) -> bool:
        """Whether nothing of a person's is lost by replacing it."""
        if not stat.S_ISREG(status.st_mode):
            return False
        return self._is_ours(fd, name, status) or hash_at(fd, name) == sha256

    def _is_ours(self, fd: int, name: str, status: os.stat_result) -> bool:
        """Whether the tree put it there: read-only, and a link (the cheap sign) or a copy of a blob."""
        if not stat.S_ISREG(status.st_mode) or stat.S_IMODE(status.st_mode) != READ_ONLY:
            return False
        return status.st_nlink > 1 or self._blobs.exists(hash_at(fd, name))

    @contextmanager
    def _client_folder(self, client_id: str, *, create: bool = False) -> Iterator[int | None]:
        """None when there is no such folder; a link or file in its place is an error, for it would lead elsewhere."""
        client_id = checked_client_id(client_id)
        with storage_faults(f"work in library/{client_id}"), ExitStack() as stack:
            if create:
                self.root.mkdir(parents=True, exist_ok=True)
            stack.enter_context(alone_in(self.root))
            try:
                fd: int | None = stack.enter_context(opened(self.root, client_id, create=create))
            except FileNotFoundError:
                fd = None
            yield fd


def _set_aside(fd: int, name: str, *, dry_run: bool) -> str:
    other = free_name(name, "set aside", set(os.listdir(fd)))
    if not dry_run:
        os.rename(name, other, src_dir_fd=fd, dst_dir_fd=fd)
    return other


def _is_pickable(name: str) -> bool:
    return not name.startswith((".", "~")) and not name.lower().endswith(_TEMPORARY_ENDINGS)


def _is_client(name: str) -> bool:
    try:
        return checked_client_id(name) == name
    except RaroError:
        return False


def _is_unchanged(status: os.stat_result | None, drop: DroppedFile) -> bool:
    return status is not None and (status.st_ino, status.st_size, status.st_mtime_ns) == (
        drop.inode,
        drop.size_bytes,
        drop.mtime_ns,
    )
