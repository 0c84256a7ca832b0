"""The command line called as a person calls it, and data folders to call it on."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from raro.embedded.servers import embedded
from raro.events.catalogue import Completed, FileUploaded, Started
from raro.events.connection import connect
from raro.events.envelope import Cause, new_event
from raro.events.log import open_log
from raro.events.shapes import WorkflowConfig
from raro.events.subjects import file_id


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its answer."""
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        """Its answer, one object per line."""
        return [json.loads(line) for line in self.out.splitlines()]


Raro = Callable[..., Said]


@pytest.fixture
def raro(tmp_path: Path) -> Raro:
    """`raro ARGUMENT…` in a folder of the test's own."""

    def call(*arguments: object, timeout_s: float = 60) -> Said:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RARO_")}
        done = subprocess.run(
            [sys.executable, "-m", "raro.cli", *map(str, arguments)],
            capture_output=True, text=True, timeout=timeout_s, cwd=tmp_path, env=environment, check=False,
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """A data folder that nobody holds, with three events of two clients in its log."""
    storage = tmp_path / "storage"
    asyncio.run(write_past(storage, datetime(2030, 1, 1, tzinfo=UTC)))
    return storage


async def write_past(storage: Path, moment: datetime) -> None:
    """Three events of two clients, all of one moment."""
    uploaded = FileUploaded(
        filename="größe.csv", version_number=1, sha256="0" * 64, size_bytes=3, content_type="text/csv"
    )
    async with embedded(storage) as servers:
        credentials = servers.nats_credentials
        assert credentials
        connection = await connect(servers.nats_url, user=credentials.user, password=credentials.password)
        log = await open_log(connection)
        for client_id, aggregate_id, data in (
            ("lab", file_id("lab", "größe.csv"), uploaded),
            ("public", "r1", Started(workflow=WorkflowConfig(id="w"), directive="look", retention_days=7)),
            ("public", "r1", Completed()),
        ):
            await log.append(
                [new_event(client_id, aggregate_id, data, Cause(data.event, "user:me", aggregate_id, moment))]
            )
        await connection.close()
