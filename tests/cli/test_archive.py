"""`raro archive` and `raro rebuild` on a data folder that no server holds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from raro.audit.sealer import Rhythm, Sealer
from raro.cli.exits import ExitCode
from raro.cli.stored_log import open_stored_log
from raro.settings import Settings
from raro.wiring.kept import sealed_log
from tests.cli.conftest import Raro, write_past


@pytest.fixture
def old_past(tmp_path: Path) -> Path:
    """A data folder with three old events, and the seal over them as a young fourth."""
    storage = tmp_path / "storage"

    async def write() -> None:
        await write_past(storage, datetime(2020, 1, 1, tzinfo=UTC))
        settings = Settings(storage=storage)
        async with open_stored_log(settings) as log:
            assert await Sealer(log, sealed_log(settings, log), lambda: 3, Rhythm()).seal()

    asyncio.run(write())
    return storage


def test_the_old_part_is_archived_once_and_checked(raro: Raro, old_past: Path) -> None:
    assert "there is no archive yet" in raro("archive", "--check", "--storage", old_past).out
    first = raro("archive", "--storage", old_past, "--json")
    assert (first.code, first.json["archived"], first.json["last"], first.json["settled"]) == (ExitCode.OK, 3, 3, 3)
    again = raro("archive", "--storage", old_past)
    assert "0 events archived" in again.out
    assert "up to event 3 (" in again.out
    checked = raro("archive", "--check", "--storage", old_past, "--json")
    assert (checked.code, checked.json["last"]) == (ExitCode.OK, 3)


def test_views_come_back_from_the_archive_from_the_log_and_past_a_damaged_archive(raro: Raro, old_past: Path) -> None:
    raro("archive", "--storage", old_past)
    asked = ("sql", "FROM library_files", "--all-clients", "--storage", old_past, "--json")
    rows = raro(*asked).json["rows"]
    segment = next((old_past / "archive").rglob("0*.parquet"))
    for options in ((), ("--log-only",)):
        said = raro("rebuild", "--storage", old_past, "--json", *options)
        assert (said.code, said.json["events"]) == (ExitCode.OK, 4), said
        assert raro(*asked).json["rows"] == rows
    for path in (segment, next((old_past / "archive").rglob("events.parquet"))):
        path.write_bytes(b"something else")
    damaged = raro("archive", "--check", "--storage", old_past)
    assert (damaged.code, "was changed" in damaged.err) == (ExitCode.DAMAGE, True), damaged
    said = raro("rebuild", "--storage", old_past, "--json")
    assert (said.code, said.json["events"]) == (ExitCode.OK, 4), said
    assert raro(*asked).json["rows"] == rows
