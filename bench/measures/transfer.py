"""One file of 1 GiB up and down, and what the server's memory does meanwhile.

Peer: MLflow 3.17 server with 100 MB, 6.5 s up and 2.8 s down.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator
from http.client import HTTPConnection

from bench.reading import Reading
from bench.stack import MIB, Stack
from bench.wire import CLIENT

SIZE_BYTES = 1 << 30
CHUNK_BYTES = MIB
NAME = "one-gib.bin"
PATH = f"/runtime/library/files/{NAME}"


async def measure(stack: Stack) -> list[Reading]:
    """Send and fetch with the standard library's client, in a thread."""
    before_mb = stack.resident_mb()
    up_s, up_peak_mb = await _watched(stack, lambda: asyncio.to_thread(_upload, stack))
    down_s, down_peak_mb = await _watched(stack, lambda: asyncio.to_thread(_download, stack))
    size_mb = SIZE_BYTES / 1e6
    growth_mb = max(up_peak_mb, down_peak_mb) - before_mb
    return [
        Reading("upload 1 GiB", size_mb / up_s, "MB/s", target=400, at_least=True, peer="15 MB/s (MLflow)"),
        Reading("download 1 GiB", size_mb / down_s, "MB/s", target=500, at_least=True, peer="36 MB/s (MLflow)"),
        Reading("memory growth while at it", growth_mb, "MB", target=64),
    ]


async def _watched(stack: Stack, transfer: Callable[[], Awaitable[float]]) -> tuple[float, float]:
    """The transfer's seconds, and the most memory the server had meanwhile."""
    work = asyncio.ensure_future(transfer())
    peak_mb = stack.resident_mb()
    while not work.done():
        await asyncio.sleep(0.02)
        peak_mb = max(peak_mb, stack.resident_mb())
    return work.result(), peak_mb


def _chunks() -> Iterator[bytes]:
    chunk = bytearray(hashlib.shake_256(b"bench").digest(CHUNK_BYTES))
    for number in range(SIZE_BYTES // CHUNK_BYTES):
        chunk[:4] = number.to_bytes(4, "big")
        yield bytes(chunk)


def _upload(stack: Stack) -> float:
    connection = HTTPConnection(stack.host, stack.port, timeout=120)
    began = time.perf_counter()
    connection.request("PUT", PATH, _chunks(), {"Content-Length": str(SIZE_BYTES), "X-RARO-CLIENT-ID": CLIENT})
    answer = connection.getresponse()
    text = answer.read()
    seconds = time.perf_counter() - began
    assert answer.status < 300, text
    return seconds


def _download(stack: Stack) -> float:
    connection = HTTPConnection(stack.host, stack.port, timeout=120)
    buffer = bytearray(CHUNK_BYTES)
    began = time.perf_counter()
    connection.request("GET", PATH, headers={"X-RARO-CLIENT-ID": CLIENT})
    answer = connection.getresponse()
    total = 0
    while read := answer.readinto(buffer):
        total += read
    seconds = time.perf_counter() - began
    assert (answer.status, total) == (200, SIZE_BYTES)
    return seconds
