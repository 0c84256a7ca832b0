"""`raro backup` of a storage in use, `raro restore` into another folder, and everything is there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.journeys.conftest import Server


def _raro(*arguments: str) -> tuple[int, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "raro.cli", *arguments, "--json"], capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout or done.stderr)


def _seen(server: Server) -> list[Any]:
    with server.client() as client:
        library = client.get("/runtime/library").json()["files"]
        runs = client.get("/runtime/runs").json()["runs"]
        artifacts = client.get("/runtime/artifacts").json()["artifacts"]
        events = client.get("/audit/events", params={"limit": 1000}).json()["events"]
        first = artifacts[0]["metadata"]["artifacts"][0]
        data = client.get(f"/runtime/artifacts/{first['run_id']}/files/{first['filename']}").content
    return [library, runs, artifacts, events, data]


def test_a_storage_comes_back_elsewhere_with_all_its_history(
    make_server: Callable[..., Server], storage: Path, tmp_path: Path
) -> None:
    server = make_server()
    with server.client() as client:
        client.put("/runtime/library/files/a.txt", content=b"words to count, words to keep")
        run = client.post("/runtime/start", json={"directive": "count", "attached_files": ["a.txt"]}).json()["run_id"]
        while client.get("/runtime/state", params={"run_id": run}).json()["status"] == "running":
            time.sleep(0.1)
    file = str(tmp_path / "raro.tar")
    code, refused = _raro("backup", file, "--storage", str(storage))
    assert (code != 0, refused["error"]["code"]) == (True, "storage_in_use")
    before = _seen(server)
    server.stop()
    assert _raro("backup", file, "--storage", str(storage))[0] == 0
    elsewhere = tmp_path / "elsewhere"
    assert _raro("restore", file, "--storage", str(elsewhere))[0] == 0
    again, refused = _raro("restore", file, "--storage", str(elsewhere))
    assert (again != 0, refused["error"]["code"]) == (True, "storage_not_empty")
    restored = Server(elsewhere).start()
    try:
        assert _seen(restored) == before
    finally:
        restored.end()
