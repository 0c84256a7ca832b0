"""A scratch database: the views' tables as they were after one event, folded by the views' own SQL.

It begins empty or as a copy of a snapshot, and can only move forward.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import duckdb

from raro.errors import LogUnavailable
from raro.events.log import EventLog
from raro.events.reader import RawMessage
from raro.projections.store import Shape, Store

# What the questions about the past read. Left out is what only grows: the events themselves, above all.
TABLES = frozenset(
    {"library_files", "library_versions", "approvals", "runs", "agents", "artifacts", "artifact_versions"}
)
_BATCH = 20_000
_READ_S = 30.0

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


async def advance(log: EventLog, store: Store, seq: int, in_thread: InThread) -> None:
    """Fold the log up to this event and no further.

    Raises LogUnavailable; LogDamaged when the store was made from other events than the log has now.
    """
    missing = seq - store.cursor.seq
    if missing <= 0:
        return
    # No more at once than is missing: the reader waits for a full batch.
    async with aclosing(log.read(store.cursor, batch_max=min(_BATCH, missing))) as batches:
        while store.cursor.seq < seq:
            batch = await _next(batches)
            await in_thread(store.fold, [message for message in batch if message.seq <= seq])


async def _next(batches: AsyncGenerator[list[RawMessage]]) -> list[RawMessage]:
    try:
        async with asyncio.timeout(_READ_S):
            return await anext(batches)
    except TimeoutError:
        raise LogUnavailable(f"the log sent nothing for {_READ_S:.0f} s. See `raro doctor`.") from None


def discard(store: Store) -> None:
    """Close a scratch database and delete its folder. Blocking."""
    with contextlib.suppress(duckdb.Error, OSError):
        # Nobody will read it: nothing need be written.
        with contextlib.closing(store.reader()) as connection:
            connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        store.close()
    shutil.rmtree(store.path.parent, ignore_errors=True)
