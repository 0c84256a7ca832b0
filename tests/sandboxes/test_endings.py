"""Nothing outlives a run: not its timeout, not its cancellation, not the death of the host."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raro.sandboxes.local import LocalSandbox
from raro.sandboxes.sandbox import Execution, Workspace

FAMILY = """
import os, subprocess, sys, time
subprocess.Popen(["sleep", "{mark}"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
if os.fork() == 0:
    os.setsid()
    os.execvp("sleep", ["sleep", "{mark}"])
print("up", flush=True)
"""
FOREVER = FAMILY + "time.sleep(300)"
HOST = """
import asyncio, sys
from pathlib import Path
from raro.sandboxes.local import LocalSandboxes
from raro.sandboxes.sandbox import Workspace

async def main():
    sandboxes = LocalSandboxes(Path(sys.argv[1]), sys.argv[2])
    sandbox = await sandboxes.open(Workspace("run-1", Path(sys.argv[3])))
    print("opened", flush=True)
    await sandbox.run_python(sys.argv[4], on_output=lambda stream, text: print(text, flush=True))

asyncio.run(main())
"""


@pytest.fixture
def mark(tmp_path: Path) -> str:
    """Seconds to sleep that no other process sleeps: how this test's processes are found."""
    return f"{300 + int.from_bytes(os.urandom(3), 'big') / 1e8:.8f}"


async def test_background_processes_end_with_the_code(sandbox: LocalSandbox, mark: str) -> None:
    execution = await sandbox.run_python(FAMILY.format(mark=mark))
    assert execution.ok
    assert sleepers(mark) == []


async def test_timeout_ends_all(sandbox: LocalSandbox, mark: str) -> None:
    execution = await sandbox.run_python(FOREVER.format(mark=mark), timeout_s=1)
    assert execution.error is not None
    assert execution.stdout == "up\n"
    assert sleepers(mark) == []


async def test_cancelling_ends_all_before_it_returns(sandbox: LocalSandbox, mark: str) -> None:
    running = await started(sandbox, mark)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sleepers(mark) == []
    assert (await sandbox.run_python("1 + 1")).ok


async def test_closing_ends_all_and_the_run_is_told(sandbox: LocalSandbox, mark: str) -> None:
    running = await started(sandbox, mark)
    await sandbox.close()
    assert sleepers(mark) == []
    execution = await running
    assert execution.error is not None
    assert execution.error.code == "closed"


@pytest.mark.parametrize("delay_s", [0.0, 0.01, 0.02, 0.03, 0.05])
async def test_cancelling_at_any_moment_of_the_start_leaves_nothing(
    sandbox: LocalSandbox, mark: str, delay_s: float
) -> None:
    running = asyncio.create_task(sandbox.run_python(f"import os\nos.execvp('sleep', ['sleep', '{mark}'])"))
    await asyncio.sleep(delay_s)
    running.cancel()
    await asyncio.wait([running])
    assert sleepers(mark) == []


def test_kill_9_of_the_host_leaves_nothing(tier: str, cache: Path, workspace: Workspace, mark: str) -> None:
    code = FOREVER.format(mark=mark)
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(cache), tier, str(workspace.root), code], stdout=subprocess.PIPE
    )
    assert host.stdout is not None
    assert [host.stdout.readline() for _ in range(2)] == [b"opened\n", b"up\n"]
    wait_for_sleepers(mark, 2)
    host.send_signal(signal.SIGKILL)
    host.wait()
    host.stdout.close()
    wait_for_sleepers(mark, 0)


KEEPER = """
import ctypes, os, subprocess, sys
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
print(subprocess.Popen(sys.argv[1:]).pid, flush=True)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
"""
"""Starts a host, and ends when nothing is left of what that one began: orphans become its children."""


@pytest.mark.parametrize("delay_s", [0.0, 0.004, 0.008, 0.012, 0.016, 0.02, 0.03])
def test_kill_9_of_the_host_during_the_start_leaves_nothing(
    tier: str, cache: Path, workspace: Workspace, delay_s: float
) -> None:
    host = [sys.executable, "-c", HOST, str(cache), tier, str(workspace.root), "import time; time.sleep(300)"]
    keeper = subprocess.Popen([sys.executable, "-I", "-S", "-c", KEEPER, *host], stdout=subprocess.PIPE)
    assert keeper.stdout is not None
    host_pid = int(keeper.stdout.readline())
    assert keeper.stdout.readline() == b"opened\n"
    time.sleep(delay_s)
    os.kill(host_pid, signal.SIGKILL)
    # On a busy machine bubblewrap's mounts alone take seconds, and what it starts leaves only once it has begun.
    try:
        assert keeper.wait(60) == 0
    finally:
        keeper.kill()
        keeper.stdout.close()


async def started(sandbox: LocalSandbox, mark: str) -> asyncio.Task[Execution]:
    up = asyncio.Event()
    code = FOREVER.format(mark=mark)
    running: asyncio.Task[Execution] = asyncio.create_task(sandbox.run_python(code, on_output=lambda *_: up.set()))
    await asyncio.wait_for(up.wait(), 10)
    wait_for_sleepers(mark, 2)
    return running


def wait_for_sleepers(mark: str, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(sleepers(mark)) != count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(sleepers(mark)) == count


def sleepers(mark: str) -> list[str]:
    return [pid for pid, words in commands().items() if words[:2] == ["sleep", mark]]


def commands() -> dict[str, list[str]]:
    found = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                found[process.name] = (process / "cmdline").read_text(errors="replace").split("\0")
            except OSError:
                continue
    return found
