"""Where artifacts lie on disk: nothing in one place twice, the same for the same set, and mostly the path itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.errors import BadName
from raro.files.layout import ancestors, disk_paths
from raro.files.names import checked_path

segments = st.sampled_from(["a", "b", "a.txt", "metadata.json", "a (file)", "metadata (artifact).json", "x" * 255])
paths = st.lists(st.lists(segments, min_size=1, max_size=4).map("/".join), max_size=12)


@pytest.mark.parametrize(
    ("given_paths", "expected"),
    [
        (["a", "b/c"], {"a": "a", "b/c": "b/c"}),
        (["metadata.json"], {"metadata.json": "metadata (artifact).json"}),
        (["sub/metadata.json"], {"sub/metadata.json": "sub/metadata.json"}),
        (["metadata.json/x"], {"metadata.json/x": "metadata (artifact).json/x"}),
        (
            ["metadata.json", "metadata (artifact).json"],
            {
                "metadata.json": "metadata (artifact 2).json",
                "metadata (artifact).json": "metadata (artifact).json",
            },
        ),
        (["a", "a/b"], {"a": "a (file)", "a/b": "a/b"}),
        (["x/r.txt", "x/r.txt/y"], {"x/r.txt": "x/r (file).txt", "x/r.txt/y": "x/r.txt/y"}),
        (["a", "a/b", "a (file)"], {"a": "a (file 2)", "a/b": "a/b", "a (file)": "a (file)"}),
    ],
)
def test_places(given_paths: list[str], expected: dict[str, str]) -> None:
    assert disk_paths(given_paths) == expected


@given(paths)
def test_every_path_has_a_place_of_its_own(given_paths: list[str]) -> None:
    places = disk_paths(given_paths)
    assert set(places) == set(given_paths)
    files = set(places.values())
    assert len(files) == len(places)
    assert not files & {folder for path in files for folder in ancestors(path)}
    assert not [path for path in files if path.split("/")[0] == "metadata.json"]
    assert disk_paths(list(reversed(given_paths))) == places


@given(paths)
def test_a_place_is_a_path_that_can_be_made(tmp_path_factory: pytest.TempPathFactory, given_paths: list[str]) -> None:
    root = tmp_path_factory.mktemp("layout", numbered=True)
    for place in disk_paths(given_paths).values():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).touch(exist_ok=False)


@given(st.text())
def test_checked_paths_keep_their_place(text: str) -> None:
    try:
        path = checked_path(text)
    except BadName:
        return
    assert disk_paths([path], reserved=None) == {path: path}
    assert not Path(path).is_absolute()
