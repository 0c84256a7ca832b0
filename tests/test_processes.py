"""Child processes: streams, endings, and nothing of ours that runs in them before their own program does."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop

from raro import processes

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]
WITHIN_S = 20


async def asyncios(*command: str) -> None:
    await (await asyncio.create_subprocess_exec(*command)).wait()


async def ours(*command: str) -> None:
    await (await processes.start(command)).wait()


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield lambda work: runner.run(asyncio.wait_for(work, WITHIN_S))


def hooks_run(folder: Path, start: Callable[..., Awaitable[None]]) -> bool:
    """Whether a child's after-fork hooks leave their mark; in an interpreter of its own, for a hook stays for good."""
    mark = folder / start.__name__
    program = (
        "import asyncio, os, sys, uvloop; from tests.test_processes import asyncios, ours;"
        "os.register_at_fork(after_in_child=lambda: open(sys.argv[1], 'w').close());"
        f"uvloop.run({start.__name__}(sys.executable, '-c', ''))"
    )
    os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", program, str(mark)])
    return mark.exists()


def test_no_hook_of_ours_runs_in_a_child(tmp_path: Path) -> None:
    assert hooks_run(tmp_path, asyncios), "uvloop's children run none either: raro.processes is of no use any more"
    assert not hooks_run(tmp_path, ours)


class Locked:
    """A thread's own thing, whose end takes a lock that another thread may hold at any moment."""

    lock = threading.Lock()

    def __del__(self) -> None:
        with self.lock:
            pass


def test_a_child_starts_while_another_thread_holds_a_lock_that_its_own_things_need(run: Run[None]) -> None:
    local, stop = threading.local(), threading.Event()

    def hold() -> None:
        local.thing = Locked()
        with Locked.lock:
            stop.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        run(ours(sys.executable, "-c", ""))
    finally:
        stop.set()
        thread.join()


def test_what_goes_in_comes_out(run: Run[tuple[bytes, bytes, int]]) -> None:
    async def through() -> tuple[bytes, bytes, int]:
        code = "import sys; text = sys.stdin.read(); print(text[::-1], end=''); sys.stderr.write('!'); sys.exit(7)"
        process = await processes.start(
            (sys.executable, "-c", code), stdin=processes.PIPE, stdout=processes.PIPE, stderr=processes.PIPE
        )
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"ab" * 100_000)
        await process.stdin.drain()
        process.stdin.close()
        return await process.stdout.read(), await process.stderr.read(), await process.wait()

    assert run(through()) == (b"ba" * 100_000, b"!", 7)


def test_a_signal_is_told_of_and_its_pipes_can_be_let_go(run: Run[int | None]) -> None:
    async def killed() -> int | None:
        # What it leaves behind holds the pipe's other end for longer than anybody waits.
        code = "import subprocess, time; subprocess.Popen(['sleep', '30']); print('up', flush=True); time.sleep(30)"
        process = await processes.start((sys.executable, "-c", code), stdout=processes.PIPE, new_session=True)
        assert process.stdout
        assert await process.stdout.readline() == b"up\n"
        assert process.returncode is None
        process.kill()
        await process.wait()
        process.close()
        os.killpg(process.pid, signal.SIGKILL)
        return process.returncode

    assert run(killed()) == -signal.SIGKILL


def test_a_program_that_is_not_there_is_said(run: Run[None]) -> None:
    with pytest.raises(FileNotFoundError):
        run(ours("/nonexistent/program"))


def test_no_descriptor_stays_open(run: Run[int]) -> None:
    async def printing() -> None:
        process = await processes.start((sys.executable, "-c", "print(1)"), stdout=processes.PIPE)
        assert process.stdout
        await process.stdout.read()
        await process.wait()

    async def grown() -> int:
        await printing()  # a loop opens some of its own when it first needs them
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            await printing()
        give_up = time.monotonic() + 5
        while (now := len(os.listdir("/proc/self/fd"))) > before and time.monotonic() < give_up:
            await asyncio.sleep(0.01)
        return now - before

    assert run(grown()) <= 0


def test_a_start_that_is_given_up_leaves_no_child(run: Run[None]) -> None:
    async def give_up() -> None:
        starting = asyncio.ensure_future(processes.start(("sleep", "60"), stdin=processes.PIPE, stdout=processes.PIPE))
        await asyncio.sleep(0)
        assert own_children() - before
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert own_children() <= before

    before = own_children()
    run(give_up())


def own_children() -> set[int]:
    """This process's children, also those that have ended but were not waited for."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            found |= {int(entry.name)} if parent == os.getpid() else set()
    return found
