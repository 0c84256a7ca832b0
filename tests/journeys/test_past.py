"""A run watched while real agents work, and looked at again when its files have expired and the server was killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.journeys.conftest import Server, ended, events_of, kinds, wait_for

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Look:
    """What the API said while event `seq` was the last."""

    seq: int
    library: Any
    artifacts: Any
    runs: Any
    state: Any


def look(client: httpx.Client, run_id: str) -> Look | None:
    """What the API says; None when something happened meanwhile."""
    first = client.get("/runtime/library").json()
    artifacts = client.get("/runtime/artifacts", params={"limit": 1000}).json()
    runs = client.get("/runtime/runs", params={"limit": 1000}).json()
    state = client.get("/runtime/state", params={"run_id": run_id}).json()
    last = client.get("/runtime/library").json()["seq"]
    touched = [row["seq"] for row in [*first["files"], *runs["runs"], state]]
    touched += [row["seq"] for run in artifacts["artifacts"] for row in run["metadata"]["artifacts"]]
    if last != first["seq"] or max(touched) > last:
        return None
    return Look(last, first["files"], artifacts["artifacts"], runs["runs"], state)


def past(client: httpx.Client, run_id: str, seq: int) -> Look:
    """What is answered of that moment, without the marks of what is gone since."""
    answer = client.get("/audit/replay", params={"at": seq, "run_id": run_id})
    answer.raise_for_status()
    found = answer.json()
    files = [row for run in found["artifacts"] for row in run["metadata"]["artifacts"]]
    for row in [*found["library"], *files]:
        row.pop("erased", None)
    return Look(found["seq"], found["library"], found["artifacts"], found["runs"], found["state"])


def test_a_run_is_seen_again_as_it_was_while_it_worked(make_server: Callable[..., Server]) -> None:
    server = make_server(RARO_RETENTION_INTERVAL_S="0.5", RARO_REPLAY_EVERY="100", RARO_SEAL_EVENTS="10")
    looks: dict[int, Look] = {}
    with server.client() as client:
        client.put("/runtime/library/files/penguins.csv", content=(EXAMPLES / "penguins.csv").read_bytes())
        body = {"directive": "Compare body mass", "attached_files": ["penguins.csv"], "retention_days": 0.00005}
        run_id = client.post("/runtime/start", json=body).json()["run_id"]

        def watched() -> bool:
            if seen := look(client, run_id):
                looks[seen.seq] = seen
            return (
                "artifact_expired" in kinds(events_of(client, run_id))
                and bool(looks)
                and not looks[max(looks)].artifacts
            )

        wait_for(watched, within_s=90)
        assert ended(client, run_id)["status"] == "completed"
    assert any(seen.artifacts for seen in looks.values())
    assert len({seen.state["status"] for seen in looks.values()}) > 1
    server.kill()
    server.start()
    with server.client() as client:
        for seq, seen in sorted(looks.items(), reverse=True):
            assert past(client, run_id, seq) == seen
