"""Retention over a whole process: expiry, pins, sessions, and bytes that go only when nothing needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raro.commands.aggregates import Caller
from raro.commands.runs import StartRequest
from raro.events.shapes import AttachedArtifact, BlobRef, WorkflowConfig
from raro.projections import artifacts as query
from raro.settings import Settings
from raro.wiring.running import Running, retention_of, running

ACME = Caller("acme")
LATER = timedelta(days=8)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Running]:
    """A process whose own timer never comes round, with no grace period."""
    settings = Settings(storage=tmp_path / "s", retention_interval_s=9999, grace_hours=0, session_hours=24)
    async with running(settings) as app:
        yield app


async def ran(app: Running, directive: str = "nothing", *, attached: tuple[AttachedArtifact, ...] = ()) -> str:
    """A finished run that made at least report.md."""
    blob = await app.core.blobs.put_bytes(f"x,y\n1,{directive}\n".encode())
    name = f"{directive}.csv"
    reference = BlobRef(sha256=blob.sha256, size_bytes=blob.size_bytes)
    await app.core.library.upload(ACME, name, reference, "text/csv")
    request = StartRequest(WorkflowConfig(), directive, [name], attached)
    run_id = (await app.core.runs.start(ACME, request)).run_id
    for _ in range(600):
        if (await app.core.run_states.load("acme", run_id)).state.ended:
            break
        await asyncio.sleep(0.05)
    await app.views.caught_up()
    return run_id


async def live(app: Running, run_id: str) -> set[str]:
    """The paths of a run's live artifacts."""
    await app.views.caught_up()
    metadata = await app.views.ask(query.metadata, "acme", run_id)
    assert metadata is not None
    return {row["filename"] for row in metadata["artifacts"]}


async def test_what_is_due_expires_unless_it_is_pinned(app: Running) -> None:
    retention, run_id = retention_of(app.core, app.views), await ran(app)
    assert await retention.expire() == 0
    await app.core.artifacts.pin(ACME, run_id, "report.md")
    await app.views.caught_up()
    due = await app.views.due(datetime.now(UTC) + LATER, timedelta(days=99))
    assert [item.run_id for item in due] == [run_id]
    assert "report.md" not in due[0].paths


async def test_an_input_of_a_pinned_artifact_does_not_expire_under_it(app: Running) -> None:
    first = await ran(app, "first")
    second = await ran(app, "second", attached=(AttachedArtifact(run_id=first, path="first_csv/summary.csv"),))
    await app.core.artifacts.pin(ACME, second, "report.md")
    await app.views.caught_up()
    due = {item.run_id: item.paths for item in await app.views.due(datetime.now(UTC) + LATER, timedelta(days=99))}
    assert "first_csv/summary.csv" not in due[first]
    assert "first_csv/report.md" in due[first]


async def test_a_session_goes_a_day_after_its_run_and_the_artifacts_stay(app: Running) -> None:
    retention, run_id = retention_of(app.core, app.views), await ran(app)
    folder = app.core.settings.storage / "sessions" / run_id
    assert folder.exists()
    await retention.expire(datetime.now(UTC) + timedelta(hours=25))
    assert not folder.exists()
    assert "report.md" in await live(app, run_id)


async def test_bytes_are_erased_only_when_nothing_refers_to_them(app: Running) -> None:
    retention, run_id = retention_of(app.core, app.views), await ran(app)
    before = {blob.sha256 for blob in app.core.blobs.all()}
    assert (await retention.erase(young_s=0)).removed == ()
    report = (await app.core.run_states.load("acme", run_id)).state.artifacts["report.md"].versions[-1].artifact
    await app.core.artifacts.promote(ACME, run_id, "report.md")
    await app.core.artifacts.delete(ACME, run_id, None)
    assert (await retention.erase(young_s=0)).removed == ()
    later = datetime.now(UTC) + timedelta(minutes=10)
    dry = await retention.erase(later, dry_run=True, young_s=0)
    swept = await retention.erase(later, young_s=0)
    gone = {blob.sha256 for blob in swept.removed}
    assert swept == dry
    assert gone
    assert report.sha256 not in gone
    assert {blob.sha256 for blob in app.core.blobs.all()} == before - gone


async def test_events_stay_when_bytes_go(app: Running) -> None:
    run_id = await ran(app)
    before = await app.core.log.head()
    await app.core.artifacts.delete(ACME, run_id, None)
    await retention_of(app.core, app.views).erase(young_s=0)
    assert await app.core.log.head() > before
    assert await app.core.log.get(1) is not None
