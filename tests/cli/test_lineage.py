"""`raro lineage` as a person calls it, beside a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from raro.cli.exits import ExitCode
from raro.events.catalogue import Started, ToolReturned
from raro.events.shapes import AgentSpec, InputFile, WorkflowConfig
from tests.api.conftest import AGENT, Stage, staged
from tests.cli.conftest import Raro

HOSTILE = "a\x1b]0;title\x07[red]b.csv"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A server with a run that read a web page of a hostile name and a public file, and made a report."""
    async with staged(tmp_path / "storage") as made:
        async with made.client() as client:
            await client.put("/runtime/library/files/a.csv", content=b"x")
        given = InputFile(name="a.csv", scope="public", version=1, sha256="0" * 64)
        await made.append(
            "public",
            "r1",
            Started(workflow=WorkflowConfig(agents=(AgentSpec(id=AGENT),)), inputs=(given,), retention_days=7),
            ToolReturned(
                agent_id=AGENT, turn=2, call_id="c", name="read_file", ok=True, reads=("input/a.csv", HOSTILE)
            ),
            await made.promoted("sub/report.md", b"# x"),
        )
        yield made


async def test_both_trees_are_drawn_and_nothing_in_them_is_obeyed(raro: Raro, stage: Stage) -> None:
    said = await asyncio.to_thread(raro, "lineage", "r1/sub/report.md", "--server", stage.url)
    assert said.code == ExitCode.OK, said
    lines = said.out.splitlines()
    assert lines[0].startswith("r1/sub/report.md v1 (")
    assert f"made by agent {AGENT} of r1" in said.out
    assert any("read a.csv of the library v1" in line and "public" in line and "in turn 2" in line for line in lines)
    assert "\x1b" not in said.out
    assert "[red]b.csv" in said.out
    assert "nothing that is known" in lines[-1]


async def test_a_library_file_shows_what_used_it_as_json_too(raro: Raro, stage: Stage) -> None:
    said = await asyncio.to_thread(raro, "lineage", "a.csv", "--server", stage.url, "--json", "--seen")
    assert [node["kind"] for node in said.json["used_by"]["nodes"]] == ["library", "agent", "artifact"]
    missing = await asyncio.to_thread(raro, "lineage", "b.csv", "--server", stage.url)
    assert (missing.code, "b.csv" in missing.err) == (ExitCode.NOT_FOUND, True)
