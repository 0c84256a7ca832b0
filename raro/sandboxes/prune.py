"""Cut folders that are nested too deep off an output folder, so that the rest of RARO can walk it.

Code can nest folders deeper than a path can name or a recursive walk can follow; removing such a chain has
to work without either.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def prune(output: Path, depth: int) -> None:
    """Remove every folder nested deeper than `depth`; no code may run meanwhile. Follows no link.

    Raises:
        OSError: a folder cannot be read or removed.
    """
    root = os.open(output, FOLDER_FLAGS)
    try:
        for parent, name in _too_deep(str(output), depth):
            _remove_chain(root, parent, name)
    finally:
        os.close(root)


def _too_deep(output: str, depth: int) -> list[tuple[str, str]]:
    found = []
    folders = [(output, 1)]
    while folders:
        folder, level = folders.pop()
        with os.scandir(folder) as entries:
            below = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        if level >= depth:
            found += [(folder, entry.name) for entry in below]
        else:
            folders += [(entry.path, level + 1) for entry in below]
    return found


def _remove_chain(root: int, parent: str, name: str) -> None:
    """Lift each folder to the top under a name of its own, empty it, and lift what it held in turn."""
    lifted = [secrets.token_hex(16)]
    os.rename(f"{parent}/{name}", lifted[0], dst_dir_fd=root)
    while lifted:
        top = lifted.pop()
        folder = os.open(top, FOLDER_FLAGS, dir_fd=root)
        try:
            lifted += _emptied(folder, root)
        finally:
            os.close(folder)
        os.rmdir(top, dir_fd=root)


def _emptied(folder: int, root: int) -> list[str]:
    lifted = []
    with os.scandir(folder) as entries:
        held = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in held:
        if is_folder:
            lifted.append(secrets.token_hex(16))
            os.rename(name, lifted[-1], src_dir_fd=folder, dst_dir_fd=root)
        else:
            os.unlink(name, dir_fd=folder)
    return lifted
