"""Making every view anew from a log of 200,000 events, as `raro rebuild` does.

The command's own start-up counts too. Peer: eventsourcing 9.5 on SQLite reads and decodes its log at 180,000
events a second, without projecting anything.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from bench.past import Past
from bench.reading import Reading
from bench.stack import RARO

TIMEOUT_S = 300.0


async def measure(storage: Path, before: Past) -> list[Reading]:
    """Run the command and look at the clock."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        str(RARO), "rebuild", "--storage", str(storage), "--json",
        env={**os.environ, **before.env},
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    code = await asyncio.wait_for(process.wait(), TIMEOUT_S)
    seconds = time.perf_counter() - began
    assert code == 0, f"raro rebuild ended with {code}"
    return [
        Reading(
            f"rebuild of {before.events:,} events",
            before.events / seconds,
            "events/s",
            target=80_000,
            at_least=True,
            peer="180,000 without projecting (eventsourcing)",
        )
    ]
