"""Listening, and ending when told."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from typing import Any

import httpx
import pytest

from raro.cli.listen import bound, listen, url_of
from raro.errors import StartFailed


async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"hello"})


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_it_answers_once_it_says_so_and_ends_when_told(host: str) -> None:
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(listen(hello, host, 0, stop, ready.set_result))
    async with httpx.AsyncClient() as client:
        assert (await client.get(await ready)).text == "hello"
    stop.set()
    await asyncio.wait_for(serving, 5)


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with bound("127.0.0.1", 0) as first:
        port = int(url_of(first).rpartition(":")[2])
        with pytest.raises(StartFailed, match=rf"port {port} .* in use.*--port"), bound("127.0.0.1", port):
            pass


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(StartFailed, match="--host"), bound("192.0.2.1", 0):
        pass


STAYING = textwrap.dedent(
    """
    import asyncio, sys
    from raro.cli.stay import stay
    from raro.settings import Settings

    async def serve(stop):
        print("started", flush=True)
        await stop.wait()
        print("ended", flush=True)
        if sys.argv[1] == "slow":
            await asyncio.sleep(60)

    stay(serve, Settings())
    """
)


def staying(how: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", STAYING, how], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "started\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: signal.Signals) -> None:
    process = staying("quick")
    os.kill(process.pid, number)
    assert process.communicate(timeout=10)[0] == "ended\n"
    assert process.returncode == 0


def test_a_second_signal_waits_for_nothing() -> None:
    process = staying("slow")
    assert process.stdout
    os.kill(process.pid, signal.SIGTERM)
    assert process.stdout.readline() == "ended\n"
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=10)
