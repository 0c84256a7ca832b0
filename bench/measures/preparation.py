"""Preparing a session with one linked file of 1 GiB: from the run's first event to `session_prepared`.

Both moments are those of the log's events. The file is the one that `transfer` uploaded.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

from bench.measures.transfer import NAME
from bench.reading import Reading, percentile
from bench.wire import Wire

RUNS = 9
TIMEOUT_S = 60.0
ENDS = ("completed", "failed", "stopped")


async def measure(wire: Wire) -> list[Reading]:
    """Start a run on the file, again and again."""
    waits_ms = [await _prepare(wire) for _ in range(RUNS)]
    return [Reading("prepare a session of 1 GiB, p50", percentile(waits_ms, 50), "ms", target=20)]


async def _prepare(wire: Wire) -> float:
    agent = {"id": "writer_note", "role": "worker", "model": "fast", "prompt": "Write one line."}
    workflow = {"id": "bench", "name": "bench", "agents": [agent], "attached_files": [NAME]}
    run_id = (await wire.json("POST", "/runtime/start", workflow))["run_id"]
    times = await _times_of_ended(wire, run_id)
    return (times["session_prepared"] - times["started"]).total_seconds() * 1000


async def _times_of_ended(wire: Wire, run_id: str) -> dict[str, datetime]:
    """The moment of each kind of event, once the run is over and disturbs no other."""
    give_up = time.monotonic() + TIMEOUT_S
    while time.monotonic() < give_up:
        events = (await wire.json("GET", f"/audit/events?run_id={run_id}"))["events"]
        times = {event["type"].split(".")[2]: _moment(event) for event in events}
        if not times.keys().isdisjoint(ENDS):
            return times
        await asyncio.sleep(0.05)
    raise TimeoutError(f"run {run_id} was not over within {TIMEOUT_S:.0f} s")


def _moment(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])
