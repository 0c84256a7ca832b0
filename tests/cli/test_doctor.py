"""`raro doctor` without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raro.cli.exits import ExitCode
from raro.embedded.lock import hold_storage
from tests.cli.conftest import Raro, Said


def parts(said: Said) -> dict[str, Any]:
    return {part["part"]: part for part in said.json["parts"]}


def test_every_part_has_a_state_and_the_log_is_read(raro: Raro, past: Path) -> None:
    said = raro("doctor", "--storage", past, "--json")
    found = parts(said)
    assert {"python", "nats-server", "valkey-server", "storage", "space", "server", "sandbox", "log"} <= found.keys()
    assert {part["state"] for part in found.values()} <= {"ok", "degraded", "broken"}
    assert (found["log"]["state"], found["log"]["facts"]["last_seq"], found["log"]["facts"]["config_equal"]) == (
        "ok",
        3,
        True,
    )


def test_every_sandbox_tier_tells_each_attack(raro: Raro, past: Path) -> None:
    tiers = [
        part
        for part in raro("doctor", "--storage", past, "--json").json["parts"]
        if part["part"].startswith("sandbox ")
    ]
    assert tiers
    assert all({"name", "held", "detail"} == set(probe) for tier in tiers for probe in tier["facts"]["probes"])


def test_a_folder_that_is_not_there_is_fine_and_is_not_made(raro: Raro, tmp_path: Path) -> None:
    said = raro("doctor", "--storage", tmp_path / "new", "--json")
    assert parts(said)["storage"]["state"] == "ok"
    assert not (tmp_path / "new").exists()


def test_who_holds_the_folder_is_named(raro: Raro, past: Path) -> None:
    with hold_storage(past) as lock:
        found = parts(raro("doctor", "--storage", past, "--json"))
    assert f"process {lock.holder.pid}" in found["server"]["detail"]


def test_a_server_that_is_announced_but_does_not_answer_is_broken(raro: Raro, past: Path) -> None:
    with hold_storage(past) as lock:
        lock.announce("http://127.0.0.1:1")
        said = raro("doctor", "--storage", past, "--json")
    assert said.code == ExitCode.FAILURE
    assert [part["state"] for part in said.json["parts"] if part["part"] == "server"] == ["ok", "broken"]


def test_for_people_advice_stands_under_its_part(raro: Raro, past: Path) -> None:
    with hold_storage(past) as lock:
        lock.announce("http://127.0.0.1:1")
        said = raro("doctor", "--storage", past)
    assert "→ See what process" in said.out
