"""Processes for strange SQL, seen from outside: started ahead, used once, killed in the end, whatever they do.

What runs in them is `inside`. A job has a deadline; its whole process group is killed when it passes, and so is
whatever is left of it when the job is done. What a process sends back is bytes of which nothing is believed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any, Literal

from raro import processes
from raro.analytics.inside import LENGTH_BYTES, READY
from raro.errors import SqlError, SqlRefused, SqlTimeout, SqlTooLarge, Unavailable
from raro.sandboxes import ownership
from raro.tasks import end

logger = logging.getLogger(__name__)

Format = Literal["json", "csv", "parquet"]

_START_S = 30.0
_GRACE_S = 2.0
"""What an answer may take on its way, after the query's own time."""
_MOST_META_BYTES = 1024 * 1024
_BODY_MARGIN_BYTES = 1024 * 1024
# In the range of users that no system assigns, beyond those of runs.
_NOBODY = ownership.BASE + ownership.COUNT
# Nothing of the host's: no key, no home, no zone. No thread before the process is confined, either.
_ENVIRONMENT = {
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
_CAUSES = {
    "sql_refused": SqlRefused,
    "sql_error": SqlError,
    "sql_too_large": SqlTooLarge,
}


@dataclass(frozen=True, slots=True)
class Caps:
    """What one query may use and answer with."""

    wall_s: float = 10
    memory_bytes: int = 512 * 1024 * 1024
    rows: int = 50_000
    body_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """A query's result: `body` is the rows as JSON arrays between commas, or a whole CSV or Parquet file."""

    columns: list[dict[str, str]]
    row_count: int
    truncated: bool
    body: bytes


class Processes:
    """Runs each query in a process of its own; one that is ready waits for the next query."""

    def __init__(self, caps: Caps) -> None:
        self.caps = caps
        self._spare: asyncio.Task[_Process] | None = None
        self._closed = False

    async def run(self, sql: str, path: str, format: Format) -> Found:
        """Run one statement on a snapshot.

        Raises SqlRefused, SqlError, SqlTimeout, SqlTooLarge; Unavailable when no process starts.
        """
        try:
            return await self._run(sql, path, format)
        except _NotBegun:
            logger.warning("a process for SQL ended before it looked at the query; another one is asked")
        try:
            return await self._run(sql, path, format)
        except _NotBegun:
            raise Unavailable(
                "the process for SQL ended before it looked at the query. Try again in a moment."
            ) from None

    async def _run(self, sql: str, path: str, format: Format) -> Found:
        process = await self._ready()
        try:
            return await self._answered(process, sql, path, format)
        finally:
            await process.kill()
            # Not before: the next one's start would take the processor from this query.
            self.warm()

    def warm(self) -> None:
        """Have a process ready for the next query."""
        if self._spare is None and not self._closed:
            self._spare = asyncio.create_task(_Process.start())

    async def close(self) -> None:
        """End the process that waits."""
        self._closed = True
        spare, self._spare = self._spare, None
        if spare is not None:
            await end(spare)
            if not spare.cancelled() and spare.exception() is None:
                await spare.result().kill()

    async def _ready(self) -> _Process:
        spare, self._spare = self._spare, None
        if spare is not None:
            with contextlib.suppress(Unavailable):
                process = await spare
                if process.alive:
                    return process
        return await _Process.start()

    async def _answered(self, process: _Process, sql: str, path: str, format: Format) -> Found:
        caps = self.caps
        job = {
            "sql": sql,
            "path": path,
            "format": format,
            "rows": caps.rows,
            "bytes": caps.body_bytes,
            "memory_bytes": caps.memory_bytes,
            "cpu_s": caps.wall_s,
            "uid": _NOBODY if os.geteuid() == 0 else None,
        }
        began = time.monotonic()
        try:
            async with asyncio.timeout(caps.wall_s + (_GRACE_S if format == "parquet" else 0)):
                meta, body = await process.ask(job, caps.body_bytes + _BODY_MARGIN_BYTES)
        except TimeoutError:
            raise self._timed_out() from None
        except _Broke:
            # Its own limits may end it a moment before the deadline is noticed here.
            late = time.monotonic() - began >= caps.wall_s
            raise self._timed_out() if late else self._broke(await process.ended_by()) from None
        if "error" in meta:
            raise _CAUSES.get(str(meta["error"]), SqlError)(str(meta.get("message", "")))
        return Found(meta["columns"], meta["row_count"], meta["truncated"], body)

    def _timed_out(self) -> SqlTimeout:
        return SqlTimeout(
            f"The query was stopped after {self.caps.wall_s:g} s. Ask for less at once, or filter earlier.",
            seconds=self.caps.wall_s,
        )

    def _broke(self, status: int) -> SqlTimeout | SqlTooLarge:
        if status == -signal.SIGXCPU:
            return self._timed_out()
        return SqlTooLarge(
            f"The query ended its process (status {status}), mostly for want of memory: it may have "
            f"{self.caps.memory_bytes // 1024**2} MiB. Ask for less at once."
        )


class _Broke(Exception):
    """The process went, or what it sent makes no sense."""


class _NotBegun(Exception):
    """The process went before it looked at the query."""


class _Process:
    """One child, the leader of its own session and process group."""

    def __init__(self, child: processes.Process) -> None:
        assert child.stdin
        assert child.stdout
        self._child, self._stdin, self._stdout = child, child.stdin, child.stdout

    @classmethod
    async def start(cls) -> _Process:
        """A child that waits for its job. Raises Unavailable."""
        try:
            child = await processes.start(
                (sys.executable, "-I", "-m", "raro.analytics.inside"),
                stdin=processes.PIPE,
                stdout=processes.PIPE,
                env=_ENVIRONMENT,
                cwd="/",
                new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"no process for SQL can be started: {error}.") from error
        made = cls(child)
        try:
            async with asyncio.timeout(_START_S):
                await made._stdout.readexactly(len(READY))
        except (TimeoutError, asyncio.IncompleteReadError):
            await made.kill()
            raise Unavailable("the process for SQL did not start. `raro doctor` may tell more.") from None
        except BaseException:
            await asyncio.shield(made.kill())
            raise
        return made

    @property
    def alive(self) -> bool:
        """Whether it still waits."""
        return self._child.returncode is None

    async def ask(self, job: dict[str, Any], most_bytes: int) -> tuple[dict[str, Any], bytes]:
        """Send the job, give what comes back. Raises _NotBegun, _Broke."""
        order = json.dumps(job).encode()
        try:
            self._stdin.write(len(order).to_bytes(LENGTH_BYTES, "little") + order)
            await self._stdin.drain()
            await self._stdout.readexactly(len(READY))
        except (OSError, asyncio.IncompleteReadError) as error:
            raise _NotBegun from error
        try:
            meta = json.loads(await self._part(_MOST_META_BYTES))
            body = await self._part(most_bytes)
        except (OSError, ValueError, RecursionError, asyncio.IncompleteReadError) as error:
            raise _Broke from error
        if not isinstance(meta, dict) or not ({"columns", "row_count", "truncated"} <= set(meta) or "error" in meta):
            raise _Broke
        return meta, body

    async def _part(self, most_bytes: int) -> bytes:
        size = int.from_bytes(await self._stdout.readexactly(LENGTH_BYTES), "little")
        if size > most_bytes:
            raise _Broke
        return await self._stdout.readexactly(size)

    async def ended_by(self) -> int:
        """The exit status, when it ends by itself; killed when it does not."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                return await self._child.wait()
        await self.kill()
        return -signal.SIGKILL

    async def kill(self) -> None:
        """End it and everything that it may have started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._stdin.close()
        await asyncio.shield(self._child.wait())
