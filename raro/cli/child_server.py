"""A `raro up` of one's own as a child process: started, waited for, ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from raro import processes
from raro.errors import StartFailed

READY = "RARO ready at "
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0


@asynccontextmanager
async def child_server(storage: Path) -> AsyncIterator[str]:
    """Run `raro up` on `storage` and a free port; gives its URL, ends it with the block.

    What it says on stderr goes to this process's stderr.

    Raises:
        StartFailed: it ended, or was not ready in two minutes.
    """
    process = await processes.start(
        (sys.executable, "-m", "raro.cli", "up", "--host", "127.0.0.1", "--port", "0", "--storage", str(storage)),
        stdout=processes.PIPE,
        stderr=None,
        env=_without_keys(),
        new_session=True,  # Ctrl-C is for this process, which then ends the server in order
    )
    assert process.stdout
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            url = await _url(process.stdout)
        yield url
    except TimeoutError as error:
        raise StartFailed(f"RARO was not ready within {START_TIMEOUT_S:.0f} s. See `raro doctor`.") from error
    finally:
        await _end(process)


def _without_keys() -> dict[str, str]:
    """The demo is the offline analyst's, on this machine, also where keys are set that cost money."""
    keys = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "E2B_API_KEY", "TAVILY_API_KEY", "RARO_MODEL")
    return {name: value for name, value in os.environ.items() if name not in keys}


async def _url(output: asyncio.StreamReader) -> str:
    while line := (await output.readline()).decode(errors="replace"):
        if line.startswith(READY):
            return line.removeprefix(READY).strip()
    raise StartFailed("RARO ended before it was ready; the line above says why.")


async def _end(process: processes.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
