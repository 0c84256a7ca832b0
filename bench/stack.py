"""A RARO of the benchmark's own: started as a person would, measured from outside, ended at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

RARO = Path(sys.executable).with_name("raro")
READY = "RARO ready at "
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0
MIB = 1 << 20


@dataclass(frozen=True)
class Stack:
    """A running RARO: its address, its process, and how long it took to be ready, in seconds."""

    host: str
    port: int
    pid: int
    ready_s: float

    def memory_mb(self) -> float:
        """Proportional set size of RARO and all its children, in MB of 10⁶ bytes.

        What two of them share is counted once. proc(5), smaps_rollup.
        """
        return sum(_pss_bytes(pid) for pid in _tree(self.pid)) / 1e6

    def resident_mb(self) -> float:
        """Resident memory of RARO's own process without file mappings, in MB."""
        fields = _fields(Path(f"/proc/{self.pid}/status"))
        return (fields["RssAnon"] + fields["RssShmem"]) / 1e6


@asynccontextmanager
async def running(storage: Path, command: str = "up", env: Mapping[str, str] | None = None) -> AsyncIterator[Stack]:
    """`raro up` (or `serve`) on `storage` and a free loopback port, until the block ends."""
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        str(RARO), command, "--host", "127.0.0.1", "--port", "0", "--storage", str(storage),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {})},
    )  # fmt: skip
    assert process.stdout
    try:
        url = await asyncio.wait_for(_ready_line(process.stdout), START_TIMEOUT_S)
        ready_s = time.perf_counter() - started
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        yield Stack(address.hostname, address.port, process.pid, ready_s)
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.communicate(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        raise RuntimeError(f"raro did not end within {STOP_TIMEOUT_S:.0f} s of SIGTERM") from None


async def _ready_line(output: asyncio.StreamReader) -> str:
    while line := (await output.readline()).decode():
        if line.startswith(READY):
            return line.removeprefix(READY).strip()
    raise RuntimeError("raro ended before it was ready")


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found, open_ends = [], [root]
    while open_ends:
        found.append(pid := open_ends.pop())
        open_ends += children.get(pid, [])
    return found


def _pss_bytes(pid: int) -> int:
    try:
        return _fields(Path(f"/proc/{pid}/smaps_rollup"))["Pss"]
    except OSError:
        return 0  # it ended meanwhile


def _fields(file: Path) -> dict[str, int]:
    """The lines `Name:  123 kB` of a proc file, in bytes."""
    lines = (line.split() for line in file.read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[-1] == "kB"}
