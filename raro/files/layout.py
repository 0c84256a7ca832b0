"""Where a run's artifacts lie on disk: the path itself, unless the folder cannot hold it.

Two artifacts may be called `a` and `a/b` (one was made after the other was gone), and an artifact may be called
metadata.json, which in a run's folder is the projection's name. Nothing is lost to that: the one in the way lies
under another free name, always the same one for the same set of paths. The artifact keeps its own name everywhere
else: in the log, in views and in downloads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from raro.files.names import free_name

METADATA = "metadata.json"


def disk_paths(paths: Collection[str], *, reserved: str | None = METADATA) -> dict[str, str]:
    """For every artifact path its path on disk, without two of them, or a file and a folder, in one place.

    `reserved` as a top-level file or folder becomes e.g. `metadata (artifact).json`; of `a` and `a/b` the file
    becomes `a (file)`.
    """
    placed = {path: path for path in sorted(set(paths))}
    if reserved is not None:
        _keep_clear(reserved, placed)
    folders = {folder for path in placed.values() for folder in ancestors(path)}
    taken = folders | set(placed.values()) | ({reserved} if reserved is not None else set())
    for path, on_disk in placed.items():
        if on_disk in folders:
            parent, slash, name = on_disk.rpartition("/")
            placed[path] = parent + slash + free_name(name, "file", taken, prefix=parent + slash)
            taken.add(placed[path])
    return placed


def _keep_clear(reserved: str, placed: dict[str, str]) -> None:
    inside = [path for path in placed if path.split("/", 1)[0] == reserved]
    if inside:
        other = free_name(reserved, "artifact", {path.split("/", 1)[0] for path in placed})
        placed.update({path: other + path[len(reserved) :] for path in inside})


def ancestors(path: str) -> Iterator[str]:
    """The folders a path goes through, innermost first."""
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)
