"""Real servers on a temporary storage folder, and a process of its own that holds one."""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from raro.embedded.private import socket_folder
from raro.embedded.servers import Servers

HOLDER = Path(__file__).with_name("holder.py")


@dataclass(frozen=True)
class HolderProcess:
    """A process that owns a storage folder and runs its servers."""

    process: asyncio.subprocess.Process
    server_pids: list[int]


type_of_start = Callable[[Path], AbstractAsyncContextManager[HolderProcess]]


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture
def hold() -> type_of_start:
    @asynccontextmanager
    async def start(storage: Path) -> AsyncIterator[HolderProcess]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(HOLDER), str(storage), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout
        try:
            said = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
            yield HolderProcess(process, said["pids"])
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            # A killed process cannot tidy up; its storage's next start would find and use the folder.
            shutil.rmtree(socket_folder(storage / "redis"))

    return start


async def connect(servers: Servers) -> Client:
    """A client that never gives up, as RARO's own does."""
    assert servers.nats_credentials
    return await nats.connect(
        servers.nats_url,
        user=servers.nats_credentials.user,
        password=servers.nats_credentials.password,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.05,
    )


async def until(condition: Callable[[], bool | Awaitable[bool]], timeout_s: float = 15.0) -> None:
    """Wait for `condition`, or fail."""
    async with asyncio.timeout(timeout_s):
        while True:
            result = condition()
            if (await result) if isinstance(result, Awaitable) else result:
                return
            await asyncio.sleep(0.01)


def runs(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
