"""From `raro up` to the line that says it can serve, on an empty storage folder; then its memory at rest.

Median of five starts; one before them warms the page cache and is not counted. Peer: MLflow 3.17 server.
"""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path

from bench.reading import Reading
from bench.stack import running

STARTS = 5
SETTLE_S = 5.0


async def measure(folder: Path) -> list[Reading]:
    """Start and stop a few times, then leave one alone for a while."""
    times_s = [await _start(folder / f"start{number}") for number in range(STARTS + 1)]
    async with running(folder / "idle") as stack:
        await asyncio.sleep(SETTLE_S)
        idle_mb = stack.memory_mb()
    return [
        Reading("start to ready", statistics.median(times_s[1:]), "s", target=2.0, peer="21 s (MLflow)"),
        Reading("idle memory, whole stack", idle_mb, "MB", target=250),
    ]


async def _start(storage: Path) -> float:
    async with running(storage) as stack:
        return stack.ready_s
