"""Commands over a real log: conflicts decided again, keys remembered, ids that cannot be refused."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raro.agents.planning import OfflinePlanner
from raro.commands.aggregates import Caller
from raro.commands.artifacts import ArtifactCommands
from raro.commands.library import LibraryCommands, library_aggregates
from raro.commands.runs import RunCommands, StartRequest, run_aggregates
from raro.errors import BadWorkflow, GraceOver, NameTaken, RunNotFound
from raro.events.catalogue import ArtifactPromoted, FileUploaded
from raro.events.envelope import Cause, new_event
from raro.events.log import EventLog
from raro.events.shapes import AgentSpec, BlobRef, Promoted, WorkflowConfig
from raro.files.blobs import BlobStore

ACME = Caller("acme")
HOUR = timedelta(hours=1)
_PLACE = tempfile.TemporaryDirectory(prefix="raro-blobs-")


def blob(letter: str) -> BlobRef:
    return BlobRef(sha256=letter * 64, size_bytes=3)


def commands(log: EventLog, *, grace: timedelta = HOUR) -> tuple[LibraryCommands, RunCommands, ArtifactCommands]:
    """As one process has them: two calls make two processes with caches of their own."""
    slots, runs = library_aggregates(log), run_aggregates(log)
    library = LibraryCommands(slots, grace=grace)
    blobs = BlobStore(Path(_PLACE.name))
    return (
        library,
        RunCommands(runs, slots, blobs, OfflinePlanner(), retention_days=7),
        ArtifactCommands(runs, slots, grace=grace),
    )


async def promoted(log: EventLog, run_id: str, path: str, letter: str) -> None:
    """An artifact as the promotion reactor leaves it."""
    now = datetime.now(UTC)
    artifact = Promoted(
        path=path, version=1, agent_id="a", sha256=letter * 64, size_bytes=3, content_type="text/csv", generated_at=now
    )
    data = ArtifactPromoted(path=path, artifact=artifact, generated_by="x", expires_at=now + HOUR)
    await log.append([new_event("acme", run_id, data, Cause(f"p-{path}", "system", run_id, now))])


async def test_two_processes_that_upload_one_name_at_once_make_two_versions(log: EventLog) -> None:
    processes = [commands(log)[0] for _ in range(4)]
    letters = "abcd"
    done = await asyncio.gather(
        *(
            library.upload(ACME, "x.csv", blob(letter), "text/csv")
            for library, letter in zip(processes, letters, strict=True)
        )
    )
    assert sorted(item.version for item in done) == [1, 2, 3, 4]


async def test_an_upload_with_a_key_counts_once_in_any_process(log: EventLog) -> None:
    caller = Caller("acme", idempotency_key="k")
    first = await commands(log)[0].upload(caller, "x.csv", blob("a"), "text/csv")
    await commands(log)[0].upload(ACME, "x.csv", blob("b"), "text/csv")
    again = await commands(log)[0].upload(caller, "x.csv", blob("a"), "text/csv")
    assert (again.version, again.seq) == (first.version, first.seq) == (1, 1)


@pytest.mark.parametrize("run_id", ["*", ">", "a.b", "..", "", "x" * 65, "run 1"])
async def test_an_id_that_can_be_no_run_finds_none(log: EventLog, run_id: str) -> None:
    _, runs, artifacts = commands(log)
    await runs.start(ACME, StartRequest(WorkflowConfig(agents=(AgentSpec(id="a"),))))
    with pytest.raises(RunNotFound):
        await runs.stop(ACME, run_id)
    with pytest.raises(RunNotFound):
        await artifacts.delete(ACME, run_id, None)


async def test_another_clients_run_is_not_found(log: EventLog) -> None:
    _, runs, _ = commands(log)
    started = await runs.start(ACME, StartRequest(WorkflowConfig(agents=(AgentSpec(id="a"),))))
    for act in (runs.stop, runs.pause):
        with pytest.raises(RunNotFound):
            await act(Caller("other"), started.run_id)


async def test_a_workflow_too_large_for_an_event_is_refused(log: EventLog) -> None:
    agents = tuple(AgentSpec(id=f"a{number}", prompt="x" * 2000) for number in range(60))
    with pytest.raises(BadWorkflow, match="at most 60000 fit"):
        await commands(log)[1].start(ACME, StartRequest(WorkflowConfig(agents=agents)))


async def test_saving_an_artifact_records_who_and_where_from_in_one_batch(log: EventLog) -> None:
    library, runs, artifacts = commands(log)
    run_id = (await runs.start(ACME, StartRequest(WorkflowConfig(agents=(AgentSpec(id="a"),))))).run_id
    await promoted(log, run_id, "sub/x.csv", "a")
    caller = Caller("acme", actor="user:eve", idempotency_key="k")
    saved = await artifacts.promote(caller, run_id, "sub/x.csv")
    assert await artifacts.promote(caller, run_id, "sub/x.csv") == saved
    uploaded = await log.get(saved.seq - 1)
    assert uploaded is not None
    assert uploaded.event.actor == "user:eve"
    assert isinstance(uploaded.event.data, FileUploaded)
    origin = uploaded.event.data.origin
    assert (origin.kind, origin.run_id, origin.agent_id, origin.path) == ("artifact", run_id, "a", "sub/x.csv")
    await library.upload(ACME, "y.csv", blob("e"), "text/csv")
    await promoted(log, run_id, "y.csv", "b")
    with pytest.raises(NameTaken, match="version 2"):
        await artifacts.promote(ACME, run_id, "y.csv")
    assert (await artifacts.promote(ACME, run_id, "y.csv", filename="y.csv")).library_version == 2


async def test_what_is_deleted_can_be_restored_within_the_grace_period_only(log: EventLog) -> None:
    library, _, _ = commands(log)
    await library.upload(ACME, "x.csv", blob("a"), "text/csv")
    await library.delete(ACME, "x.csv")
    await library.restore(ACME, "x.csv")
    await library.delete(ACME, "x.csv")
    with pytest.raises(GraceOver):
        await commands(log, grace=timedelta(0))[0].restore(ACME, "x.csv")
