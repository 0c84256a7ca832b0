"""Sealing and verifying a log of 200,000 events: each reread, hashed into the tree, compared with what was signed.

Peer, in the same run: nats-py reading the same events and doing nothing with them.
"""

from __future__ import annotations

import time
from pathlib import Path

from bench.past import Past
from bench.reading import Reading
from raro.audit.copies import copy_file
from raro.audit.sealed import SealedLog
from raro.audit.sealer import Rhythm, Sealer
from raro.audit.verify import Auditor
from raro.events.connection import connect
from raro.events.log import EventLog, open_log
from raro.files.blobs import BlobStore

ROUNDS = 3


async def measure(storage: Path, before: Past) -> list[Reading]:
    """Seal once, verify a few times, take the quickest."""
    client = await connect(before.env["RARO_NATS_URL"])
    try:
        log = await open_log(client)
        sealed = SealedLog(storage / "audit", log.incarnation)
        began = time.perf_counter()
        await Sealer(log, sealed, lambda: 0, Rhythm()).seal()
        sealing = before.events / (time.perf_counter() - began)
        auditor = Auditor(log, sealed, BlobStore(storage / "blobs"), copy_file(storage / "none"), storage / "cache")
        rates = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            report = await auditor.verify(quick=True)
            rates.append(report.size / (time.perf_counter() - began))
            assert report.ok, report
        reading = await _read(log, before.events)
    finally:
        await client.close()
    peer = f"{reading:,.0f} only read (nats-py)"
    return [
        Reading(f"seal {before.events:,} events", sealing, "events/s", peer=peer),
        Reading("verify them", max(rates), "events/s", target=200_000, at_least=True, peer=peer),
    ]


async def _read(log: EventLog, events: int) -> float:
    began = time.perf_counter()
    async for group in log.read():
        if group[-1].seq >= events:
            break
    return events / (time.perf_counter() - began)
