"""Verification: the log reread, against everything that was signed, the stored bytes and the views.

Each check says by itself what is wrong and since which event. Details name events, tables and hashes, never a
client's files. Blocking parts run in a thread; nothing is changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from raro.audit.checkpoints import CheckpointPlace, opened
from raro.audit.findings import Bytes, Check, Evidence, Place, Report, ViewsFound, judge
from raro.audit.notes import BadNote, Checkpoint, Verifier
from raro.audit.reading import Reading
from raro.audit.sealed import SealedLog
from raro.audit.shadow import Shadow
from raro.errors import AuditDamaged, StorageFault, ViewsUnavailable
from raro.events.log import EventLog
from raro.events.raw import Endpoint, endpoint_of, read_stored
from raro.files.blobs import BlobStore

__all__ = ["Auditor", "Check", "CopyViews", "Report"]

# Copies the views as they are to a path in a folder that is made for it; gives the event up to which they are whole.
# Raises ViewsUnavailable when there are none, AuditDamaged when they cannot be read.
CopyViews = Callable[[Path], Awaitable[int]]
_SERVED, _SHADOW = "served/raro.duckdb", "shadow.duckdb"


class Auditor:
    """Verifies one log. `cache` is where the views are built once more, and removed again."""

    def __init__(self, log: EventLog, sealed: SealedLog, blobs: BlobStore, copy_views: CopyViews, cache: Path) -> None:
        self._log = log
        self._sealed = sealed
        self._blobs = blobs
        self._copy_views = copy_views
        self._cache = cache
        self._at_work: asyncio.Task[Report] | None = None
        self.last: Report | None = None
        """What the last verification found."""

    async def verify(self, *, quick: bool = False, pinned: Verifier | None = None) -> Report:
        """Verify everything; `quick` leaves out the views and the blobs. `pinned` is a key known from elsewhere.

        Raises LogUnavailable, AuditDamaged for a public key that cannot be read, StorageFault, StorageFull.
        """
        # Read before the log's end is: what is sealed meanwhile is told apart as `later`.
        evidence = await asyncio.to_thread(self._evidence, pinned)
        if quick:
            report = await self._read(evidence, None)
        else:
            self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            with TemporaryDirectory(dir=self._cache) as folder:
                report = await self._read(evidence, Path(folder))
        self.last = report
        return report

    async def verify_once(self) -> Report:
        """A full verification; whoever asks while one is under way gets its report."""
        if self._at_work is None or self._at_work.done():
            self._at_work = asyncio.create_task(self.verify())
        return await asyncio.shield(self._at_work)

    async def _read(self, evidence: Evidence, folder: Path | None) -> Report:
        served = None if folder is None else await self._copied(folder / _SERVED)
        head = (await self._log.state()).last_seq
        endpoint = endpoint_of(self._log.nc)
        if folder is None or served is None:
            return await asyncio.to_thread(self._verify, endpoint, head, evidence)
        return await asyncio.to_thread(self._verify_all, endpoint, head, evidence, folder, served)

    async def _copied(self, target: Path) -> ViewsFound:
        try:
            return ViewsFound(await self._copy_views(target))
        except ViewsUnavailable as absent:
            return ViewsFound(0, absent.message)
        except AuditDamaged as damage:
            return ViewsFound(0, damage.message, broken=True)

    def _verify(self, endpoint: Endpoint, head: int, evidence: Evidence) -> Report:
        reading = Reading(self._sealed.incarnation, evidence.roots, self._sealed.tiles)
        for group in read_stored(endpoint, 1, head):
            reading.take(group)
        reading.finish(head)
        return judge(evidence, reading, later=self._later(evidence, reading))

    def _verify_all(
        self, endpoint: Endpoint, head: int, evidence: Evidence, folder: Path, served: ViewsFound
    ) -> Report:
        reading = Reading(self._sealed.incarnation, evidence.roots, self._sealed.tiles)
        shadow = Shadow(folder / _SHADOW, self._sealed.incarnation, head if served.fault else served.whole_to)
        try:
            for group in read_stored(endpoint, 1, head):
                reading.take(group)
                if not reading.missing.count:
                    shadow.take(group)
            reading.finish(head)
            shadow.finish()
            blobs = self._bytes(shadow.expected_blobs())
            if not served.fault and not reading.missing.count and served.whole_to <= head:
                served = replace(served, compared=True, differing=tuple(shadow.differences(folder / _SERVED)))
        finally:
            shadow.close()
        return judge(evidence, reading, later=self._later(evidence, reading), blobs=blobs, views=served)

    def _evidence(self, pinned: Verifier | None) -> Evidence:
        sealed, key = self._sealed, self._sealed.verifier()
        # The second place first: what is sealed meanwhile comes to it last, and must not seem gone from the first.
        second = self._second(sealed.second, pinned or key) if sealed.second else None
        return Evidence(key, pinned, self._place(sealed.checkpoints, pinned or key), second, sealed.others())

    def _second(self, place: CheckpointPlace, key: Verifier | None) -> Place:
        try:
            return self._place(place, key)
        except StorageFault as error:
            return Place(away=error.message)

    def _place(self, folder: CheckpointPlace, key: Verifier | None) -> Place:
        signed: dict[int, Checkpoint] = {}
        faults: list[tuple[int, str]] = []
        for size in folder.sizes():
            try:
                if key is None:
                    raise BadNote("there is no key to check it with")
                signed[size] = opened(folder.read(size), key, self._sealed.origin)
            except BadNote as reason:
                faults.append((size, str(reason)))
        return Place(signed, tuple(faults))

    def _later(self, evidence: Evidence, reading: Reading) -> dict[int, Checkpoint]:
        """Checkpoints that the log tells of and that were not there before it was read."""
        known, folder, key = evidence.roots, self._sealed.checkpoints, self._sealed.verifier()
        there = set(folder.sizes())
        found: dict[int, Checkpoint] = {}
        for said in reading.announced:
            if key is not None and said.size not in known and said.size in there:
                with suppress(BadNote):
                    found[said.size] = opened(folder.read(said.size), key, self._sealed.origin)
        return found

    def _bytes(self, expected: Mapping[str, int]) -> Bytes:
        missing, corrupt = [], []
        for sha256 in sorted(expected):
            if not self._blobs.exists(sha256):
                missing.append(sha256)
            elif not self._blobs.is_intact(sha256):
                corrupt.append(sha256)
        return Bytes(len(expected), tuple(missing), tuple(corrupt))
