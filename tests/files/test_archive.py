"""Archives: what unzip gets out is what went in, made piece by piece."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import struct
import subprocess
import tracemalloc
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from raro.errors import BadName, BlobMissing
from raro.files.archive import ArchiveEntry, zip_stream
from raro.files.blobs import BlobStore

NOON = 1_700_000_000.0


async def entry(blobs: BlobStore, path: str, content: bytes, mtime: float = NOON) -> ArchiveEntry:
    return ArchiveEntry(path, blobs.path((await blobs.put_bytes(content)).sha256), mtime)


async def zipped(*entries: ArchiveEntry, metadata: bytes | None = None) -> zipfile.ZipFile:
    pieces = [piece async for piece in zip_stream(entries, metadata=metadata)]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert archive.testzip() is None
    return archive


async def test_everything_comes_out_again(blobs: BlobStore) -> None:
    contents = {
        "Zürich 📈.csv": b"a,b\n" * 1000,
        "charts/deep/a.png": os.urandom(3_000_000),
        "empty": b"",
        "with space.txt": b"x",
    }
    archive = await zipped(*[await entry(blobs, path, content) for path, content in contents.items()])
    assert {name: archive.read(name) for name in archive.namelist()} == contents
    info = archive.getinfo("empty")
    assert (info.date_time, info.external_attr >> 16) == ((2023, 11, 14, 22, 13, 20), 0o644)
    assert archive.getinfo("Zürich 📈.csv").compress_size < 500


@pytest.mark.skipif(shutil.which("unzip") is None, reason="needs unzip")
async def test_another_program_reads_it(blobs: BlobStore, tmp_path: Path) -> None:
    pieces = [piece async for piece in zip_stream([await entry(blobs, "a/b.bin", os.urandom(2_000_000))])]
    (tmp_path / "a.zip").write_bytes(b"".join(pieces))
    assert subprocess.run(["unzip", "-tq", tmp_path / "a.zip"], check=False, capture_output=True).returncode == 0


async def test_names_that_cannot_stand_side_by_side_are_told_apart(blobs: BlobStore) -> None:
    entries = [await entry(blobs, path, path.encode()) for path in ("a", "a/b", "metadata.json")]
    archive = await zipped(*entries, metadata=b"{}")
    assert {name: archive.read(name) for name in archive.namelist()} == {
        "metadata.json": b"{}",
        "metadata (artifact).json": b"metadata.json",
        "a (file)": b"a",
        "a/b": b"a/b",
    }
    assert "metadata.json" in (await zipped(*entries)).namelist()


async def test_nothing_in_it_is_an_archive_too(blobs: BlobStore) -> None:
    assert (await zipped()).namelist() == []


@pytest.mark.parametrize("mtime", [0.0, -5.0, 1e12])
async def test_times_a_zip_cannot_name_are_brought_near(blobs: BlobStore, mtime: float) -> None:
    (info,) = (await zipped(await entry(blobs, "a", b"x", mtime))).infolist()
    assert 1980 <= info.date_time[0] <= 2107


async def test_a_missing_source_fails_before_the_first_byte(blobs: BlobStore) -> None:
    here, gone = await entry(blobs, "here", b"x"), await entry(blobs, "gone.csv", b"y")
    blobs.path(sha256(b"y").hexdigest()).unlink()
    with pytest.raises(BlobMissing, match=r"gone\.csv"):
        await anext(zip_stream([here, gone]))


async def test_a_path_that_leads_outside_is_refused(blobs: BlobStore) -> None:
    with pytest.raises(BadName):
        await anext(zip_stream([await entry(blobs, "../evil", b"x")]))


async def test_memory_stays_flat(blobs: BlobStore) -> None:
    large = await entry(blobs, "large.bin", b"")
    sparse = blobs.root / "sparse"
    sparse.touch()
    os.truncate(sparse, 200 << 20)
    tracemalloc.start()
    size = 0
    async for piece in zip_stream([ArchiveEntry("large.bin", sparse, NOON), large.__class__("b", large.source, NOON)]):
        size += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 200 << 20
    assert peak < 16 << 20


async def test_zip64_is_chosen_for_a_file_past_four_gibibytes(blobs: BlobStore) -> None:
    sparse = blobs.root / "sparse"
    sparse.touch()
    os.truncate(sparse, (4 << 30) + 5)
    stream = zip_stream([ArchiveEntry("zeros.bin", sparse, NOON)])
    header = (await anext(stream))[:30]
    await stream.aclose()
    signature, version_needed = struct.unpack_from("<4sH", header)
    assert (signature, version_needed) == (b"PK\x03\x04", zipfile.ZIP64_VERSION)


async def test_a_reader_who_leaves_ends_the_work(blobs: BlobStore) -> None:
    before = len(os.listdir("/proc/self/fd"))
    stream = zip_stream([await entry(blobs, f"{number}.bin", os.urandom(2 << 20)) for number in range(3)])
    await anext(stream)
    await stream.aclose()

    async def read_on() -> None:
        async for _ in zip_stream([await entry(blobs, "b.bin", os.urandom(8 << 20))]):
            await asyncio.sleep(0)

    task = asyncio.create_task(read_on())
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    # A thread that was putting bytes away ends by itself.
    async with asyncio.timeout(20):
        while len(os.listdir("/proc/self/fd")) > before:
            await asyncio.sleep(0.02)
