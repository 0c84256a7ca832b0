"""A log of two clients and `public`, folded, and what stands on it: snapshots, processes, the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from raro.analytics.desk import Desk
from raro.analytics.exporting import export
from raro.analytics.process import Caps, Found, Processes
from raro.events.catalogue import (
    AgentFailed,
    AgentFinished,
    AgentScheduled,
    AgentStarted,
    AgentTurnCompleted,
    ApprovalRequested,
    ArtifactPromoted,
    ArtifactSavedToLibrary,
    Completed,
    EventData,
    EventParked,
    FileLinked,
    FileUploaded,
    PolicyMatched,
    Started,
)
from raro.events.envelope import Event
from raro.events.log import EventLog
from raro.events.reader import RawMessage
from raro.events.shapes import AgentSpec, BlobRef, InputFile, Origin, Promoted, WorkflowConfig
from raro.events.subjects import SYSTEM_CLIENT, SYSTEM_ID, file_id
from raro.projections.store import Store
from raro.projections.views import Views
from tests.given import at, stamp

ADA, BOB, PUBLIC = "ada", "bob", "public"
SMALL = Caps(wall_s=10, memory_bytes=128 * 1024 * 1024, rows=1000, body_bytes=256 * 1024)
_SHA = "a" * 64
_BLOB = BlobRef(sha256=_SHA, size_bytes=7)

Step = tuple[str, str, EventData]


def run_of(client_id: str, run_id: str, *, fails: bool = False) -> list[Step]:
    """A run that touches every table of runs."""
    artifact = Promoted(
        path=f"{client_id}.csv",
        version=1,
        agent_id="one",
        sha256=_SHA,
        size_bytes=1000,
        content_type="text/csv",
        generated_at=at(9),
    )
    inputs = (InputFile(name=f"{client_id}-in.csv", sha256=_SHA, version=1),)
    end: EventData = (
        AgentFailed(agent_id="one", code="x", message="no") if fails else AgentFinished(agent_id="one", output=_BLOB)
    )
    facts: list[EventData] = [
        Started(workflow=WorkflowConfig(agents=(AgentSpec(id="one"),)), inputs=inputs, retention_days=7),
        AgentScheduled(agent_id="one"),
        AgentStarted(agent_id="one", epoch=1, model="offline", worker="w"),
        AgentTurnCompleted(
            agent_id="one",
            turn=1,
            model="offline",
            tokens_in=90,
            tokens_out=10,
            latency_ms=40,
            cost_usd=0.5,
            request=_BLOB,
        ),
        ApprovalRequested(approval_id="ap", agent_id="one", reason="why"),
        PolicyMatched(agent_id="one", rule_id="r", action="block", detail="d"),
        ArtifactPromoted(path=artifact.path, artifact=artifact, generated_by="x", expires_at=at(10**6)),
        ArtifactSavedToLibrary(
            path=artifact.path, version_number=1, sha256=_SHA, filename=f"{client_id}-kept.csv", library_version=1
        ),
        end,
        Completed(),
    ]
    return [(client_id, run_id, fact) for fact in facts]


def upload(client_id: str, filename: str, version: int = 1) -> Step:
    """A library file's version."""
    data = FileUploaded(
        filename=filename,
        version_number=version,
        sha256=_SHA,
        size_bytes=5,
        content_type="text/csv",
        origin=Origin(kind="upload"),
    )
    return client_id, file_id(client_id, filename), data


def parked(client_id: str, number: int = 1) -> Step:
    """An event of a client's that a reactor gave up on."""
    data = EventParked(
        reactor="runs", seq=number, event_id=f"{client_id}-{number}", event_subject="s", client_id=client_id,
        error="bang", deliveries=5,
    )  # fmt: skip
    return SYSTEM_CLIENT, SYSTEM_ID, data


def past() -> list[Step]:
    """Something of everybody's in every table."""
    steps = [step for client_id in (ADA, BOB, PUBLIC) for step in run_of(client_id, f"run_{client_id}")]
    steps += run_of(BOB, "run_failed", fails=True)
    steps += [upload(ADA, "mine.csv"), upload(BOB, "his.csv"), upload(PUBLIC, "all.csv"), upload(PUBLIC, "his.csv")]
    steps += [(ADA, file_id(ADA, "all.csv"), FileLinked(filename="all.csv")), parked(ADA), parked(BOB)]
    return steps


def messages_of(steps: Sequence[Step], first: int = 1) -> list[RawMessage]:
    """The steps as a log holds them."""
    return [
        RawMessage(seq, event.subject, event.to_json())
        for seq, event in enumerate(events_of(steps, first), start=first)
    ]


def events_of(steps: Sequence[Step], first: int = 1) -> list[Event]:
    """The steps as events, a second apart."""
    return [
        stamp(data, seq, aggregate_id=aggregate_id, client_id=client_id)
        for seq, (client_id, aggregate_id, data) in enumerate(steps, start=first)
    ]


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The past in a projection's file."""
    store = Store.create(tmp_path_factory.mktemp("views") / "raro.duckdb", "log")
    store.fold(messages_of(past()))
    return store


@pytest.fixture(scope="module")
def snapshot(folded: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ada may see, in a folder of its own."""
    path = tmp_path_factory.mktemp("snapshots") / "ada-1" / "raro.duckdb"
    export(folded.reader(), ADA, path)
    return path


class Asking:
    """Asks one snapshot."""

    def __init__(self, processes: Processes, snapshot: Path) -> None:
        self.processes = processes
        self.snapshot = snapshot

    async def __call__(self, sql: str) -> Found:
        return await self.processes.run(sql, str(self.snapshot), "json")


@pytest.fixture
async def ask(snapshot: Path) -> AsyncIterator[Asking]:
    """Ada's questions, in real processes."""
    processes = Processes(SMALL)
    yield Asking(processes, snapshot)
    await processes.close()


@pytest.fixture
async def views(log: EventLog, tmp_path: Path) -> AsyncIterator[Views]:
    """The past in a real log, and the views of it."""
    await log.append(events_of(past()))
    made = Views(tmp_path / "views" / "raro.duckdb", log)
    await made.start()
    await made.caught_up()
    yield made
    await made.close()


@pytest.fixture
async def desk(views: Views, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk over these views."""
    made = Desk(views, tmp_path / "sql", SMALL, at_once=2, cache_bytes=1024**3)
    yield made
    await made.close()
