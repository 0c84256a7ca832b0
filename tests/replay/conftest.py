"""A log of some runs and files, and the past of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from raro.events.catalogue import AgentScheduled, Completed, EventData, FileUploaded, Started
from raro.events.envelope import Event
from raro.events.log import EventLog
from raro.events.shapes import AgentSpec, WorkflowConfig
from raro.events.subjects import file_id
from raro.projections import library, runs
from raro.projections.queries import Connection, Row
from raro.replay.replay import Caps, Replay
from tests.given import CLIENT, stamp

EVERY = 10
SMALL = Caps(every=EVERY, cache_bytes=1024**3, memory_mb=128, at_once=2)


def story(events: int, first: int = 1) -> list[Event]:
    """So many events, numbered from `first`: runs of three events, and a new version of a file after each."""
    return [_event(number) for number in range(first, first + events)]


def _event(number: int) -> Event:
    run_id = f"run_{number // 4}"
    facts: Sequence[EventData] = (
        FileUploaded(
            filename="a.csv",
            version_number=number // 4 + 1,
            sha256=f"{number:064x}",
            size_bytes=number,
            content_type="text/csv",
        ),
        Started(workflow=WorkflowConfig(agents=(AgentSpec(id="one"),)), retention_days=7),
        AgentScheduled(agent_id="one"),
        Completed(),
    )
    data = facts[number % 4]
    return stamp(data, number, aggregate_id=file_id(CLIENT, "a.csv") if number % 4 == 0 else run_id)


def glance(connection: Connection) -> tuple[list[Row], list[Row]]:
    """The client's library and runs."""
    return library.listing(connection, CLIENT), runs.page(connection, CLIENT, limit=1000)[0]


def expected_version(seq: int) -> int:
    """The version of the story's file after an event; 0 before the first."""
    return seq // 4 + 1 if seq >= 4 else 0


@asynccontextmanager
async def replaying(log: EventLog, folder: Path, caps: Caps = SMALL) -> AsyncIterator[Replay]:
    """The past of a log."""
    made = Replay(log, folder, caps)
    try:
        yield made
    finally:
        await made.close()


def snapshots(folder: Path) -> dict[int, Path]:
    """The snapshots on disk, by their event."""
    return {int(path.stem): path for path in sorted(folder.glob("*-*/*.duckdb"))}
