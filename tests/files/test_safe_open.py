"""What an agent may have put in a folder, and what becomes of each of it. A test that hangs here is a failure."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from raro.errors import OutputNotFound, TooLarge, UnsafeFile
from raro.files.blobs import BlobStore
from raro.files.folders import opened, remove_tree
from raro.files.openat2 import has_openat2, open_at_once, open_resolved, open_stepwise
from raro.files.safe_open import FoundFile, Refusal, RefusedEntry, capture_beneath, open_beneath, walk_beneath

pytestmark = pytest.mark.timeout(20)
SECRET = b"the secret outside"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one of everything, and a secret beside it."""
    (tmp_path / "secret").write_bytes(SECRET)
    root = tmp_path / "output"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "plain.txt").write_bytes(b"plain")
    (root / "sub" / "deep" / "Zürich 📈.txt").write_bytes(b"nested")
    (root / "link").symlink_to("plain.txt")
    (root / "secret-link").symlink_to(tmp_path / "secret")
    (root / "folder-link").symlink_to(root / "sub")
    (root / "up").symlink_to("..")
    (root / "proc").symlink_to("/proc/self/root")
    os.link(root / "plain.txt", tmp_path / "other-name")
    (root / "single.txt").write_bytes(b"single")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        folder = os.open(root, os.O_PATH)
        sock.bind(f"/proc/self/fd/{folder}/socket")  # the path itself can be too long for a socket
        os.close(folder)
    return root


def read(root: Path, path: str, **options: bool) -> bytes:
    fd = open_beneath(root, path, size_cap=1000, single_link=options.get("single_link", True))
    with os.fdopen(fd, "rb") as file:
        return file.read()


@pytest.mark.parametrize("path", ["sub/deep/Zürich 📈.txt", "./sub//deep/Zürich 📈.txt"])
def test_a_plain_file_is_opened(root: Path, path: str) -> None:
    assert read(root, path) == b"nested"


REFUSED = {
    "link": Refusal.SYMLINK,
    "secret-link": Refusal.SYMLINK,
    "folder-link/deep/x": Refusal.SYMLINK,
    "up/secret": Refusal.SYMLINK,
    "proc/etc/passwd": Refusal.SYMLINK,
    "../secret": Refusal.OUTSIDE,
    "sub/../../secret": Refusal.OUTSIDE,
    "/etc/passwd": Refusal.OUTSIDE,
    "plain.txt": Refusal.HARD_LINK,
    "sub": Refusal.FOLDER,
    ".": Refusal.FOLDER,
    "pipe": Refusal.FIFO,
    "socket": Refusal.SOCKET,
    "": Refusal.BAD_NAME,
    "a\0b": Refusal.BAD_NAME,
    "a\ud800b": Refusal.BAD_NAME,
    "x" * 300: Refusal.BAD_NAME,
}


@pytest.mark.parametrize(("path", "reason"), REFUSED.items())
def test_everything_else_is_refused_with_its_reason(root: Path, path: str, reason: Refusal) -> None:
    with pytest.raises(UnsafeFile) as caught:
        read(root, path)
    assert caught.value.detail["reason"] == reason
    caught.value.message.encode()


@pytest.mark.parametrize("path", ["nothing", "sub/nothing", "single.txt/below"])
def test_a_missing_file_is_simply_not_found(root: Path, path: str) -> None:
    with pytest.raises(OutputNotFound):
        read(root, path)


def test_a_device_is_refused() -> None:
    with pytest.raises(UnsafeFile) as caught:
        open_beneath(Path("/dev"), "null", size_cap=None)
    assert caught.value.detail["reason"] == Refusal.DEVICE


def test_a_file_over_the_cap_is_refused(root: Path) -> None:
    with pytest.raises(UnsafeFile, match="6 bytes; at most 5") as caught:
        open_beneath(root, "single.txt", size_cap=5)
    assert caught.value.detail["reason"] == Refusal.TOO_LARGE
    os.close(open_beneath(root, "single.txt", size_cap=6))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_refused(root: Path) -> None:
    (root / "single.txt").chmod(0)
    with pytest.raises(UnsafeFile) as caught:
        read(root, "single.txt")
    assert caught.value.detail["reason"] == Refusal.UNREADABLE


def test_linked_inputs_are_opened_when_asked_for(root: Path) -> None:
    assert read(root, "plain.txt", single_link=False) == b"plain"


def test_a_refusal_leaves_no_descriptor_open(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for path in REFUSED:
        with pytest.raises(UnsafeFile):
            read(root, path)
    assert len(os.listdir("/proc/self/fd")) == before


OPENERS = [open_stepwise, pytest.param(open_at_once, marks=pytest.mark.skipif(not has_openat2(), reason="no openat2"))]


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("path", ["link", "secret-link", "folder-link/deep/x", "up/secret", "proc/etc/passwd"])
def test_both_ways_of_opening_follow_no_link(root: Path, opener: Callable[[int, str, int], int], path: str) -> None:
    fd = os.open(root, os.O_PATH)
    try:
        with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
            opener(fd, path, os.O_RDONLY | os.O_NOFOLLOW)
        os.close(opener(fd, "sub/deep/Zürich 📈.txt", os.O_RDONLY | os.O_NOFOLLOW))
    finally:
        os.close(fd)


@pytest.fixture
def swapping(tmp_path: Path) -> Iterator[Path]:
    """A folder in which `file` and `folder` are exchanged for links to the secret, again and again."""
    root = tmp_path / "race"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_bytes(SECRET)
    (root / "folder" / "file").write_bytes(b"honest")
    stop = threading.Event()

    def swap() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            honest, evil = root / f"honest{number % 2}", root / f"evil{number % 2}"
            honest.write_bytes(b"honest")
            honest.rename(root / "file")
            evil.symlink_to(tmp_path / "outside" / "file")
            evil.rename(root / "file")
            (root / "folder").rename(root / "folder-away")
            (root / "folder").symlink_to(tmp_path / "outside")
            (root / "folder").unlink()
            (root / "folder-away").rename(root / "folder")

    thread = threading.Thread(target=swap)
    thread.start()
    yield root
    stop.set()
    thread.join()


@pytest.mark.parametrize("path", ["file", "folder/file"])
def test_a_race_of_renames_leaks_nothing(swapping: Path, path: str) -> None:
    opened = leaked = refused = 0
    for _ in range(5000):
        try:
            content = read(swapping, path)
        except (UnsafeFile, OutputNotFound):
            refused += 1
            continue
        opened += 1
        leaked += content == SECRET
    assert leaked == 0
    assert opened, "the race never let a file through: it proves nothing"
    assert refused, "the race never met a link: it proves nothing"


def test_a_walk_during_the_race_leaks_nothing(swapping: Path) -> None:
    (swapping.parent / "outside" / "only-outside").write_bytes(SECRET)
    for _ in range(500):
        found = [entry.path for entry in walk_beneath(swapping)]
        assert not [path for path in found if "only-outside" in path]


def test_a_walk_finds_files_in_sub_folders_and_reports_the_rest(root: Path) -> None:
    entries = list(walk_beneath(root))
    files = {entry.path: entry for entry in entries if isinstance(entry, FoundFile)}
    refused = {entry.path: entry.reason for entry in entries if isinstance(entry, RefusedEntry)}
    assert set(files) == {"single.txt", "sub/deep/Zürich 📈.txt"}
    status = (root / "single.txt").stat()
    assert files["single.txt"] == FoundFile("single.txt", "single.txt", 6, status.st_mtime_ns, status.st_ino)
    assert refused == {
        "plain.txt": Refusal.HARD_LINK,
        "link": Refusal.SYMLINK,
        "secret-link": Refusal.SYMLINK,
        "folder-link": Refusal.SYMLINK,
        "up": Refusal.SYMLINK,
        "proc": Refusal.SYMLINK,
        "pipe": Refusal.FIFO,
        "socket": Refusal.SOCKET,
    }


def test_a_walk_reports_names_that_cannot_be_kept(tmp_path: Path) -> None:
    for name in (b"not-utf8-\xff", b"line\nbreak", "Zürich".encode(), "Zu\u0308rich".encode()):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"x")
    entries = list(walk_beneath(tmp_path))
    assert {entry.path: entry.reason for entry in entries if isinstance(entry, RefusedEntry)} == {
        "not-utf8-\ufffd\ufffd\ufffd": Refusal.BAD_NAME,
        "line\nbreak": Refusal.BAD_NAME,
        "Zürich": Refusal.SAME_NAME,
    }
    (found,) = [entry for entry in entries if isinstance(entry, FoundFile)]
    assert (found.path, found.name) == ("Zu\u0308rich", "Zürich")


def test_a_walk_stops_at_its_caps(tmp_path: Path) -> None:
    deep = tmp_path / "1" / "2" / "3"
    deep.mkdir(parents=True)
    for number in range(50):
        (tmp_path / f"f{number}").touch()
    assert RefusedEntry("1/2/3", Refusal.TOO_DEEP) in list(walk_beneath(tmp_path, max_depth=2))
    entries = list(walk_beneath(tmp_path, max_entries=10))
    assert entries[-1].path.startswith("f")
    assert isinstance(entries[-1], RefusedEntry)
    assert entries[-1].reason == Refusal.TOO_MANY
    assert len(entries) <= 11


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[Path]:
    """Folders nested deeper than any path can name; removed here, because nobody else can."""
    root = tmp_path / "endless"
    root.mkdir()
    here = os.open(root, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d" * 50, dir_fd=here)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    yield root
    with opened(tmp_path) as fd:
        remove_tree(fd, "endless")


def test_folders_nested_without_end_do_not_break_the_walk(endless: Path) -> None:
    (only,) = walk_beneath(endless, max_depth=10_000)
    assert isinstance(only, RefusedEntry)


async def test_capture_takes_content_time_and_head(root: Path, blobs: BlobStore) -> None:
    os.utime(root / "single.txt", ns=(5, 1_700_000_000_123_456_789))
    captured = await capture_beneath(root, "single.txt", blobs, 100)
    assert await blobs.read(captured.blob.sha256) == b"single"
    assert (captured.mtime_ns, captured.head) == (1_700_000_000_123_456_789, b"single")


async def test_capture_refuses_as_open_does(root: Path, blobs: BlobStore) -> None:
    for path in ("link", "pipe", "plain.txt"):
        with pytest.raises(UnsafeFile):
            await capture_beneath(root, path, blobs, 100)
    with pytest.raises(UnsafeFile, match="larger"):
        await capture_beneath(root, "single.txt", blobs, 3)
    assert list(blobs.all()) == []


async def test_a_file_that_grew_after_the_check_is_cut_off_at_the_limit(root: Path, blobs: BlobStore) -> None:
    fd = open_beneath(root, "single.txt", size_cap=6)
    with (root / "single.txt").open("ab") as file:
        file.write(b"more")
    with pytest.raises(TooLarge):
        await blobs.put_file(fd, limit_bytes=6)
    os.close(fd)


def test_the_kernel_way_is_used_where_there_is_one(root: Path) -> None:
    fd = os.open(root, os.O_PATH)
    opened = open_resolved(fd, "single.txt", os.O_RDONLY)
    assert stat.S_ISREG(os.fstat(opened).st_mode)
    os.close(opened)
    os.close(fd)
