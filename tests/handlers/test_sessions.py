"""An agent's place: made anew for each worker that takes the agent, at a path that no earlier one had."""

from __future__ import annotations

from pathlib import Path

import pytest

from raro.events.shapes import InputFile
from raro.files.blobs import BlobStore
from raro.handlers.sessions import Sessions
from raro.sandboxes.local import LocalSandboxes


@pytest.fixture
async def sessions(tmp_path: Path) -> Sessions:
    blobs = BlobStore(tmp_path / "blobs")
    blob = await blobs.put_bytes(b"a,b\n1,2\n")
    made = Sessions(tmp_path / "sessions", blobs, LocalSandboxes(tmp_path / "cache"))
    made.prepare("run-1", [InputFile(name="data.csv", sha256=blob.sha256, size_bytes=blob.size_bytes)])
    return made


async def test_a_worker_that_comes_back_late_finds_no_folder_to_write_to(sessions: Sessions) -> None:
    first = sessions.agent_place("run-1", "analyze_a", 1, [], {})
    (first.output / "half.txt").write_text("unfinished")
    second = sessions.agent_place("run-1", "analyze_a", 2, [], {})
    assert not first.root.exists()
    assert list(second.output.iterdir()) == []


async def test_the_places_of_other_agents_stay(sessions: Sessions) -> None:
    other = sessions.agent_place("run-1", "analyze_b", 1, [], {})
    (other.output / "mine.txt").write_text("at work")
    sessions.agent_place("run-1", "analyze_a", 1, [], {})
    assert (other.output / "mine.txt").read_text() == "at work"
