"""How `raro up` ends, and what it says while it does: nothing that looks like a fault."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from tests.journeys.conftest import READY


def _up(storage: Path, port: int, stdout: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "raro.cli", "up", "--port", str(port), "--storage", str(storage)]
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_open_streams_end_quietly_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    process = _up(tmp_path / "storage", 0, subprocess.PIPE)
    assert process.stdout is not None
    url = process.stdout.readline().removeprefix(READY).strip()
    began = threading.Event()

    def read() -> None:
        with httpx.stream("GET", f"{url}/runtime/stream", timeout=30) as answer:
            for _ in answer.iter_lines():
                began.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert began.wait(10)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    reader.join(10)
    assert (process.returncode, said, reader.is_alive()) == (0, "", False)


def test_a_server_goes_on_when_nobody_reads_what_it_prints(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    port = _free_port()
    process = _up(tmp_path / "storage", port, theirs)
    os.close(theirs)
    ready, give_up = 0, time.monotonic() + 20
    while not ready:
        try:
            ready = httpx.get(f"http://127.0.0.1:{port}/ready").status_code

        except httpx.ConnectError:
            assert time.monotonic() < give_up
            time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert (ready, process.returncode, said) == (200, 0, "")
