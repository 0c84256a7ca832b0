"""From sending a command to its patch on a live stream: 100 commands a second, 20 streams open.

Commands link and unlink library files, one event each. They are sent on the clock, whether or not earlier
ones were answered. Each stream counts: the figures are over commands times streams. The first two seconds, in which a
server that has just started still tries its sandboxes, are not counted.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left

from bench.reading import Reading, percentile
from bench.wire import Wire

STREAMS = 20
PER_SECOND = 100
SECONDS = 10
WARM_UP_S = 2
FILES = 50

Arrivals = list[tuple[int, float]]


async def measure(wire: Wire) -> list[Reading]:
    """Open the streams, send the commands, compare the clocks."""
    for number in range(FILES):
        await wire.json("PUT", f"/runtime/library/files/latency-{number}.txt", f"file {number}".encode())
    streams: list[Arrivals] = [[] for _ in range(STREAMS)]
    async with asyncio.TaskGroup() as group:
        opened = [asyncio.Event() for _ in streams]
        views = "library,artifacts,runs,approvals"
        followers = [
            group.create_task(wire.arrivals(views, into, event)) for into, event in zip(streams, opened, strict=True)
        ]
        await asyncio.gather(*(asyncio.wait_for(event.wait(), 10) for event in opened))
        await _send(wire, WARM_UP_S)
        sent = await _send(wire, SECONDS)
        await asyncio.sleep(1)
        for follower in followers:
            follower.cancel()
    waits_ms = [(_arrival(stream, seq) - moment) * 1000 for stream in streams for seq, moment in sent if stream]
    return [
        Reading("command to patch, p50", percentile(waits_ms, 50), "ms", target=8),
        Reading("command to patch, p99", percentile(waits_ms, 99), "ms", target=25),
    ]


async def _send(wire: Wire, seconds: int) -> Arrivals:
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = []
        for number in range(PER_SECOND * seconds):
            await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
            tasks.append(group.create_task(_command(wire, number)))
    return [task.result() for task in tasks]


async def _command(wire: Wire, number: int) -> tuple[int, float]:
    method = "PUT" if number // FILES % 2 == 0 else "DELETE"
    moment = time.perf_counter()
    answer = await wire.json(method, f"/runtime/library/files/latency-{number % FILES}.txt/link")
    return int(answer["seq"]), moment


def _arrival(stream: Arrivals, seq: int) -> float:
    """When the stream first reached `seq`; infinitely late when it never did."""
    index = bisect_left(stream, seq, key=lambda frame: frame[0])
    return stream[index][1] if index < len(stream) else float("inf")
