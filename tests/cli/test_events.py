"""`raro events` on a data folder that no server holds."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from raro.cli.exits import ExitCode
from raro.embedded.lock import hold_storage
from tests.cli.conftest import Raro


def types(events: list[dict[str, str]]) -> list[str]:
    return [event["type"].split(".")[2] for event in events]


def test_every_event_is_one_line_of_json(raro: Raro, past: Path) -> None:
    said = raro("events", "--storage", past, "--json")
    assert types(said.json_lines) == ["file_uploaded", "started", "completed"]
    assert said.json_lines[0]["data"]["filename"] == "größe.csv"


def test_events_are_filtered_by_run_type_and_place(raro: Raro, past: Path) -> None:
    assert types(raro("events", "--storage", past, "--json", "--run", "r1").json_lines) == ["started", "completed"]
    assert types(raro("events", "--storage", past, "--json", "--type", "file_uploaded").json_lines) == ["file_uploaded"]
    assert types(raro("events", "--storage", past, "--json", "--after", 2).json_lines) == ["completed"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--text", "GRÖßE"], ["file_uploaded"]),
        (["--actor", "user:me", "--run", "r1"], ["started", "completed"]),
        (["--actor", "system"], []),
        (["--agent", "one"], []),
        (["--from", "2030-01-01", "--to", "2030-01-01T00:00:01+00:00"], ["file_uploaded", "started", "completed"]),
        (["--to", "2030-01-01"], []),
    ],
)
def test_events_are_found_by_what_they_are_about(
    raro: Raro, past: Path, options: list[str], expected: list[str]
) -> None:
    assert types(raro("events", "--storage", past, "--json", *options).json_lines) == expected


def test_events_become_files_for_others(raro: Raro, past: Path, tmp_path: Path) -> None:
    lines = raro("events", "--storage", past, "--json").json_lines
    assert raro("events", "--storage", past, "--format", "jsonl").json_lines == lines
    batch = json.loads(raro("events", "--storage", past, "--format", "cloudevents", "--limit", 2).out)
    assert [event["id"] for event in batch] == [event["id"] for event in lines[:2]]
    file = tmp_path / "events.parquet"
    assert raro("events", "--storage", past, "--format", "parquet", "--output", file).code == ExitCode.OK
    assert pq.read_table(file).column("seq").to_pylist() == [1, 2, 3]


def test_what_cannot_be_meant_is_told(raro: Raro, past: Path, tmp_path: Path) -> None:
    for options, words in (
        (["--from", "gestern"], "gestern"),
        (["--output", tmp_path / "x"], "--format"),
        (["--format", "jsonl", "--output", tmp_path / "none" / "x"], "cannot be written"),
    ):
        said = raro("events", "--storage", past, *options)
        assert (said.code, words in said.err) == (ExitCode.USAGE, True), said


def test_the_tail_is_the_last_ones(raro: Raro, past: Path) -> None:
    assert types(raro("events", "tail", "-n", 1, "--storage", past, "--json").json_lines) == ["completed"]


def test_one_event_is_shown_in_full(raro: Raro, past: Path) -> None:
    assert raro("events", "show", 2, "--storage", past, "--json").json["data"]["directive"] == "look"
    assert raro("events", "show", 9, "--storage", past).code == ExitCode.NOT_FOUND


def test_for_people_a_line_says_what_happened_to_what(raro: Raro, past: Path) -> None:
    lines = raro("events", "--storage", past).out.splitlines()
    assert len(lines) == 3
    assert "library.file_uploaded" in lines[0]
    assert "filename=größe.csv" in lines[0]


def test_a_folder_that_is_no_data_folder_is_told_and_stays_as_it_is(raro: Raro, tmp_path: Path) -> None:
    said = raro("events", "--storage", tmp_path / "elsewhere")
    assert said.code == ExitCode.NOT_FOUND
    assert "holds no log" in said.err
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_in_use_names_its_holder(raro: Raro, past: Path) -> None:
    with hold_storage(past) as lock:
        said = raro("events", "--storage", past)
    assert said.code == ExitCode.CONFLICT
    assert f"process {lock.holder.pid}" in said.err


def test_schemas_need_neither_server_nor_folder(raro: Raro) -> None:
    assert list(raro("events", "schema", "file_linked", "--json").json) == ["raro.library.file_linked.v1"]
    assert len(raro("events", "schema", "--json").json) > 30
