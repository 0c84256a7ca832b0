"""A log with events, its sealed tree, and what verifies it: on a nats-server of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from raro.audit.copies import copy_served
from raro.audit.findings import Check, Report
from raro.audit.sealed import SealedLog
from raro.audit.sealer import Rhythm, Sealer
from raro.audit.verify import Auditor
from raro.events.catalogue import FileUploaded, Paused
from raro.events.envelope import Cause, Event, new_event
from raro.events.log import EventLog
from raro.events.subjects import file_id
from raro.files.blobs import BlobStore
from raro.projections.views import Views


def paused(number: int, run_id: str = "run_1") -> Event:
    """A small event."""
    cause = Cause(f"cause-{number}", "user:t", run_id, datetime.now(UTC))
    return new_event("acme", run_id, Paused(reason=str(number)), cause)


def wrong(report: Report) -> dict[str, Check]:
    """The checks that are not ok, by name."""
    return {check.name: check for check in report.checks if not check.ok}


@dataclass
class Place:
    """A log, its seal, its bytes and its views."""

    log: EventLog
    folder: Path
    blobs: BlobStore
    views: Views
    open: bool = True

    @property
    def sealed(self) -> SealedLog:
        """What is sealed."""
        return SealedLog(self.folder / "audit", self.log.incarnation, second=str(self.folder / "second"))

    @property
    def sealer(self) -> Sealer:
        """One that knows nothing but what is on disk, as after a start."""
        return Sealer(self.log, self.sealed, lambda: self.views.seq, Rhythm())

    async def append(self, count: int) -> None:
        """So many events, each a command of its own, and then one batch of three."""
        head = await self.log.head()
        for number in range(count):
            await self.log.append([paused(head + number)])
        await self.log.append([paused(head + count + number, "run_2") for number in range(3)])

    async def upload(self, data: bytes) -> str:
        """A file in the library; gives its hash."""
        blob = await self.blobs.put_bytes(data)
        told = FileUploaded(
            filename="a.txt", version_number=1, sha256=blob.sha256, size_bytes=len(data), content_type="text/plain"
        )
        cause = Cause("upload", "user:t", "upload", datetime.now(UTC))
        await self.log.append([new_event("acme", file_id("acme", "a.txt"), told, cause)])
        return blob.sha256

    async def close_views(self) -> None:
        """Let go of the views' file."""
        if self.open:
            self.open = False
            await self.views.close()

    async def verify(self, *, quick: bool = False) -> Report:
        """Everything once more."""
        await self.views.caught_up()
        auditor = Auditor(self.log, self.sealed, self.blobs, copy_served(self.views), self.folder / "cache")
        return await auditor.verify(quick=quick)


@pytest.fixture
async def place(log: EventLog, tmp_path: Path) -> AsyncIterator[Place]:
    """An empty log with its views."""
    views = Views(tmp_path / "projections" / "raro.duckdb", log)
    await views.start()
    made = Place(log, tmp_path, BlobStore(tmp_path / "blobs"), views)
    yield made
    await made.close_views()
