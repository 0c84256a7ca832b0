"""A scratch database: the views' tables as they were after one event, folded by the views' own SQL.

It begins empty or as a copy of a snapshot, and can only move forward.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import duckdb

from raro.projections.store import Shape, Store

# What the questions about the past read. Left out is what only grows: the events themselves, above all.
TABLES = frozenset(
    {"library_files", "library_versions", "approvals", "runs", "agents", "artifacts", "artifact_versions"}
)

InThread = Callable[..., Awaitable[Any]]


def shape(memory_mb: int) -> Shape:
    """What a scratch database keeps."""
    return Shape(TABLES, memory_mb)


def opened(base: Path | None, path: Path, incarnation: str, wanted: Shape) -> Store:
    """A store at `path` that begins as a copy of `base`, or empty. Raises Unusable, OSError. Blocking."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if base is None:
        return Store.create(path, incarnation, wanted)
    shutil.copyfile(base, path)
    return Store.open(path, wanted)


def discard(store: Store) -> None:
    """Close a scratch database and delete its folder. Blocking."""
    with contextlib.suppress(duckdb.Error, OSError):
        # Nobody will read it: nothing need be written.
        with contextlib.closing(store.reader()) as connection:
            connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        store.close()
    shutil.rmtree(store.path.parent, ignore_errors=True)
