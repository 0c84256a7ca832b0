"""The font cache: built with the environment, copied by every new storage, built by a storage that finds none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raro.sandboxes import warm


async def test_a_new_storage_begins_with_the_copy_that_the_environment_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "installed_caches", lambda: tmp_path / "installed")
    assert await warm.install()
    (made,) = (tmp_path / "installed").iterdir()
    (made / "mark").write_text("copied")

    folder = await warm.warm_caches(tmp_path / "storage")

    assert folder is not None
    assert (folder / "mark").read_text() == "copied"
    (fonts,) = folder.glob("fontlist-*.json")
    assert any(font["name"] == "DejaVu Sans" for font in json.loads(fonts.read_text())["ttflist"])


async def test_a_copy_that_broke_off_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "installed_caches", lambda: tmp_path / "installed")
    assert await warm.install()
    (made,) = (tmp_path / "installed").iterdir()
    (tmp_path / "storage" / "mpl" / made.name).mkdir(parents=True)

    folder = await warm.warm_caches(tmp_path / "storage")

    assert folder is not None
    assert list(folder.glob("fontlist-*.json"))


@pytest.mark.parametrize("installed", ["installed", "nowhere"])
async def test_where_nothing_can_be_written_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: str
) -> None:
    monkeypatch.setattr(warm, "installed_caches", lambda: tmp_path / "installed")
    assert await warm.install()
    monkeypatch.setattr(warm, "installed_caches", lambda: tmp_path / installed)
    (tmp_path / "storage").write_text("a file in the folder's place")
    assert await warm.warm_caches(tmp_path / "storage") is None


async def test_without_one_a_storage_builds_its_own_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "installed_caches", lambda: tmp_path / "nowhere")
    folder = await warm.warm_caches(tmp_path / "storage")
    assert folder is not None
    (fonts,) = folder.glob("fontlist-*.json")
    before = fonts.stat().st_mtime_ns

    assert await warm.warm_caches(tmp_path / "storage") == folder
    assert fonts.stat().st_mtime_ns == before
