"""Child processes of a process that has threads: no line of Python runs between the fork and the new program.

uvloop's `create_subprocess_exec` runs Python's after-fork hooks in the child (`PyOS_AfterFork_Child`, process.pyx):
they drop what belonged to threads that are not there any more, and with it DuckDB's connections, whose locks one of
these threads may have held at that moment. The child then waits for ever, and the parent's event loop for the child
(docs/decisions/035). `subprocess` starts a program by vfork, in C alone (bpo-35823).
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

DEVNULL = subprocess.DEVNULL
PIPE = subprocess.PIPE


class _ToTheEnd(asyncio.StreamReaderProtocol):
    """Reads until there is no more, and lets the pipe go then: it has no other direction to stay open for."""

    def eof_received(self) -> bool:
        """Tell the reader, and have the transport closed."""
        super().eof_received()
        return False


class Process:
    """A running program, as `asyncio.subprocess.Process` has it; `start` makes one."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self.stdin: asyncio.StreamWriter | None = None
        self.stdout: asyncio.StreamReader | None = None
        self.stderr: asyncio.StreamReader | None = None
        self._popen = popen
        self._transports: list[asyncio.BaseTransport] = []
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._pidfd = os.pidfd_open(popen.pid)
        self._loop.add_reader(self._pidfd, self._reap)

    @property
    def pid(self) -> int:
        """The process id; another process may have it once this one was waited for."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, minus the signal's number after a signal; None while it runs."""
        return self._popen.returncode if self._ended.is_set() else None

    async def wait(self) -> int:
        """The exit status, once there is one; its pipes may still hold what it wrote."""
        await self._ended.wait()
        return int(self._popen.returncode)

    def send_signal(self, number: int) -> None:
        """Send a signal; nothing when it has ended."""
        self._popen.send_signal(number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Let go of its pipes, also where a process that it left behind holds their other ends."""
        for transport in self._transports:
            transport.close()

    async def connect(self) -> None:
        """Make its pipes streams of this loop."""
        if self._popen.stdin is not None:
            self.stdin = await self._writer(self._popen.stdin)
        if self._popen.stdout is not None:
            self.stdout = await self._reader(self._popen.stdout)
        if self._popen.stderr is not None:
            self.stderr = await self._reader(self._popen.stderr)

    async def _reader(self, pipe: IO[bytes]) -> asyncio.StreamReader:
        reader = asyncio.StreamReader()
        transport, _ = await self._loop.connect_read_pipe(lambda: _ToTheEnd(reader), pipe)
        self._transports.append(transport)
        return reader

    async def _writer(self, pipe: IO[bytes]) -> asyncio.StreamWriter:
        transport, protocol = await self._loop.connect_write_pipe(
            lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), pipe
        )
        self._transports.append(transport)
        return asyncio.StreamWriter(transport, protocol, None, self._loop)

    def _reap(self) -> None:
        self._popen.wait()
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._ended.set()


async def start(
    command: Sequence[str],
    *,
    stdin: int = DEVNULL,
    stdout: int | IO[Any] = DEVNULL,
    stderr: int | IO[Any] | None = DEVNULL,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    pass_fds: Collection[int] = (),
    new_session: bool = False,
) -> Process:
    """Start a program; with PIPE a stream to or from it, with None the stream that this process has.

    It is started by the loop's own thread, which lives as long as the process does: PR_SET_PDEATHSIG is about threads.
    Raises OSError when it cannot be started.
    """
    popen = subprocess.Popen(  # noqa: ASYNC220  a vfork takes a millisecond, a thread's hop no less
        command,
        bufsize=0,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=env,
        cwd=cwd,
        pass_fds=tuple(pass_fds),
        start_new_session=new_session,
    )
    try:
        process = Process(popen)
    except OSError:
        # No descriptor was left to watch it by: nobody would ever end it.
        popen.kill()
        popen.wait()
        raise
    try:
        await process.connect()
    except BaseException:
        process.kill()
        process.close()
        await asyncio.shield(process.wait())
        raise
    return process
