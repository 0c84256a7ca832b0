"""Sessions: inputs that cost nothing, outputs that are never trusted, and an end that leaves nothing."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from raro.errors import BadName, BlobMissing, NameTaken, OutputNotFound, UnsafeFile
from raro.files.blobs import BlobStore
from raro.files.safe_open import FoundFile, Refusal, RefusedEntry
from raro.files.workspace import Session, Sessions


async def stored(blobs: BlobStore, content: bytes) -> Path:
    return blobs.path((await blobs.put_bytes(content)).sha256)


def read(fd: int) -> bytes:
    with os.fdopen(fd, "rb") as file:
        return file.read()


async def test_an_input_is_a_link_to_its_blob(session: Session, blobs: BlobStore) -> None:
    blob = await stored(blobs, b"a,b")
    for _ in range(2):
        session.link_input(blob, "Zürich 📈.csv")
    session.link_input(blob, "run-0/charts/deep.png")
    assert (session.input / "Zürich 📈.csv").samefile(blob)
    assert read(session.open_input("run-0/charts/deep.png")) == b"a,b"


async def test_an_input_can_be_a_copy_instead(session: Session, blobs: BlobStore) -> None:
    blob = await stored(blobs, b"a,b")
    session.link_input(blob, "a.csv")
    for _ in range(2):
        session.link_input(blob, "a.csv", link=False)
    copy = session.input / "a.csv"
    assert not copy.samefile(blob)
    assert (copy.read_bytes(), copy.stat().st_mode & 0o777, copy.stat().st_nlink) == (b"a,b", 0o444, 1)
    session.link_input(blob, "a.csv")
    assert copy.samefile(blob)


async def test_two_inputs_of_one_name_are_refused(session: Session, blobs: BlobStore) -> None:
    session.link_input(await stored(blobs, b"one"), "a/b.csv")
    other = await stored(blobs, b"two")
    for name in ("a/b.csv", "a", "a/b.csv/c"):
        with pytest.raises(NameTaken, match=r"rename"):
            session.link_input(other, name)
    assert (session.input / "a" / "b.csv").read_bytes() == b"one"


async def test_an_input_that_is_not_in_storage_is_named(session: Session, blobs: BlobStore) -> None:
    with pytest.raises(BlobMissing, match="0" * 64):
        session.link_input(blobs.path("0" * 64), "a.csv")
    with pytest.raises(BadName):
        session.link_input(await stored(blobs, b"x"), "../../escape")


@pytest.mark.parametrize("size_bytes", [1 << 30, 2 << 30])
async def test_preparing_a_large_input_copies_nothing(session: Session, blobs: BlobStore, size_bytes: int) -> None:
    blob = await stored(blobs, b"stands for a large file")
    blob.chmod(0o644)
    os.truncate(blob, size_bytes)  # sparse: only its size matters
    blob.chmod(0o444)
    session.link_input(blob, "large.bin")
    linked = (session.input / "large.bin").stat()
    assert (linked.st_ino, linked.st_size) == (blob.stat().st_ino, size_bytes)


def test_creating_twice_is_no_harm(sessions: Sessions) -> None:
    session = sessions.create("r")
    (session.output / "kept").write_bytes(b"x")
    assert sessions.create("r") == session == sessions.get("r")
    assert (session.output / "kept").exists()
    assert sessions.exists("r")
    assert not sessions.exists("other")
    assert sessions.all() == ["r"]


@pytest.mark.parametrize("run_id", ["", "..", "a/b", ".staging"])
def test_a_run_id_cannot_lead_elsewhere(sessions: Sessions, run_id: str) -> None:
    for action in (sessions.create, sessions.remove, sessions.get):
        with pytest.raises(BadName):
            action(run_id)


def test_a_scan_finds_outputs_and_reports_what_is_not_taken(session: Session) -> None:
    (session.output / "charts").mkdir()
    (session.output / "charts" / "a.png").write_bytes(b"png")
    (session.output / "escape").symlink_to("/etc/passwd")
    found = list(session.scan_output())
    assert [entry.path for entry in found if isinstance(entry, FoundFile)] == ["charts/a.png"]
    assert RefusedEntry("escape", Refusal.SYMLINK) in found
    with pytest.raises(UnsafeFile):
        session.open_output("escape")
    with pytest.raises(OutputNotFound):
        session.open_output("nothing")


async def test_a_restored_output_is_writable_and_stands_alone(session: Session, blobs: BlobStore) -> None:
    blob = await stored(blobs, b"made before the crash")
    session.restore_output("charts/a.png", blob, mtime_ns=1_700_000_000_000_000_001)
    restored = session.output / "charts" / "a.png"
    status = restored.stat()
    assert (status.st_nlink, status.st_mode & 0o777) == (1, 0o644)
    assert status.st_mtime_ns == 1_700_000_000_000_000_001
    restored.write_bytes(b"changed")
    assert blob.read_bytes() == b"made before the crash"
    session.restore_output("charts/a.png", blob)
    assert restored.read_bytes() == b"made before the crash"


async def test_restoring_follows_no_link_of_an_agent(session: Session, blobs: BlobStore, tmp_path: Path) -> None:
    blob = await stored(blobs, b"bytes")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a").write_bytes(b"untouched")
    (session.output / "folder").symlink_to(tmp_path / "outside")
    (session.output / "file").symlink_to(tmp_path / "outside" / "a")
    (session.output / "taken").mkdir()
    for path in ("folder/a", "folder/new/b", "taken"):
        with pytest.raises(UnsafeFile, match="in its place"):
            session.restore_output(path, blob)
    session.restore_output("file", blob)
    assert not (session.output / "file").is_symlink()
    assert os.listdir(tmp_path / "outside") == ["a"]
    assert (tmp_path / "outside" / "a").read_bytes() == b"untouched"
    with pytest.raises(BlobMissing):
        session.restore_output("x", blobs.path("0" * 64))


async def test_files_of_one_new_folder_are_restored_side_by_side(session: Session, blobs: BlobStore) -> None:
    blob = blobs.path((await blobs.put_bytes(b"a chart")).sha256)
    with ThreadPoolExecutor(8) as threads:
        for attempt in range(40):
            paths = [f"made{attempt}/deep/{number}.png" for number in range(8)]
            list(threads.map(lambda path: session.restore_output(path, blob), paths))
            assert all((session.output / path).read_bytes() == b"a chart" for path in paths)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_a_restored_output_belongs_to_the_sandbox_s_user(session: Session, blobs: BlobStore) -> None:
    os.chown(session.output, 4321, 4322)
    session.restore_output("new/folder/a", await stored(blobs, b"x"))
    for path in ("new", "new/folder", "new/folder/a"):
        status = (session.output / path).stat()
        assert (status.st_uid, status.st_gid) == (4321, 4322)


async def test_removing_a_session_follows_no_link(
    sessions: Sessions, session: Session, blobs: BlobStore, tmp_path: Path
) -> None:
    blob = await stored(blobs, b"input")
    session.link_input(blob, "in.csv")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").write_bytes(b"kept")
    (session.output / "folder").symlink_to(tmp_path / "outside")
    (session.output / "file").symlink_to(tmp_path / "outside" / "kept")
    os.mkfifo(session.output / "pipe")
    locked = session.output / "locked"
    (locked / "inner" / "most").mkdir(parents=True)
    (locked / "inner" / "x").write_bytes(b"x")
    for folder in (locked / "inner", locked):
        folder.chmod(0)
    assert sessions.remove("run-1")
    assert not session.root.exists()
    assert not sessions.remove("run-1")
    assert (tmp_path / "outside" / "kept").read_bytes() == b"kept"
    assert blob.read_bytes() == b"input"


def test_folders_nested_beyond_every_limit_are_removed(sessions: Sessions, session: Session) -> None:
    here = os.open(session.output, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d" * 100, dir_fd=here)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        below = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert sessions.remove("run-1")
    assert sessions.all() == []
