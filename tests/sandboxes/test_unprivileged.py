"""Started by root, the same tests run once more as a normal user, to whom user namespaces are the only way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SOME_USER = "54321"
# The interpreter may live where only root may enter: show it at its own path, under a root folder of our own.
SHOW_INTERPRETER = """
set -e
prefix=$1; spare=$2; top=/$(echo "$prefix" | cut -d/ -f2); shift 2
if [ "$(stat -c %a "$top" | tail -c 2)" = 0 ]; then
    mount --bind "$prefix" "$spare"
    mount -t tmpfs -o mode=0755 none "$top"
    mkdir -p "$prefix"
    mount --bind "$spare" "$prefix"
fi
exec setpriv --reuid="$USER_ID" --regid="$USER_ID" --clear-groups "$@"
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of that user's: pytest's own can be entered by nobody else."""
    folder = Path(tempfile.mkdtemp(prefix="raro-unprivileged-"))
    os.chown(folder, int(SOME_USER), int(SOME_USER))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="everything here runs as a normal user already")
@pytest.mark.skipif(not shutil.which("unshare") or not shutil.which("setpriv"), reason="util-linux is not installed")
def test_tiers_hold_for_a_normal_user_too(home: Path) -> None:
    (home / "spare").mkdir()
    tests = [f"tests/sandboxes/{name}" for name in ("test_probe.py", "test_endings.py", "test_code.py")]
    run_tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", str(home / "pytest")]
    as_user = ["sh", "-c", SHOW_INTERPRETER, "sh", sys.base_prefix, str(home / "spare")]
    done = subprocess.run(
        ["unshare", "--mount", *as_user, *run_tests, *tests],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "USER_ID": SOME_USER, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
