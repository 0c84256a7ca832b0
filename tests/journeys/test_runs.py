"""Runs from upload to artifact, and what may come between."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import Server, ended, events_of, kinds, state, wait_for

EXAMPLES = Path(__file__).parents[2] / "examples"
# Code that an analyst never needs this long for: a turn to be caught in.
SLOW: dict[str, Any] = {
    "id": "slow",
    "agents": [{"id": "analyze_slow", "accepts_directive": True}],
    "attached_files": ["telemetry.csv"],
}


def upload(client: httpx.Client, name: str, data: bytes) -> None:
    client.put(f"/runtime/library/files/{name}", content=data).raise_for_status()


def start(client: httpx.Client, **body: Any) -> str:
    answer = client.post("/runtime/start", json=body)
    assert answer.status_code == 200, answer.text
    run_id: str = answer.json()["run_id"]
    return run_id


def test_a_directive_is_enough_and_every_file_is_kept_with_its_maker(
    standing: Server, client: httpx.Client, me: str
) -> None:
    upload(client, "penguins.csv", (EXAMPLES / "penguins.csv").read_bytes())
    client.put("/runtime/library/files/penguins.csv/link").raise_for_status()
    run_id = start(client, directive="Compare body mass by species")
    assert ended(client, run_id)["status"] == "completed"
    listed = client.get("/runtime/artifacts", params={"run_id": run_id}).json()["artifacts"][0]["metadata"]
    made = {row["filename"]: row for row in listed["artifacts"]}
    assert made["penguins_csv/report.md"]["agent_id"] == "analyze_penguins"
    assert made["report.md"]["agent_id"] == "writer_report"
    report = client.get(f"/runtime/artifacts/{run_id}/files/penguins_csv/report.md").text
    assert "Gentoo: mean 5,076" in report
    assert "no language model was used" in report
    charts = [name for name in made if name.endswith(".png")]
    assert 2 <= len(charts) <= 6
    folder = standing.storage / "artifacts" / me / run_id
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        *made,
        "metadata.json",
    }


def test_a_missing_linked_file_fails_the_run_at_once_and_is_named(client: httpx.Client) -> None:
    run_id = start(client, directive="look", attached_files=["Gewinn & Verlust.csv"])
    failed = ended(client, run_id)
    assert (failed["status"], failed["code"]) == ("failed", "missing_file")
    assert "Gewinn & Verlust.csv" in failed["reason"]
    assert "agent_scheduled" not in kinds(events_of(client, run_id))


def test_bytes_that_are_gone_fail_the_run_and_name_the_file(standing: Server, client: httpx.Client, me: str) -> None:
    upload(client, "a.csv", me.encode())
    (blob,) = (standing.storage / "blobs" / "sha256").rglob(f"*{sha256(me.encode()).hexdigest()}")
    blob.unlink()
    failed = ended(client, start(client, directive="look", attached_files=["a.csv"]))
    assert failed["code"] == "missing_bytes"
    assert "a.csv" in failed["reason"]


def test_a_circle_and_an_unknown_dependency_are_refused_before_anything_starts(client: httpx.Client) -> None:
    circle = [{"id": "a", "depends_on": ["b"]}, {"id": "b", "depends_on": ["a"]}]
    answer = client.post("/runtime/start", json={"agents": circle})
    assert (answer.status_code, answer.json()["code"]) == (422, "cyclic_workflow")
    answer = client.post("/runtime/start", json={"agents": [{"id": "a", "depends_on": ["nobody"]}]})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_dependency")
    assert "nobody" in answer.json()["detail"]
    answer = client.post("/runtime/start", json={"agents": [{"id": "a", "tools": ["rm_rf"]}]})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_workflow")
    assert client.get("/runtime/runs").json()["runs"] == []


def test_the_same_key_starts_one_run(client: httpx.Client) -> None:
    body, key = {"directive": "nothing to do"}, {"Idempotency-Key": "once"}
    first, second = (client.post("/runtime/start", json=body, headers=key).json() for _ in range(2))
    assert first["run_id"] == second["run_id"]
    other = client.post("/runtime/start", json={"directive": "something else"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(client.get("/runtime/runs").json()["runs"]) == 1


def test_agents_without_dependencies_work_side_by_side(client: httpx.Client) -> None:
    for name in ("a.csv", "b.csv"):
        upload(client, name, b"x,y\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(50)))
    run_id = start(client, directive="describe x and y", attached_files=["a.csv", "b.csv"])
    assert ended(client, run_id)["status"] == "completed"
    order = [
        (event["data"]["agent_id"], event["subject"].rpartition(".")[2])
        for event in events_of(client, run_id)
        if event["data"].get("agent_id", "").startswith("analyze_")
    ]
    second_started = order.index(("analyze_b", "agent_started"))
    assert second_started < order.index(("analyze_a", "agent_finished"))


def test_a_stopped_run_ends_its_agents_and_says_so(client: httpx.Client) -> None:
    upload(client, "telemetry.csv", (EXAMPLES / "raw_telemetry_dump.csv").read_bytes())
    run_id = start(client, **SLOW, directive="outliers by unit")
    wait_for(lambda: "agent_started" in kinds(events_of(client, run_id)))
    client.post(f"/runtime/{run_id}/stop", json={"reason": "enough"}).raise_for_status()
    assert state(client, run_id)["status"] == "stopped"
    time.sleep(1)
    seen = kinds(events_of(client, run_id))
    assert "agent_finished" not in seen[seen.index("stopped") :]
    again = client.post(f"/runtime/{run_id}/pause")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


def test_a_paused_run_begins_no_turn_until_it_is_resumed(client: httpx.Client) -> None:
    upload(client, "telemetry.csv", (EXAMPLES / "raw_telemetry_dump.csv").read_bytes())
    run_id = start(client, **SLOW, directive="outliers by unit")
    client.post(f"/runtime/{run_id}/pause").raise_for_status()
    assert state(client, run_id)["status"] == "paused"
    time.sleep(2.5)
    turns = Counter(kinds(events_of(client, run_id)))["agent_turn_completed"]
    time.sleep(1.5)
    assert Counter(kinds(events_of(client, run_id)))["agent_turn_completed"] == turns
    client.post(f"/runtime/{run_id}/resume").raise_for_status()
    assert ended(client, run_id)["status"] == "completed"


def test_a_run_that_takes_too_long_fails_with_a_timeout(client: httpx.Client) -> None:
    upload(client, "telemetry.csv", (EXAMPLES / "raw_telemetry_dump.csv").read_bytes())
    run_id = start(client, **SLOW, directive="outliers", timeout_ms=700)
    failed = ended(client, run_id)
    assert (failed["status"], failed["code"]) == ("failed", "timeout")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_turn_is_repeated_however_often_the_process_is_killed(server: Server, seed: int) -> None:
    chance = random.Random(seed)
    with server.client() as client:
        upload(client, "telemetry.csv", (EXAMPLES / "raw_telemetry_dump.csv").read_bytes())
        run_id = start(client, **SLOW, directive="outliers of temperature by unit")
    for _ in range(2):
        time.sleep(chance.uniform(0.05, 1.2))
        server.kill()
        server.start()
    with server.client() as client:
        assert ended(client, run_id)["status"] == "completed"
        events = events_of(client, run_id)
        turns = Counter(event["data"]["turn"] for event in events if event["subject"].endswith(".agent_turn_completed"))
        assert turns == {1: 1, 2: 1, 3: 1}
        promoted = [event["data"]["path"] for event in events if event["subject"].endswith(".artifact_promoted")]
        assert len(promoted) == len(set(promoted))
        assert "telemetry_csv/report.md" in promoted
        calls = Counter(event["data"]["call_id"] for event in events if event["subject"].endswith(".tool_returned"))
        assert set(calls.values()) == {1}


def test_an_output_is_read_from_redis_and_without_it_from_the_blob_store(
    make_server: Callable[..., Server], storage: Path
) -> None:
    server = make_server()
    with server.client() as client:
        run_id = start(client, directive="what can you do?")
        ended(client, run_id)
        path = f"/runtime/{run_id}/artifact/research_request"
        hot = client.get(path).json()
        assert hot["source"] == "redis"
        assert "No file was given" in hot["output"]
    server.stop()
    server = make_server(RARO_REDIS_URL="redis://127.0.0.1:1/0")
    with server.client() as client:
        cold = client.get(path).json()
        assert (cold["source"], cold["output"]) == ("blob", hot["output"])
        assert client.get("/health").json()["parts"]["redis"]["state"] == "degraded"
