"""Bodies streamed from disk: flat memory, the length known beforehand, progress told."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from raro.errors import BadRequest

CHUNK_BYTES = 1 << 20
Progress = Callable[[int], None]
"""Called with the number of bytes that went on since the last call."""


def size_of(path: Path) -> int:
    """The size of a regular file in bytes. Raises BadRequest naming what is wrong with it."""
    try:
        found = path.stat()
    except OSError as fault:
        raise BadRequest(f"{str(path)!r} cannot be read: {fault.strerror}. Check the path.", path=str(path)) from fault
    if not stat.S_ISREG(found.st_mode):
        raise BadRequest(f"{str(path)!r} is not a regular file. Name files, or a folder of files.", path=str(path))
    return found.st_size


async def chunks_of(path: Path, size_bytes: int, progress: Progress | None = None) -> AsyncIterator[bytes]:
    """Exactly `size_bytes` bytes of a file. Raises BadRequest when it cannot be read or got shorter."""
    try:
        file = await asyncio.to_thread(path.open, "rb", buffering=0)
    except OSError as fault:
        raise BadRequest(f"{str(path)!r} cannot be read: {fault.strerror}. Check its permissions.") from fault
    with file:
        left = size_bytes
        while left:
            chunk = await asyncio.to_thread(os.read, file.fileno(), min(CHUNK_BYTES, left))
            if not chunk:
                raise BadRequest(
                    f"{str(path)!r} became shorter while it was read. Try again when nothing writes to it."
                )
            left -= len(chunk)
            yield chunk
            if progress:
                progress(len(chunk))
