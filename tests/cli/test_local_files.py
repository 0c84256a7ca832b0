"""Which files a person means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from raro.cli.local_files import local_files
from raro.errors import BadRequest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    for name in ("a.csv", "b.csv", "c[1].txt", ".hidden", "deep/d.json", "deep/deeper/größe 🐧.txt"):
        (tmp_path / name).write_text(name)
    return tmp_path


def names(*arguments: Path | str) -> list[str]:
    return [file.filename for file in local_files(map(str, arguments))]


def test_a_folder_is_its_files_without_the_hidden_ones(folder: Path) -> None:
    assert sorted(names(folder)) == ["a.csv", "b.csv", "c[1].txt", "d.json", "größe 🐧.txt"]


def test_a_pattern_is_what_it_matches(folder: Path) -> None:
    assert names(folder / "*.csv") == ["a.csv", "b.csv"]


def test_a_name_that_looks_like_a_pattern_is_taken_as_it_is(folder: Path) -> None:
    assert names(folder / "c[1].txt") == ["c[1].txt"]


def test_a_file_named_twice_is_one_file(folder: Path) -> None:
    assert names(folder / "a.csv", folder / "*.csv", folder / "deep" / ".." / "a.csv") == ["a.csv", "b.csv"]


def test_two_files_of_one_name_are_refused_before_anything_is_sent(folder: Path) -> None:
    (folder / "deep" / "a.csv").write_text("another")
    with pytest.raises(BadRequest, match=r"would both become 'a\.csv'"):
        local_files([str(folder)])


def test_what_names_nothing_is_told(folder: Path) -> None:
    with pytest.raises(BadRequest, match=r"missing\*"):
        local_files([str(folder / "missing*")])


def test_an_empty_folder_is_told(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(BadRequest, match="holds no files"):
        local_files([str(folder / "empty")])


def test_a_link_that_leads_in_a_circle_is_not_followed(folder: Path) -> None:
    (folder / "deep" / "round").symlink_to(folder)
    assert sorted(names(folder / "deep")) == ["d.json", "größe 🐧.txt"]


def test_a_pipe_is_no_file_to_upload(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(BadRequest, match="not a regular file"):
        local_files([str(folder / "pipe")])
