"""An agent's place: made anew for each worker that takes the agent, beside those of others."""

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


async def test_who_takes_an_agent_over_finds_nothing_of_the_one_before(sessions: Sessions) -> None:
    first = sessions.agent_place("run-1", "analyze_a", 1, [], {})
    (first.output / "half.txt").write_text("unfinished")
    second = sessions.agent_place("run-1", "analyze_a", 2, [], {})
    assert list(second.output.iterdir()) == []
    assert not first.root.exists(), "what was started late could start here"


async def test_who_was_taken_over_leaves_the_place_of_the_one_after_alone(sessions: Sessions) -> None:
    second = sessions.agent_place("run-1", "analyze_a", 2, [], {})
    (second.output / "mine.txt").write_text("at work")
    first = sessions.agent_place("run-1", "analyze_a", 1, [], {})
    (first.output / "mine.txt").write_text("late")
    assert (second.output / "mine.txt").read_text() == "at work"
    assert sessions.agent_place("run-1", "analyze_a", 10, [], {}).root != second.root
    assert not first.root.exists()
    assert not second.root.exists()


async def test_the_places_of_other_agents_stay(sessions: Sessions) -> None:
    other = sessions.agent_place("run-1", "analyze_b", 1, [], {})
    (other.output / "mine.txt").write_text("at work")
    sessions.agent_place("run-1", "analyze_a", 1, [], {})
    assert (other.output / "mine.txt").read_text() == "at work"
