"""Runs whose code is at E2B: files come back and are kept before anything is killed, and nothing stays behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.journeys.conftest import Server, ended, events_of, kinds, wait_for
from tests.peers.e2b import E2BPeer

Make = Callable[..., Server]
MAKE = "open('output/{name}', 'w').write('made there')"
SLOW = "import time\nopen('output/early.txt', 'w').write('1')\nprint('up', flush=True)\ntime.sleep(120)"


def python(code: str) -> dict[str, Any]:
    return {"text": "on it", "tool_calls": [{"name": "execute_python", "args": {"code": code}}]}


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[E2BPeer]:
    """The service, in a thread of its own."""
    peer, up, leave = E2BPeer(tmp_path / "machines"), threading.Event(), threading.Event()

    async def serve() -> None:
        async with peer.standing():
            up.set()
            while not leave.is_set():
                await asyncio.sleep(0.05)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert up.wait(20)
    yield peer
    leave.set()
    thread.join(20)


@pytest.fixture
def play(make_server: Make, tmp_path: Path, peer: E2BPeer) -> Callable[[dict[str, Any]], Server]:
    def make(agents: dict[str, Any]) -> Server:
        (tmp_path / "script.yaml").write_text(yaml.safe_dump({"agents": agents}))
        return make_server(
            RARO_MODEL=f"script:{tmp_path / 'script.yaml'}",
            E2B_API_KEY="e2b_key",
            E2B_API_URL=peer.url,
            E2B_SANDBOX_URL=peer.url,
        )

    return make


def test_agents_share_one_machine_their_files_are_kept_and_it_is_killed_at_the_end(
    play: Callable[[dict[str, Any]], Server], peer: E2BPeer
) -> None:
    done = {"text": "done", "final": True}
    server = play({name: [python(MAKE.format(name=f"{name}.txt")), done] for name in ("analyze_a", "analyze_b")})
    with server.client() as client:
        agents = [{"id": "analyze_a"}, {"id": "analyze_b"}]
        run_id = client.post("/runtime/start", json={"agents": agents}).json()["run_id"]
        assert ended(client, run_id)["status"] == "completed"
        kept = client.get(f"/runtime/artifacts/{run_id}").json()["metadata"]["artifacts"]
        assert {row["filename"] for row in kept} == {"analyze_a.txt", "analyze_b.txt"}
        wait_for(lambda: "sandbox_closed" in kinds(events_of(client, run_id)))
        assert kinds(events_of(client, run_id)).count("sandbox_opened") == 1
    assert peer.killed == ["sbx1"]
    assert peer.alive == {}


def test_stop_keeps_what_was_made_and_kills_the_machine(
    play: Callable[[dict[str, Any]], Server], peer: E2BPeer
) -> None:
    server = play({"analyze_a": [python(MAKE.format(name="first.txt")), python(SLOW)]})
    with server.client() as client:
        run_id = client.post("/runtime/start", json={"agents": [{"id": "analyze_a"}]}).json()["run_id"]
        wait_for(lambda: list(peer.root.glob("*/*/analyze_a/output/early.txt")))
        client.post(f"/runtime/{run_id}/stop")
        wait_for(lambda: peer.killed == ["sbx1"])
        kept = client.get(f"/runtime/artifacts/{run_id}").json()["metadata"]["artifacts"]
        assert {row["filename"] for row in kept} == {"first.txt", "early.txt"}


def test_after_kill_9_the_run_goes_on_with_the_same_machine(
    play: Callable[[dict[str, Any]], Server], peer: E2BPeer
) -> None:
    # What the killed worker began waits there still; were it not ended, it would write beside what follows it.
    log = (
        "import os, time\nwhile not os.path.exists('/home/user/gate'): time.sleep(0.05)\n"
        "open('output/log.txt', 'a').write('once\\n')\ntime.sleep(1)"
    )
    server = play({"analyze_a": [python(log), {"text": "done", "final": True}]})
    with server.client() as client:
        run_id = client.post("/runtime/start", json={"agents": [{"id": "analyze_a"}]}).json()["run_id"]
        wait_for(lambda: "context1" in peer.running)
    server.kill()
    server.start()
    wait_for(lambda: "context2" in peer.running)
    next(iter(peer.alive.values())).joinpath("gate").touch()
    with server.client() as client:
        assert ended(client, run_id)["status"] == "completed"
        log_file = client.get(f"/runtime/artifacts/{run_id}/files/log.txt")
        assert log_file.text == "once\n"
    assert len(peer.created) == 1
