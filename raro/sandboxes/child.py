"""One child process of a sandbox: started, listened to, and dead with all its descendants at the end.

Knows pipes and pids; which command is started, and what an ending means, is left to others.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import fcntl
import json
import os
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Self

from raro import processes
from raro.sandboxes.inside.plan import READY
from raro.sandboxes.sandbox import OnOutput, Stream
from raro.sandboxes.tiers import Pipes, Start

MOST_REPORT_BYTES = 256 * 1024
CHUNK_BYTES = 64 * 1024
REAP_TIMEOUT_S = 10.0
DRAIN_TIMEOUT_S = 2.0


class Inlet:
    """The host's end of a small pipe, gathered in memory as it comes."""

    def __init__(self, when_changed: Callable[[bytes], None] | None = None) -> None:
        self.fd, self.far_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(self.far_end, True)
        self.data = b""
        self._when_changed = when_changed
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.fd, self._read)

    def _read(self) -> None:
        try:
            chunk = os.read(self.fd, CHUNK_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            self._loop.remove_reader(self.fd)
        if len(self.data) < MOST_REPORT_BYTES:
            self.data += chunk
        if chunk and self._when_changed is not None:
            self._when_changed(self.data)

    def drain(self) -> bytes:
        """Everything that was written, also what the loop has not seen yet."""
        with contextlib.suppress(BlockingIOError):
            while (chunk := os.read(self.fd, CHUNK_BYTES)) and len(self.data) < MOST_REPORT_BYTES:
                self.data += chunk
        return self.data

    def close_far_end(self) -> None:
        """The child has its own copy."""
        if self.far_end >= 0:
            os.close(self.far_end)
            self.far_end = -1

    def close(self) -> None:
        """Stop listening; what came stays in `data`."""
        self.drain()
        self.close_far_end()
        self._loop.remove_reader(self.fd)
        os.close(self.fd)


class Child:
    """A context: inside it the process runs; after it nothing that it started is left."""

    def __init__(self, output_bytes: int, on_output: OnOutput | None) -> None:
        self.too_much_output = asyncio.Event()
        self.first_pid: int | None = None
        """Process 1 of the sandbox's pid namespace, as the host numbers it, once known."""
        self._first_pidfd = -1
        self._room = output_bytes
        self._on_output = on_output
        self._texts: dict[Stream, list[str]] = {"stdout": [], "stderr": []}
        self._result = Inlet()
        self._info = Inlet(self._learn_first_pid)
        self._far_life, self._life = os.pipe2(os.O_CLOEXEC)
        self._far_options, self._options = os.pipe2(os.O_CLOEXEC)
        self._pumps: list[asyncio.Task[None]] = []

    @property
    def pipes(self) -> Pipes:
        """The ends that the command must be told of."""
        return Pipes(self._result.far_end, self._info.far_end, self._far_life, self._far_options)

    async def start(self, start: Start, source: bytes) -> None:
        """Start the command and begin to feed it.

        Raises:
            OSError: it cannot be started.
        """
        pipes = self.pipes
        # It keeps the reading end of `info`, too: were that gone with the host, bwrap would die of telling its child's
        # pid, before its word to the child, which would wait for that for ever.
        self._process = await processes.start(
            start.command,
            stdin=processes.PIPE,
            stdout=processes.PIPE,
            stderr=processes.PIPE,
            env=start.environment,
            cwd=start.folder,
            pass_fds=(pipes.result, pipes.info, pipes.life, pipes.options, self._info.fd),
            new_session=True,
        )
        # The inner shim turns it on (`confine.tie_to_host`).
        fcntl.fcntl(self._far_life, fcntl.F_SETOWN, self._process.pid)
        fcntl.fcntl(self._far_life, fcntl.F_SETSIG, signal.SIGKILL)
        # A few kilobytes, which the pipe holds whether or not anybody reads.
        os.write(self._options, start.options)
        self._close_far_ends()
        process = self._process
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self._pumps = [
            asyncio.create_task(self._feed(process.stdin, start.orders + source)),
            asyncio.create_task(self._pump("stdout", process.stdout)),
            asyncio.create_task(self._pump("stderr", process.stderr)),
        ]

    async def wait(self) -> int:
        """The exit status, once the command has ended by itself."""
        return await self._process.wait()

    @property
    def pid(self) -> int:
        """The command's own pid."""
        return self._process.pid

    def text(self, stream: Stream) -> str:
        """What was printed so far, up to the limit."""
        return "".join(self._texts[stream])

    def confined(self) -> bool:
        """Whether the inner shim got as far as running the code; known after the end."""
        return self._result.data.startswith(READY)

    def report(self) -> bytes:
        """What the inner shim sent after it had confined itself; whole after the end."""
        return self._result.data[len(READY) :]

    async def end(self) -> None:
        """Kill whatever is left, wait until it is gone, and take in the last output."""
        if hasattr(self, "_process"):
            self._kill()
            await self._gone()
            await asyncio.wait(self._pumps, timeout=DRAIN_TIMEOUT_S)
            for pump in self._pumps:
                pump.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Shielded: a second cancellation must not leave processes behind.
        try:
            await asyncio.shield(asyncio.ensure_future(self.end()))
        finally:
            self._close()

    def _learn_first_pid(self, data: bytes) -> None:
        if self.first_pid is not None:
            return
        with contextlib.suppress(ValueError, ProcessLookupError):
            pid = int(json.loads(data)["child-pid"])
            self._first_pidfd = os.pidfd_open(pid)
            self.first_pid = pid

    def _kill(self) -> None:
        self._learn_first_pid(self._info.drain())
        if self._first_pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first_pidfd, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _gone(self) -> None:
        async with asyncio.timeout(REAP_TIMEOUT_S):
            await self._process.wait()
            if self._first_pidfd >= 0:
                await self._namespace_gone()

    async def _namespace_gone(self) -> None:
        # Process 1 is reported dead only once its whole namespace is.
        loop, gone = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._first_pidfd, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(self._first_pidfd)

    async def _feed(self, pipe: asyncio.StreamWriter, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            pipe.write(data)
            await pipe.drain()
        pipe.close()

    async def _pump(self, stream: Stream, pipe: asyncio.StreamReader) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        while chunk := await pipe.read(CHUNK_BYTES):
            kept, self._room = chunk[: self._room], max(0, self._room - len(chunk))
            self._take(stream, decoder.decode(kept))
            if len(kept) < len(chunk):
                self.too_much_output.set()
        self._take(stream, decoder.decode(b"", final=True))

    def _take(self, stream: Stream, text: str) -> None:
        if not text:
            return
        self._texts[stream].append(text)
        if self._on_output is not None:
            self._on_output(stream, text)

    def _close_far_ends(self) -> None:
        self._result.close_far_end()
        self._info.close_far_end()
        for fd in (self._far_life, self._far_options, self._options):
            if fd >= 0:
                os.close(fd)
        self._far_life = self._far_options = self._options = -1

    def _close(self) -> None:
        if hasattr(self, "_process"):
            self._process.close()
        self._close_far_ends()
        self._result.close()
        self._info.close()
        for fd in (self._life, self._first_pidfd):
            if fd >= 0:
                os.close(fd)
