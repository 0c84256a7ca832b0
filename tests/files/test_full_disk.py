"""A disk that is really full: a tmpfs of two megabytes, mounted in a namespace of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

SCRIPT = """
import asyncio, json, os, sys
from pathlib import Path
from raro.errors import StorageFull
from raro.files.blobs import BlobStore
from raro.files.trees import ArtifactEntry, RunTree, Trees
from raro.files.workspace import Sessions

storage = Path(sys.argv[1])

async def stream(mebibytes):
    for _ in range(mebibytes):
        yield os.urandom(1 << 20)

async def main():
    blobs = BlobStore(storage / "blobs")
    small = await blobs.put_bytes(b"fits")
    large = await blobs.put_bytes(os.urandom(900_000))
    session = Sessions(storage / "sessions").create("run")
    full = {}
    async def expect(name, action):
        try:
            await action() if asyncio.iscoroutinefunction(action) else action()
        except StorageFull as error:
            full[name] = error.code
    async def put_stream(): await blobs.put_stream(stream(4))
    async def put_bytes(): await blobs.put_bytes(os.urandom(2 << 20))
    await expect("stream", put_stream)
    await expect("bytes", put_bytes)
    (storage / "filler").write_bytes(bytes(600_000))
    await expect("copy", lambda: session.link_input(blobs.path(large.sha256), "in.bin", link=False))
    await expect("restore", lambda: session.restore_output("out.bin", blobs.path(large.sha256)))
    run = RunTree("public", "run", (ArtifactEntry("a", small.sha256),), {"filler": "x" * 900_000})
    await expect("metadata", lambda: Trees(storage, blobs).artifacts.put_run(run))
    left = [str(p.relative_to(storage)) for p in storage.rglob("*") if p.is_file() and ".lock" not in p.name]
    print(json.dumps({"full": full, "left": sorted(left), "intact": await blobs.verify(small.sha256),
        "small": small.sha256, "large": large.sha256}))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def on_a_full_disk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What happened to each kind of write; the mount is gone with its namespace."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare(1)")
    mount = tmp_path_factory.mktemp("full")
    command = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" -c "$3" "$1"'
    shell = ["sh", "-c", command, "sh", str(mount), sys.executable, SCRIPT]
    flags = "-m" if os.geteuid() == 0 else "-Urm"
    done = subprocess.run(["unshare", flags, *shell], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 and ("not permitted" in done.stderr or "unshare" in done.stderr):
        pytest.skip(f"this machine lets nobody mount a tmpfs: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("write", ["stream", "bytes", "copy", "restore", "metadata"])
def test_a_full_disk_is_told_as_such(on_a_full_disk: dict[str, Any], write: str) -> None:
    assert on_a_full_disk["full"][write] == "storage_full"


def test_nothing_half_written_is_left(on_a_full_disk: dict[str, Any]) -> None:
    small, large = on_a_full_disk["small"], on_a_full_disk["large"]
    assert on_a_full_disk["left"] == sorted(
        ["artifacts/public/run/a", f"blobs/sha256/{small[:2]}/{small}", f"blobs/sha256/{large[:2]}/{large}", "filler"]
    )


def test_what_was_stored_before_is_intact(on_a_full_disk: dict[str, Any]) -> None:
    assert on_a_full_disk["intact"]
