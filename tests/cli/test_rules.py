"""`raro rules` without a server: a file is checked where it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Raro

RULE = '[[rule]]\nid = "a"\ntrigger = "ToolCall"\naction = "block"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "my rules.toml"


def test_a_good_file_can_be_taken(raro: Raro, file: Path) -> None:
    file.write_text(RULE)
    said = raro("rules", "check", file)
    assert (said.code, said.out, said.err) == (0, f"{file} can be taken\n", "")


def test_every_mistake_is_a_line_that_an_editor_can_jump_to(raro: Raro, file: Path) -> None:
    file.write_text(RULE + "x = 1\ny = 2\n")
    said = raro("rules", "check", file)
    assert said.code == 2
    assert [line.startswith(f"{file}:{number}: ") for number, line in enumerate(said.out.splitlines(), start=5)] == [
        True,
        True,
    ]


def test_for_programs_too(raro: Raro, file: Path) -> None:
    file.write_text("x = \x1b[2J\n")
    said = raro("rules", "check", file, "--json")
    assert (said.code, said.json["ok"], said.json["faults"][0]["line"]) == (2, False, 1)


def test_a_file_that_is_not_there_and_a_folder_are_told(raro: Raro, tmp_path: Path) -> None:
    gone = raro("rules", "check", tmp_path / "gone.toml")
    assert (gone.code, "there is no file" in gone.err) == (3, True)
    folder = raro("rules", "check", tmp_path)
    assert (folder.code, "not a plain file" in folder.out) == (2, True)


def test_without_a_server_the_others_say_so(raro: Raro) -> None:
    said = raro("rules", "--server", "http://127.0.0.1:9")
    assert (said.code, "no RARO server answers" in said.err) == (5, True)


def test_the_doctor_names_a_mistake_and_its_line(raro: Raro, tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "rules.toml").write_text(RULE + "x = 1\n")
    parts = {part["part"]: part for part in raro("doctor", "--json").json["parts"]}
    assert parts["rules"]["state"] == "degraded"
    assert "rules.toml:5: there is no 'x'" in parts["rules"]["detail"]
