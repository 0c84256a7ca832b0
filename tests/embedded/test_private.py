"""Sockets get a short private place, and nobody can prepare it for us."""

import stat
from pathlib import Path

import pytest

from raro.embedded.private import socket_folder, write_private


def test_a_socket_folder_is_short_private_and_always_the_same(tmp_path: Path) -> None:
    folder = socket_folder(tmp_path / ("l" * 200) / "redis")
    try:
        assert len(str(folder / "valkey.sock")) < 108
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert socket_folder(tmp_path / ("l" * 200) / "redis") == folder
    finally:
        folder.rmdir()


@pytest.mark.parametrize("squat", ["open folder", "symlink", "file"])
def test_a_prepared_socket_folder_is_not_used(tmp_path: Path, squat: str) -> None:
    expected = socket_folder(tmp_path / squat)
    expected.rmdir()
    if squat == "open folder":
        expected.mkdir()
        expected.chmod(0o777)
    elif squat == "symlink":
        expected.symlink_to(tmp_path)
    else:
        expected.touch()
    try:
        folder = socket_folder(tmp_path / squat)
        assert folder != expected
        assert stat.S_IMODE(folder.lstat().st_mode) == 0o700
        folder.rmdir()
    finally:
        expected.rmdir() if squat == "open folder" else expected.unlink()


def test_a_private_file_replaces_a_readable_one(tmp_path: Path) -> None:
    file = tmp_path / "server.conf"
    file.write_text("old")
    file.chmod(0o644)
    write_private(file, "new")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o600)
