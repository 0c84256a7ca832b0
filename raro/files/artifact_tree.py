"""`artifacts/{client}/{run}/…`: each run's files as they were made, and metadata.json.

A projection: whatever else lies there is removed, whatever is missing comes back from the blobs. All methods block.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from raro.files.blobs import BlobStore
from raro.files.faults import storage_faults
from raro.files.folders import (
    STAGING,
    Below,
    alone_in,
    below,
    is_folder,
    opened,
    place,
    place_bytes,
    remove_tree,
    status_of,
    sweep_staging,
)
from raro.files.layout import METADATA, disk_paths
from raro.files.names import checked_client_id, checked_path, checked_run_id
from raro.files.same import holds, holds_bytes
from raro.files.tree_entries import RunTree, TreeReport

_Content = Path | bytes
"""A blob's place, or the content itself."""


class ArtifactTree:
    """The artifacts' side of the trees."""

    def __init__(self, root: Path, blobs: BlobStore) -> None:
        self.root = root
        self._blobs = blobs
        self._staging = root / STAGING

    def put_run(self, run: RunTree, *, changed: Collection[str] | None = None) -> TreeReport:
        """Makes one run's folder equal to `run`; with `changed`, looks only at these artifact paths.

        `run.artifacts` is always the whole list: where a file lies can depend on the others (see `layout`). The
        whole folder is looked at all the same when something was removed or cannot lie under its own path.

        Raises:
            StorageFull, StorageFault: the disk did not take it.
        """
        where = f"artifacts/{run.client_id}/{run.run_id}"
        with storage_faults(f"bring {where} up to date"):
            self.root.mkdir(parents=True, exist_ok=True)
            try:
                return self._sync(run, where, changed, dry_run=False)
            except NotADirectoryError:  # a stray file stands where a folder belongs
                return self._sync(run, where, None, dry_run=False)

    def remove_run(self, client_id: str, run_id: str) -> bool:
        """Removes a run's folder, and the client's when it was the last; False when there was none."""
        client_id, run_id = checked_client_id(client_id), checked_run_id(run_id)
        with (
            storage_faults(f"remove artifacts/{client_id}/{run_id}"),
            suppress(FileNotFoundError),
            alone_in(self.root),
        ):
            with opened(self.root, client_id) as fd:
                removed = remove_tree(fd, run_id)
            _remove_if_empty(self.root / client_id)
            return removed
        return False

    def reconcile(self, runs: Collection[RunTree], *, dry_run: bool = False) -> TreeReport:
        """Makes the whole tree equal to `runs`; with `dry_run` only says what it would do."""
        report = TreeReport()
        with storage_faults("bring the artifacts' folders up to date"):
            self._remove_strays({f"{run.client_id}/{run.run_id}" for run in runs}, dry_run, report)
            for run in runs:
                where = f"artifacts/{run.client_id}/{run.run_id}"
                report.add(self._sync(run, where, None, dry_run=dry_run))
            if not dry_run:
                sweep_staging(self._staging)
        return report

    def _sync(self, run: RunTree, where: str, changed: Collection[str] | None, *, dry_run: bool) -> TreeReport:
        expected, plain = self._expected(run)
        with alone_in(self.root), self._folder(run, create=not dry_run) as fd:
            if changed is not None and plain >= set(changed):
                found = Below()
                considered = {path: expected[path] for path in {*changed, METADATA} & expected.keys()}
            else:
                found, considered = below(fd), expected
            strays = sorted(set(found.files) - expected.keys())
            if fd is not None and not dry_run:
                _remove(fd, strays, found.folders)
            report = self._put_all(fd, where, considered, dry_run=dry_run)
        report.removed += [f"{where}/{path}" for path in strays]
        return report

    def _expected(self, run: RunTree) -> tuple[dict[str, _Content], set[str]]:
        """Content by path on disk, and all artifacts' paths, or none when one cannot lie under its own."""
        paths = disk_paths([checked_path(entry.path) for entry in run.artifacts])
        expected: dict[str, _Content] = {
            paths[checked_path(entry.path)]: self._blobs.path(entry.sha256) for entry in run.artifacts
        }
        if run.metadata is not None:
            expected[METADATA] = json.dumps(run.metadata, ensure_ascii=False, indent=2).encode() + b"\n"
        return expected, set(paths) if all(path == place for path, place in paths.items()) else set()

    def _put_all(self, fd: int | None, where: str, expected: Mapping[str, _Content], *, dry_run: bool) -> TreeReport:
        report = TreeReport()
        for path, content in sorted(expected.items()):
            was_there = _is_there(fd, path)
            if was_there and fd is not None and _is_right(fd, path, content):
                continue
            if isinstance(content, Path) and not content.exists():
                report.blob_missing.append(f"{where}/{path}")
                continue
            if not dry_run and fd is not None:
                self._put(fd, path, content)
            (report.replaced if was_there else report.created).append(f"{where}/{path}")
        return report

    def _put(self, folder_fd: int, path: str, content: _Content) -> None:
        *parents, name = path.split("/")
        with opened(folder_fd, *parents, create=True) as parent_fd:
            if is_folder(status_of(parent_fd, name)):
                remove_tree(parent_fd, name)
            if isinstance(content, Path):
                place(content, parent_fd, name, staging=self._staging)
            else:
                place_bytes(content, parent_fd, name, staging=self._staging)

    def _remove_strays(self, expected: set[str], dry_run: bool, report: TreeReport) -> None:
        """Removes what is not an expected run's folder, or lies beside the clients' folders."""
        with suppress(FileNotFoundError), alone_in(self.root), opened(self.root) as root_fd:
            for client in sorted(set(os.listdir(root_fd)) - {STAGING}):
                if not any(key.startswith(f"{client}/") for key in expected):
                    self._remove_stray(root_fd, client, client, dry_run, report)
                    continue
                with suppress(NotADirectoryError), opened(root_fd, client) as client_fd:
                    for run in sorted(os.listdir(client_fd)):
                        if f"{client}/{run}" not in expected:
                            self._remove_stray(client_fd, run, f"{client}/{run}", dry_run, report)

    def _remove_stray(self, parent_fd: int, name: str, where: str, dry_run: bool, report: TreeReport) -> None:
        report.removed.append(f"artifacts/{where}")
        if not dry_run:
            remove_tree(parent_fd, name)

    @contextmanager
    def _folder(self, run: RunTree, *, create: bool) -> Iterator[int | None]:
        """The run's folder; None when it is not there and not to be made. A file or link in its place is removed."""
        segments = (checked_client_id(run.client_id), checked_run_id(run.run_id))
        if create:
            _clear_the_way(self.root, segments)
        with ExitStack() as stack:
            try:
                fd: int | None = stack.enter_context(opened(self.root, *segments, create=create))
            except (FileNotFoundError, NotADirectoryError):
                if create:
                    raise
                fd = None
            yield fd


def _clear_the_way(root: Path, segments: tuple[str, ...]) -> None:
    path = root
    for segment in segments:
        path = path / segment
        if path.is_symlink() or path.is_file():
            path.unlink()


def _is_there(folder_fd: int | None, path: str) -> bool:
    """Whether a file, or anything that is not a folder, is at that path."""
    if folder_fd is None:
        return False
    *parents, name = path.split("/")
    try:
        with opened(folder_fd, *parents) as fd:
            return status_of(fd, name) is not None
    except (FileNotFoundError, NotADirectoryError):
        return False


def _is_right(folder_fd: int, path: str, content: _Content) -> bool:
    *parents, name = path.split("/")
    with opened(folder_fd, *parents) as fd:
        if isinstance(content, Path):
            return holds(fd, name, content)
        return holds_bytes(fd, name, content)


def _remove(folder_fd: int, paths: Collection[str], folders: Collection[str]) -> None:
    """Removes files, and of the folders those that are empty then."""
    for path in paths:
        *parents, name = path.split("/")
        with suppress(FileNotFoundError), opened(folder_fd, *parents) as fd:
            remove_tree(fd, name)
    for path in sorted(folders, reverse=True):
        *parents, name = path.split("/")
        with suppress(OSError), opened(folder_fd, *parents) as fd:
            os.rmdir(name, dir_fd=fd)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
