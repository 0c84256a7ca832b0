"""The first page of a client's 10,000 artifacts, newest first, as the console asks for it."""

from __future__ import annotations

import time

from bench.reading import Reading, percentile
from bench.wire import Wire

ARTIFACTS = 10_000
REQUESTS = 100


async def measure(wire: Wire) -> list[Reading]:
    """Ask again and again over one connection."""
    waits_ms = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        page = await wire.json("GET", "/runtime/artifacts")
        waits_ms.append((time.perf_counter() - began) * 1000)
        assert page["artifacts"], "the artifacts are not in the views"
    return [
        Reading(
            f"list {ARTIFACTS:,} artifacts, first page, p50",
            percentile(waits_ms, 50),
            "ms",
            target=15,
            peer="148 ms for 300 (MLflow), 17 ms (ADK)",
        )
    ]
