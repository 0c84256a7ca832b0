"""The blob store: what is stored is whole, durable, once, and gone only when nobody wants it."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raro.errors import BlobMissing, TooLarge, UnsafeFile
from raro.files.blobs import Blob, BlobStore

MIB = 1 << 20


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
        await asyncio.sleep(0)


def files_in(blobs: BlobStore, folder: str) -> list[Path]:
    return [path for path in (blobs.root / folder).rglob("*") if path.is_file()]


def make_old(blobs: BlobStore, *sha256: str) -> None:
    for one in sha256:
        os.utime(blobs.path(one), (1, 1))


@pytest.mark.parametrize("size", [0, 1, 65536, MIB - 1, MIB, MIB + 1, 5 * MIB + 7])
async def test_a_stream_becomes_a_read_only_blob_under_its_hash(blobs: BlobStore, size: int) -> None:
    data = os.urandom(size)
    blob = await blobs.put_stream(stream(*[data[i : i + 70_000] for i in range(0, size, 70_000)]))
    assert blob == Blob(hashlib.sha256(data).hexdigest(), size)
    assert await blobs.read(blob.sha256) == data
    assert blobs.path(blob.sha256).stat().st_mode & 0o777 == 0o444
    assert files_in(blobs, "tmp") == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=4000), max_size=8))
def test_every_way_in_gives_the_same_blob(blobs: BlobStore, tmp_path: Path, chunks: list[bytes]) -> None:
    data = b"".join(chunks)
    (tmp_path / "source").write_bytes(data)

    async def put() -> set[Blob]:
        return {
            await blobs.put_stream(stream(*chunks)),
            await blobs.put_bytes(data),
            await blobs.put_file(tmp_path / "source"),
        }

    assert asyncio.run(put()) == {Blob(hashlib.sha256(data).hexdigest(), len(data))}


async def test_a_put_of_known_bytes_rewrites_nothing_and_renews_the_age(blobs: BlobStore) -> None:
    blob = await blobs.put_bytes(b"known")
    make_old(blobs, blob.sha256)
    before = blobs.path(blob.sha256).stat()
    for _ in range(2):
        await blobs.put_stream(stream(b"kno", b"wn"))
    after = blobs.path(blob.sha256).stat()
    assert after.st_ino == before.st_ino
    assert after.st_mtime > time.time() - 60


async def test_a_put_heals_a_blob_that_was_cut_off(blobs: BlobStore) -> None:
    blob = await blobs.put_bytes(b"whole content")
    path = blobs.path(blob.sha256)
    path.chmod(0o644)
    path.write_bytes(b"whole")
    assert await blobs.put_bytes(b"whole content") == blob
    assert await blobs.verify(blob.sha256)


async def test_a_stream_over_the_limit_leaves_nothing(blobs: BlobStore) -> None:
    with pytest.raises(TooLarge, match="3000000"):
        await blobs.put_stream(stream(*[bytes(MIB)] * 5), limit_bytes=3_000_000)
    with pytest.raises(TooLarge):
        await blobs.put_stream(stream(b"abc"), limit_bytes=2)
    assert files_in(blobs, "tmp") == files_in(blobs, "sha256") == []


async def test_the_limit_itself_is_allowed(blobs: BlobStore) -> None:
    assert (await blobs.put_stream(stream(b"abc"), limit_bytes=3)).size_bytes == 3
    assert (await blobs.put_stream(stream(bytes(2 * MIB)), limit_bytes=2 * MIB)).size_bytes == 2 * MIB


async def test_a_source_that_fails_leaves_nothing_and_keeps_its_error(blobs: BlobStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(3 * MIB)
        raise ConnectionResetError("peer went away")

    with pytest.raises(ConnectionResetError):
        await blobs.put_stream(broken())
    assert files_in(blobs, "tmp") == files_in(blobs, "sha256") == []


async def test_a_cancelled_put_leaves_nothing(blobs: BlobStore) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(2 * MIB)
        begun.set()
        await asyncio.sleep(60)

    put = asyncio.create_task(blobs.put_stream(endless()))
    await begun.wait()
    put.cancel()
    with pytest.raises(asyncio.CancelledError):
        await put
    assert files_in(blobs, "tmp") == files_in(blobs, "sha256") == []


async def test_puts_of_the_same_content_at_once_make_one_blob(blobs: BlobStore) -> None:
    data = os.urandom(3 * MIB)
    puts = [blobs.put_stream(stream(data[:MIB], data[MIB:])) for _ in range(12)]
    assert len(set(await asyncio.gather(*puts))) == 1
    assert len(files_in(blobs, "sha256")) == 1
    assert files_in(blobs, "tmp") == []


async def test_a_whole_folder_removed_while_running_comes_back(blobs: BlobStore) -> None:
    (blobs.root / "tmp").rmdir()
    assert await blobs.verify((await blobs.put_bytes(b"x")).sha256)


async def test_reading_only_the_head(blobs: BlobStore) -> None:
    blob = await blobs.put_bytes(b"0123456789")
    assert await blobs.read(blob.sha256, limit_bytes=4) == b"0123"


@pytest.mark.parametrize("sha256", ["", "..", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "g" * 64])
def test_only_a_hash_is_a_path(blobs: BlobStore, sha256: str) -> None:
    with pytest.raises(BlobMissing, match="64 lower-case"):
        blobs.path(sha256)


async def test_a_missing_blob_says_so(blobs: BlobStore) -> None:
    absent = "0" * 64
    assert not blobs.exists(absent)
    for call in (blobs.read(absent), blobs.verify(absent)):
        with pytest.raises(BlobMissing, match=absent):
            await call
    with pytest.raises(BlobMissing):
        blobs.path(absent, verified=True)


async def test_a_changed_blob_does_not_verify(blobs: BlobStore) -> None:
    blob = await blobs.put_bytes(b"honest")
    blobs.path(blob.sha256).chmod(0o644)
    blobs.path(blob.sha256).write_bytes(b"forged")
    assert not await blobs.verify(blob.sha256)


async def test_only_regular_files_are_stored(blobs: BlobStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnsafeFile):
        await blobs.put_file(tmp_path / "pipe")


async def test_all_lists_every_blob(blobs: BlobStore) -> None:
    put = {await blobs.put_bytes(f"{i}".encode()) for i in range(20)}
    (blobs.root / "sha256" / "stray.txt").write_text("not a blob")
    assert set(blobs.all()) == put


async def test_a_sweep_removes_what_is_old_and_unreferenced(blobs: BlobStore) -> None:
    kept, old, young = [await blobs.put_bytes(text) for text in (b"kept", b"old one", b"young")]
    make_old(blobs, kept.sha256, old.sha256)
    rehearsal = await blobs.sweep({kept.sha256}, 3600, dry_run=True)
    assert blobs.exists(old.sha256)
    report = await blobs.sweep({kept.sha256}, 3600)
    assert report == rehearsal
    assert (report.removed, report.bytes, report.kept_young) == ((old,), 7, 1)
    assert set(blobs.all()) == {kept, young}


async def test_the_sweeper_waits_for_a_put_that_is_reusing_a_blob(blobs: BlobStore) -> None:
    blob = await blobs.put_bytes(b"wanted again")
    make_old(blobs, blob.sha256)
    lock = os.open(blobs.root / ".lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_SH)  # what a put holds while it looks and renews
    sweep = asyncio.create_task(blobs.sweep(set(), 3600))
    await asyncio.sleep(0.1)
    assert not sweep.done()
    os.utime(blobs.path(blob.sha256))
    os.close(lock)
    assert (await sweep).kept_young == 1
    assert blobs.exists(blob.sha256)


def test_what_a_put_returned_survives_a_sweeper_running_beside_it(blobs: BlobStore) -> None:
    """Puts of the same old blob race with sweeps: after each put the blob must be there."""
    data = b"contested"
    sha256 = hashlib.sha256(data).hexdigest()
    stop = False

    def sweep() -> None:
        while not stop:
            asyncio.run(blobs.sweep(set(), 3600))

    with ThreadPoolExecutor() as pool:
        sweeper = pool.submit(sweep)
        lost = 0
        for _ in range(300):
            asyncio.run(blobs.put_bytes(data))
            lost += not blobs.exists(sha256)
            make_old(blobs, sha256)
        stop = True
        sweeper.result()
    assert lost == 0


def test_a_killed_put_leaves_no_half_blob(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from raro.files.blobs import BlobStore\n"
        "async def slow():\n"
        "    for number in range(10**9):\n"
        "        if number == 20: print('begun', flush=True)\n"
        "        yield bytes(1 << 20); await asyncio.sleep(0.001)\n"
        "asyncio.run(BlobStore(Path(sys.argv[1])).put_stream(slow()))"
    )
    root = tmp_path / "blobs"
    with subprocess.Popen([sys.executable, "-c", code, root], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        (half,) = (root / "tmp").iterdir()
        os.utime(half, (1, 1))
        BlobStore(root)
        assert half.exists(), "its writer lives: the sweep at the start of another process must leave it"
        process.send_signal(signal.SIGKILL)
    os.utime(half, (1, 1))
    assert list(BlobStore(root).all()) == []
    assert not half.exists()
