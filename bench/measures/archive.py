"""Views of 200,000 events from the archive: its tables loaded, their hashes compared, and the command as a whole.

Writing the archive is measured with it: every event reread, hashed into the tree, written, and folded.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

from bench.measures import rebuild
from bench.past import Past
from bench.reading import Reading
from raro.archive.archive import Archive
from raro.archive.extending import extend
from raro.audit.sealed import SealedLog
from raro.audit.sealer import Rhythm, Sealer
from raro.events.connection import connect
from raro.events.log import EventLog, open_log
from raro.events.raw import endpoint_of

ROUNDS = 3


async def measure(storage: Path, before: Past) -> list[Reading]:
    """Archive once, restore a few times and take the quickest, then run the command."""
    client = await connect(before.env["RARO_NATS_URL"])
    try:
        log = await open_log(client)
        archive, archiving, size = await _archived(log, storage)
        rates = [
            await asyncio.to_thread(_restored, archive, log.incarnation, storage / "restored") for _ in range(ROUNDS)
        ]
    finally:
        await client.close()
    [command] = await rebuild.measure(storage, before)
    return [
        Reading(f"archive {before.events:,} events", archiving, "events/s"),
        Reading("archived event", size, "bytes"),
        Reading("views from the archive", max(rates), "events/s", target=400_000, at_least=True, peer=command.peer),
        Reading("rebuild from the archive, as a command", command.value, "events/s", peer=command.peer),
    ]


async def _archived(log: EventLog, storage: Path) -> tuple[Archive, float, float]:
    sealed = SealedLog(storage / "audit", log.incarnation)
    await Sealer(log, sealed, lambda: 0, Rhythm()).seal()
    archive, head = Archive(storage / "archive", sealed), await log.head()
    began = time.perf_counter()
    done = await asyncio.to_thread(extend, archive, endpoint_of(log.nc), archive.checkpoint_at(head))
    seconds, manifest = time.perf_counter() - began, archive.manifest()
    assert manifest is not None
    parts = (*manifest.segments, *manifest.state.tables.values())
    return archive, done.last / seconds, sum(part.size_bytes for part in parts) / done.last


def _restored(archive: Archive, incarnation: str, folder: Path) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    began = time.perf_counter()
    store = archive.restore(folder / "raro.duckdb", incarnation)
    seconds = time.perf_counter() - began
    assert store is not None
    store.close()
    return store.cursor.seq / seconds
