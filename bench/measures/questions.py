"""Asking what happened: every ready report, and SQL in a process of its own.

Peer for SQL, in the same run: a fresh Python that opens an empty DuckDB and asks for 1, as any such process would.
"""

from __future__ import annotations

import asyncio
import sys
import time

from bench.reading import Reading, percentile
from bench.wire import Wire

ROUNDS = 5
QUERIES = 30
# Time for the server to have the next process ready, as it has between a person's questions.
PAUSE_S = 0.5
PEER = "import duckdb; print(duckdb.connect().execute('SELECT 1').fetchall())"


async def measure(wire: Wire, events: int) -> list[Reading]:
    """Ask each report a few times and one query again and again."""
    names = [report["name"] for report in (await wire.json("GET", "/analytics"))["reports"]]
    waits = {name: [await _ms(wire, "GET", f"/analytics/{name}") for _ in range(ROUNDS)] for name in names}
    slowest = max(names, key=lambda name: percentile(waits[name], 50))
    await _ms(wire, "POST", "/analytics/sql", {"sql": "SELECT 1"})
    queries = []
    for _ in range(QUERIES):
        await asyncio.sleep(PAUSE_S)
        queries.append(await _ms(wire, "POST", "/analytics/sql", {"sql": "SELECT count(*) FROM runs"}))
    peer = percentile([await _python() for _ in range(ROUNDS)], 50)
    return [
        Reading(
            f"the slowest of {len(names)} reports on {events:,} events ({slowest}), p50",
            percentile(waits[slowest], 50),
            "ms",
            target=200,
        ),
        Reading(
            "SQL from question to answer, p50",
            percentile(queries, 50),
            "ms",
            target=150,
            peer=f"{peer:,.0f} ms (a fresh Python with DuckDB)",
        ),
    ]


async def _ms(wire: Wire, method: str, path: str, body: dict[str, str] | None = None) -> float:
    began = time.perf_counter()
    await wire.json(method, path, body or b"")
    return (time.perf_counter() - began) * 1000


async def _python() -> float:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PEER, stdout=asyncio.subprocess.DEVNULL)
    await process.wait()
    return (time.perf_counter() - began) * 1000
