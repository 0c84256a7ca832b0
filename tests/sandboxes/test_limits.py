"""Every limit stops the code, keeps what was made before, and says its own name and what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from raro.sandboxes.local import LocalSandboxes
from raro.sandboxes.sandbox import Execution, Limits, MiB, Workspace
from tests.sandboxes.conftest import MODEST, make_workspace

FILL = "import os\nfor n in range({count}):\n    open(f'output/{{n}}', 'wb').write(b'x' * {size})\n"
DEEP = """
import os
os.makedirs("output/a/b")
os.chdir("output")
for _ in range(3000):
    os.mkdir("deep")
    open("file", "w").close()
    os.chdir("deep")
"""
GROW = "b = bytearray()\nwhile True: b += bytes(1 << 24)"
MANY_GROW = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        b = b"x" * (400 << 20)
        time.sleep(20)
        os._exit(0)
time.sleep(20)
"""
UNLINKED = """
import os, time
kept = []
for n in range(4):
    kept.append(open("output/x", "wb"))
    kept[-1].write(b"x" * (5 << 20)); kept[-1].flush()
    os.unlink("output/x")
time.sleep(10)
"""


@dataclass(frozen=True)
class Case:
    """Code that passes one limit."""

    code: str
    error: str
    words: str
    limits: Limits = MODEST


CASES = {
    "wall": Case("while True: pass", "wall_time_limit", "after 0.5 s", replace(MODEST, wall_s=0.5)),
    "asleep": Case("import time; time.sleep(60)", "wall_time_limit", "smaller steps", replace(MODEST, wall_s=0.5)),
    "cpu": Case("while True: pass", "cpu_limit", "1 s of processor time", replace(MODEST, cpu_s=1)),
    "memory": Case(GROW, "memory_limit", "1024 MiB"),
    "numpy memory": Case("import numpy; numpy.ones(1 << 30)", "memory_limit", "DuckDB"),
    "memory of many": Case(MANY_GROW, "memory_limit", "1024 MiB"),
    "forks": Case("import os\nwhile os.fork(): pass\nimport time; time.sleep(9)", "process_limit", "64 processes"),
    "threads": Case(
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        "process_limit",
        "64 processes and threads",
    ),
    "output": Case("while True: print('x' * 1000)", "output_limit", "0.0625 MiB was printed"),
    "errors printed": Case("import os\nwhile True: os.write(2, b'x' * 1000)", "output_limit", "to a file in output/"),
    "files": Case(FILL.format(count=101, size=1), "file_count_limit", "more than 100 files"),
    "depth": Case(DEEP, "folder_depth_limit", "more than 32 deep"),
    "one file": Case(FILL.format(count=1, size=9 * MiB), "file_size_limit", "larger than 8 MiB"),
    "sparse file": Case("open('output/a', 'w').truncate(1 << 40)", "file_size_limit", "8 MiB"),
    "all files": Case(FILL.format(count=3, size=7 * MiB), "total_size_limit", "more than 16 MiB"),
    "deleted files": Case(UNLINKED, "total_size_limit", "16 MiB"),
    "scratch": Case(
        "for n in range(9): open(f'/tmp/{n}', 'wb').write(b'x' * (7 << 20))", "disk_full", "/tmp holds 32 MiB"
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_limit_is_named(sandboxes: LocalSandboxes, workspace: Workspace, name: str) -> None:
    case = CASES[name]
    (workspace.output / "before").write_text("made before")
    sandbox = await sandboxes.open(workspace, case.limits)
    execution = await sandbox.run_python(case.code)
    assert_error(execution, case.error, case.words)
    assert (workspace.output / "before").read_text() == "made before"
    assert execution.duration_ms < 15_000


async def test_folders_too_deep_to_walk_are_cut_off(sandboxes: LocalSandboxes, workspace: Workspace) -> None:
    sandbox = await sandboxes.open(workspace, MODEST)
    await sandbox.run_python(DEEP)
    folders = [folder for folder, _, _ in os.walk(workspace.output)]
    assert max(len(Path(folder).relative_to(workspace.output).parts) for folder in folders) == MODEST.depth - 1
    assert (workspace.output / "a" / "b").is_dir()
    shutil.rmtree(workspace.output)


async def test_a_caller_may_ask_for_less_time_not_for_more(sandboxes: LocalSandboxes, workspace: Workspace) -> None:
    sandbox = await sandboxes.open(workspace, replace(MODEST, wall_s=1))
    sleep = "import time; time.sleep(30)"
    assert_error(await sandbox.run_python(sleep, timeout_s=0.3), "wall_time_limit", "after 0.3 s")
    assert_error(await sandbox.run_python(sleep, timeout_s=90), "wall_time_limit", "after 1 s")


async def test_printed_text_is_kept_up_to_the_limit(sandboxes: LocalSandboxes, workspace: Workspace) -> None:
    sandbox = await sandboxes.open(workspace, MODEST)
    execution = await sandbox.run_python("print('x' * 100_000)")
    assert_error(execution, "output_limit", "Print summaries")
    assert len(execution.stdout) == MODEST.output_bytes


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)], check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


async def test_full_disk_is_named(sandboxes: LocalSandboxes, tiny_disk: Path) -> None:
    sandbox = await sandboxes.open(make_workspace(tiny_disk / "session", "run-1"), MODEST)
    execution = await sandbox.run_python("open('output/a', 'wb').write(b'x' * (4 << 20))")
    assert_error(execution, "disk_full", "disk has free")


def assert_error(execution: Execution, code: str, words: str) -> None:
    assert execution.error is not None, execution
    assert (execution.ok, execution.error.code) == (False, code), execution.error
    assert words in execution.error.text
