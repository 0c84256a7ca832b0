"""Points of the past: the first, which makes every snapshot, then any; and the first where there is an archive.

The answer is the one people get: the library, the first thousand artifacts and the first thousand runs. Against the
first question, which folds the whole log, stands what a point costs from then on.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.past import Past
from bench.reading import Reading, percentile
from bench.wire import Wire

POINTS = 40


async def measure(wire: Wire, before: Past) -> list[Reading]:
    """Ask for the last event, then for points all over the log in no order."""
    first_s = await _first(wire, before.events)
    pick = random.Random(1)
    waits = [await _seconds(wire, pick.randrange(before.events)) for _ in range(POINTS)]
    usual_s = percentile(waits, 50)
    return [
        Reading(f"first look at the past of {before.events:,} events", first_s, "s"),
        Reading("any point after that, p50", usual_s * 1000, "ms"),
        Reading("any point after that, p99", percentile(waits, 99) * 1000, "ms", target=1000),
        Reading("a point against folding the whole log", first_s / usual_s, "times faster"),
    ]


async def measure_archived(wire: Wire, before: Past) -> list[Reading]:
    """Ask for the last event when nothing was asked before, and most of the log is archived."""
    return [Reading("first look where there is an archive", await _first(wire, before.events), "s")]


@contextmanager
def archive_aside(storage: Path) -> Iterator[None]:
    """Without what is archived, until the block ends."""
    archive, aside = storage / "archive", storage / "archive.aside"
    if archive.exists():
        archive.rename(aside)
    yield
    if aside.exists():
        aside.rename(archive)


async def _first(wire: Wire, seq: int) -> float:
    """How long until the past is prepared; on the way the server says how far it is, and is asked again."""
    began = time.perf_counter()
    while True:
        try:
            await _seconds(wire, seq)
            return time.perf_counter() - began
        except RuntimeError as answer:
            if "replay_preparing" not in str(answer):
                raise


async def _seconds(wire: Wire, seq: int) -> float:
    began = time.perf_counter()
    past = await wire.json("GET", f"/audit/replay?at={seq}")
    assert past["seq"] == seq
    return time.perf_counter() - began
