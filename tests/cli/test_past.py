"""`raro replay` and `raro diff`, in a folder without a server: the same answers as a server's."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Raro


def test_the_past_is_shown(raro: Raro, past: Path) -> None:
    said = raro("replay", "--at", 3, "--storage", past, "--client", "lab", "--json")
    assert said.code == 0, said.err
    assert (said.json["seq"], said.json["head"], said.json["erased"]) == (3, 3, 1)
    shown = raro("replay", "--at", said.json["time"], "--storage", past, "--client", "lab")
    assert "As it was after event 3" in shown.out, shown.err
    assert "größe.csv  private" in shown.out
    assert "their bytes were erased" in shown.out


def test_differences_are_shown(raro: Raro, past: Path) -> None:
    shown = raro("diff", 3, 0, "--storage", past, "--client", "lab")
    assert shown.code == 0, shown.err
    assert "library: 0 added, 1 removed, 0 changed" in shown.out
    assert "- größe.csv  (bytes erased)" in shown.out


def test_a_run_that_is_not_there_is_named(raro: Raro, past: Path) -> None:
    said = raro("diff", "1", "run_other", "--storage", past)
    assert (said.code, said.out) == (3, "")
    assert "there is no run '1'" in said.err


def test_what_is_no_point_is_named(raro: Raro, tmp_path: Path) -> None:
    said = raro("replay", "--at", "yesterday", "--storage", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "'yesterday' is no point of the log" in said.err


def test_a_folder_that_is_not_there_is_named(raro: Raro, tmp_path: Path) -> None:
    said = raro("replay", "--at", 1, "--storage", tmp_path / "nowhere")
    assert said.code == 2
    assert "nowhere" in said.err
