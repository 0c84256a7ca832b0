"""An auditor's day: a run is proved, taken away and checked elsewhere; and what somebody changed is found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.journeys.conftest import Server, ended, wait_for


def raro(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "raro.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, cwd=cwd)


def a_run(client: httpx.Client) -> str:
    client.put(
        "/runtime/library/files/costs.md", content=b"# Costs\n\nTeam a has 4, team b has 2.\n"
    ).raise_for_status()
    client.put("/runtime/library/files/costs.md/link").raise_for_status()
    run_id = str(client.post("/runtime/start", json={"directive": "Costs by team"}).json()["run_id"])
    assert ended(client, run_id)["status"] == "completed"
    return run_id


@pytest.fixture
def done(server: Server) -> tuple[Server, str]:
    with server.client() as client:
        return server, a_run(client)


def test_a_run_is_taken_away_and_checked_elsewhere(done: tuple[Server, str], tmp_path: Path) -> None:
    server, run_id = done
    at = ("--server", server.url, "--client", "acme")
    target = tmp_path / "elsewhere" / "run.zip"
    target.parent.mkdir()
    assert raro("audit", "export", run_id, "-o", target, *at).returncode == 0
    server.stop()
    said = raro("audit", "check", target.name, "--json", cwd=target.parent)
    answer = json.loads(said.stdout)
    assert (said.returncode, answer["run_id"], answer["inputs"]) == (0, run_id, 1)
    assert raro("audit", "check", target.name, "--key", answer["key"], cwd=target.parent).returncode == 0
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 1
    target.write_bytes(bytes(data))
    said = raro("audit", "check", target.name, cwd=target.parent)
    assert (said.returncode, "does not hold" in said.stdout) == (6, True)
    unknown = raro("audit", "check", "none.zip", cwd=target.parent)
    assert (unknown.returncode, "cannot be read: No such file" in unknown.stderr) == (3, True)


def test_over_http(standing: Server, client: httpx.Client, me: str) -> None:
    run_id = a_run(client)
    crate = client.get(f"/runtime/artifacts/{run_id}/crate")
    assert (crate.status_code, crate.content[:2]) == (200, b"PK")
    assert client.get("/audit/export", params={"run_id": run_id}).status_code == 200
    events = client.get("/audit/events", params={"run_id": run_id}).json()["events"]
    proof = client.get(f"/audit/proof/{events[0]['id']}").json()
    assert json.loads(proof["events"][0]["body"])["id"] == events[0]["id"]
    assert client.get("/audit/verify").json()["ok"]
    assert client.get("/health").json()["parts"]["audit"]["state"] == "ok"
    with standing.client(f"not_{me}") as other:
        for path in (f"/runtime/artifacts/{run_id}/crate", f"/audit/proof/{events[0]['seq']}"):
            assert other.get(path).status_code == 404


def test_what_was_changed_while_nobody_looked(done: tuple[Server, str], storage: Path) -> None:
    server, _ = done
    assert raro("audit", "prove", "1", "--server", server.url, "--client", "acme").returncode == 0
    server.stop()
    assert raro("audit", "verify", "--storage", storage).returncode == 0
    blocks = sorted((storage / "nats").rglob("*.blk"))
    data = bytearray(blocks[0].read_bytes())
    data[len(data) // 2] ^= 1
    blocks[0].write_bytes(bytes(data))
    for index in (storage / "nats").rglob("index.db"):
        index.unlink()
    said = raro("audit", "verify", "--storage", storage, "--json")
    found = json.loads(said.stdout)
    assert said.returncode == 6
    assert {check["name"] for check in found["checks"] if not check["ok"]} >= {"root"}


def test_a_changed_checkpoint_is_said_at_the_next_start(done: tuple[Server, str], storage: Path) -> None:
    server, _ = done
    raro("audit", "prove", "1", "--server", server.url, "--client", "acme")
    server.stop()
    checkpoint = next((storage / "audit").rglob("checkpoints/0*"))
    origin, size, root, *rest = checkpoint.read_text().split("\n")
    other = ("B" if root.startswith("A") else "A") + root[1:]
    checkpoint.write_text("\n".join([origin, size, other, *rest]))
    server.start()
    with server.client() as client:
        part = wait_for(lambda: _degraded(client))
        assert "signature" in part["detail"]
        assert part["advice"] == "Run `raro audit verify`."


def _degraded(client: httpx.Client) -> dict[str, str] | None:
    part: dict[str, str] = client.get("/health").json()["parts"]["audit"]
    return part if part["state"] == "degraded" else None
