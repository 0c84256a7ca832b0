"""Names: what is taken as it is, what is normalised, what is refused and why."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.errors import BadClientId, BadName
from raro.files.names import (
    MAX_PATH_BYTES,
    MAX_SEGMENT_BYTES,
    checked_client_id,
    checked_filename,
    checked_path,
    checked_run_id,
    free_name,
)

GOOD = [
    "a",
    "Zürich Übersicht.csv",
    "年度報告.md",
    "👩‍🔬 results 📈.png",
    ".hidden",
    "a..b",
    "...",
    "-rf",
    "%2e%2e",
    "x" * 255,
]
BAD = {
    "": "empty",
    ".": "segment '.'",
    "..": "segment '..'",
    "   ": "blanks",
    "a\\b": "backslash",
    "a\0b": "U+0000",
    "a\nb": "U+000A",
    "a\x7fb": "U+007F",
    "a\x85b": "U+0085",
    "a\u2028b": "U+2028",
    "exe.\u202egnp": "U+202E",
    "a\ud800b": "U+D800",
    "ü" * 128: "255 bytes",
}


@pytest.mark.parametrize("name", GOOD)
def test_ordinary_names_of_any_language_are_kept(name: str) -> None:
    assert checked_filename(name) == name
    assert checked_path(f"out/{name}") == f"out/{name}"


@pytest.mark.parametrize(("name", "reason"), BAD.items())
def test_bad_name_is_refused_with_its_reason(name: str, reason: str) -> None:
    with pytest.raises(BadName, match=reason.replace("+", r"\+").replace(".", r"\.")) as caught:
        checked_filename(name)
    assert caught.value.message.isprintable()
    with pytest.raises(BadName):
        checked_path(f"out/{name}/x")


@pytest.mark.parametrize("path", ["/etc/passwd", "a//b", "a/", "../a", "a/../b", "a/./b", "x/" * 2048 + "x"])
def test_bad_path_is_refused(path: str) -> None:
    with pytest.raises(BadName):
        checked_path(path)


def test_a_library_name_is_one_segment() -> None:
    with pytest.raises(BadName, match="one segment"):
        checked_filename("a/b")


def test_decomposed_umlauts_become_composed() -> None:
    assert checked_filename("Zu\u0308rich.csv") == "Zürich.csv"


@given(st.text(max_size=300))
def test_a_checked_path_is_stable_and_stays_in_its_folder(text: str) -> None:
    try:
        path = checked_path(text)
    except BadName:
        return
    assert checked_path(path) == path == unicodedata.normalize("NFC", text)
    assert len(path.encode()) <= MAX_PATH_BYTES
    for segment in path.split("/"):
        assert checked_filename(segment) == segment
        assert segment not in {"", ".", ".."}
        assert len(segment.encode()) <= MAX_SEGMENT_BYTES


@pytest.mark.parametrize("client_id", ["public", "a", "A_b-9", "x" * 64])
def test_client_ids(client_id: str) -> None:
    assert checked_client_id(client_id) == client_id


@pytest.mark.parametrize("client_id", ["", " ", "a b", "a.b", "a/b", "ü", "..", "x" * 65, "a\n", "_system", "*", ">"])
def test_bad_client_ids(client_id: str) -> None:
    with pytest.raises(BadClientId):
        checked_client_id(client_id)


@pytest.mark.parametrize("run_id", ["", "..", "a/b", "a.b", "x" * 65])
def test_bad_run_ids(run_id: str) -> None:
    with pytest.raises(BadName):
        checked_run_id(run_id)


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=200))
def test_a_free_name_is_new_short_enough_and_keeps_its_ending(stem: str) -> None:
    taken = {free_name(f"{stem}.csv", "file", set())}
    name = free_name(f"{stem}.csv", "file", taken)
    assert name not in taken
    assert name.endswith(" (file 2).csv")
    assert len(name.encode()) <= MAX_SEGMENT_BYTES
