"""Keeps one server process running: start, wait until it serves, start again when it dies, stop.

What the server is and when it is ready is the business of a `Server` (`nats`, `valkey`); who else
must hold on to the storage lock is `servers`'.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from raro import processes
from raro.errors import StartFailed
from raro.tasks import end

log = logging.getLogger(__name__)

# A server with a large store replays it before it serves.
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10.0
FIRST_BACKOFF_S = 0.05
LONGEST_BACKOFF_S = 5.0
# One that lived this long was not in a crash loop.
STEADY_AFTER_S = 30.0
CHECK_EVERY_S = 1.0
_POLL_S = 0.002

_LEASH = Path(__file__).with_name("leash.py")


class Server(Protocol):
    """A server program: how it is called and when it serves."""

    @property
    def name(self) -> str:
        """The program's name, for messages and its log file."""

    @property
    def folder(self) -> Path:
        """Its data and log folder, and its working directory."""

    def prepare(self) -> list[str]:
        """Write the configuration; give the program and its arguments."""

    async def serves(self, pid: int) -> bool:
        """Whether the process answers by now."""

    def stuck(self) -> bool:
        """Whether the process runs but only a restart can make it serve again."""

    def remove_traces(self) -> None:
        """Remove what is of no use once the process is gone."""


class Child:
    """A supervised server process.

    `on_restart(name, restarts)` is called after each time the process died and serves again.
    """

    def __init__(
        self,
        server: Server,
        *,
        keep_fds: tuple[int, ...] = (),
        on_restart: Callable[[str, int], None] | None = None,
    ) -> None:
        self.server = server
        self.restarts = 0
        self._keep_fds = keep_fds
        self._on_restart = on_restart
        self._process: processes.Process | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs, otherwise None."""
        process = self._process
        return process.pid if process and process.returncode is None else None

    async def start(self) -> None:
        """Start the server and return once it serves.

        Raises:
            StartFailed: it ended or did not serve in time; the message carries its last words.
        """
        await self._launch()
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {self.server.name}")

    async def stop(self) -> None:
        """End the process: SIGTERM, then SIGKILL after `STOP_TIMEOUT_S`. Safe to call at any time."""
        if self._watcher:
            await end(self._watcher)
        await self._end()
        self.server.remove_traces()

    async def _watch(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        while self._process:
            started = time.monotonic()
            code = await self._ended_or_stuck(self._process)
            if time.monotonic() - started > STEADY_AFTER_S:
                backoff_s = FIRST_BACKOFF_S
            log.warning("%s ended with %d; starting it again in %.2f s", self.server.name, code, backoff_s)
            await asyncio.sleep(backoff_s)
            backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)
            try:
                await self._launch()
            except StartFailed as fault:
                log.error("%s", fault)
                continue
            self.restarts += 1
            if self._on_restart:
                self._on_restart(self.server.name, self.restarts)

    async def _ended_or_stuck(self, process: processes.Process) -> int:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_EVERY_S):
                    return await process.wait()
            if self.server.stuck():
                await self._end()

    async def _launch(self) -> None:
        process = self._process = await self._spawn()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                while process.returncode is None:
                    if await self.server.serves(process.pid):
                        return
                    await asyncio.sleep(_POLL_S)
        await self._end()
        raise StartFailed(f"{self.server.name} did not start: {self._last_words()}")

    async def _spawn(self) -> processes.Process:
        try:
            command = self.server.prepare()
            sink = self._fresh_output()
        except OSError as fault:
            raise StartFailed(
                f"{self.server.name} cannot be prepared in {str(self.server.folder)!r}: {fault.strerror}"
            ) from fault
        with sink:
            return await processes.start(
                (sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *command),
                cwd=self.server.folder,
                env={"PATH": os.defpath},  # no secret of ours reaches a server
                stdout=sink,
                stderr=sink,
                pass_fds=self._keep_fds,
                new_session=True,  # Ctrl-C is for RARO, which then stops its servers in order
            )

    async def _end(self) -> None:
        process = self._process
        if process is None:
            return
        for sign, timeout_s in ((signal.SIGTERM, STOP_TIMEOUT_S), (signal.SIGKILL, None)):
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(sign)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await process.wait()
                return

    def _output(self) -> Path:
        return self.server.folder / f"{self.server.name}.out"

    def _fresh_output(self) -> BinaryIO:
        # One older file is kept: the last words of a server that crashed.
        output = self._output()
        if output.exists():
            output.replace(output.with_suffix(".out.1"))
        return output.open("wb")

    def _last_words(self) -> str:
        for file in (self._output(), self.server.folder / f"{self.server.name}.log"):
            if file.exists() and (lines := file.read_text(errors="replace").strip().splitlines()):
                return " / ".join(lines[-3:])
        return f"it said nothing within {START_TIMEOUT_S:.0f} s (its folder is {self.server.folder})"
