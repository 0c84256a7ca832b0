"""The log goes on by itself once a full disk has room again, and keeps what it acknowledged."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A file system of its own, small, without being root: a tmpfs in a mount namespace.
IN_SMALL_DISK = ["unshare", "--user", "--map-root-user", "--mount", "--kill-child", "sh", "-c"]
MOUNT = 'mount -t tmpfs -o size=32m tmpfs "$0"'


async def test_the_log_goes_on_after_a_full_disk(tmp_path: Path) -> None:
    if subprocess.run([*IN_SMALL_DISK, MOUNT, tmp_path], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a tmpfs in a user namespace")
    process = await asyncio.create_subprocess_exec(
        *IN_SMALL_DISK,
        f'{MOUNT} && exec "$1" -m tests.embedded.full_disk "$0"',
        str(tmp_path),
        sys.executable,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    result = json.loads(said)
    assert result["last"] > 100
    assert result["after"] > result["last"]
    assert result["kept"] == result["last"]
