"""Uploading 20 KB, one after the other: each answer comes after the bytes and the event are on disk
and in the views. Peers: MLflow 3.17 server; ADK 2.13's file service, which is in the same process and
neither syncs nor records.
"""

from __future__ import annotations

import os
import time

from bench.reading import Reading, percentile
from bench.wire import Wire

UPLOADS = 300
SIZE_BYTES = 20_000


async def measure(wire: Wire) -> list[Reading]:
    """Upload different bytes under new names."""
    waits_ms = []
    for number in range(UPLOADS):
        body = os.urandom(SIZE_BYTES)
        began = time.perf_counter()
        await wire.json("PUT", f"/runtime/library/files/small-{number}.bin", body)
        waits_ms.append((time.perf_counter() - began) * 1000)
    return [
        Reading("upload 20 KB, p50", percentile(waits_ms, 50), "ms", target=4, peer="12 ms (MLflow), 0.5 ms (ADK)"),
        Reading("upload 20 KB, p99", percentile(waits_ms, 99), "ms", peer="39 ms (MLflow)"),
    ]
