"""A whole RARO as a user has it: `raro up` in a process of its own, spoken to over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

READY = "RARO ready at "


@dataclass
class Server:
    """One `raro up`; `kill` is kill -9, `start` begins again on the same storage.

    A test whose client is to find it again sets `port` to the one it got.
    """

    storage: Path
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    url: str = ""
    port: int = 0

    def start(self) -> Server:
        """Start it and wait for the one line that says it can serve."""
        command = [sys.executable, "-m", "raro.cli", "up", "--port", str(self.port), "--storage", str(self.storage)]
        environment = {**os.environ, "RARO_ACK_WAIT_S": "2", "RARO_MODEL": "offline", **self.env}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(READY), line
        self.url = line.removeprefix(READY).strip()
        return self

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.end()

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def keep_port(self) -> None:
        """Come back at the same address."""
        self.port = int(self.url.rpartition(":")[2])

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def client(self, client_id: str = "acme") -> httpx.Client:
        """An HTTP client of this client id."""
        headers = {"X-RARO-CLIENT-ID": client_id}
        # No TLS, so no certificates to read.
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=False)

    def end(self) -> None:
        """Whatever its state."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


def scripted(folder: Path, script: dict[str, Any], rules: str = "") -> dict[str, str]:
    """Settings of a server whose agents follow a script, under these rules; both become files in the folder."""
    (folder / "script.yaml").write_text(yaml.safe_dump(script))
    (folder / "rules.toml").write_text(rules)
    return {"RARO_MODEL": f"script:{folder / 'script.yaml'}", "RARO_RULES": str(folder / "rules.toml")}


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """A storage folder that is not there yet, with a name as people give them."""
    return tmp_path / "Ablage für Tests"


@pytest.fixture
def make_server(storage: Path) -> Iterator[Callable[..., Server]]:
    """Start a server with settings of the test's own."""
    made: list[Server] = []

    def make(**env: str) -> Server:
        made.append(Server(storage, env))
        return made[-1].start()

    yield make
    for server in made:
        server.end()


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with default settings that tests share, for those that leave it as it was; they keep apart by `me`."""
    with Server(tmp_path_factory.mktemp("standing") / "storage") as server:
        yield server


@pytest.fixture
def client(standing: Server, me: str) -> Iterator[httpx.Client]:
    """An HTTP client of the test's own at the shared server."""
    with standing.client(me) as made:
        yield made


@pytest.fixture
def server(make_server: Callable[..., Server]) -> Server:
    """A server with default settings."""
    return make_server()


def wait_for(found: Callable[[], Any], *, within_s: float = 40) -> Any:
    """The first truthy answer. Each look costs the server, too: the longer it takes, the fewer there are."""
    began = time.monotonic()
    while not (answer := found()):
        waited_s = time.monotonic() - began
        assert waited_s < within_s, "it never came to pass"
        time.sleep(min(0.25, max(0.03, waited_s / 8)))
    return answer


def state(client: httpx.Client, run_id: str) -> dict[str, Any]:
    """A run's state."""
    answer = client.get("/runtime/state", params={"run_id": run_id})
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def ended(client: httpx.Client, run_id: str) -> dict[str, Any]:
    """A run's state once it has ended."""
    found: dict[str, Any] = wait_for(
        lambda: (now := state(client, run_id))["status"] in ("completed", "failed", "stopped") and now
    )
    return found


def events_of(client: httpx.Client, run_id: str) -> list[dict[str, Any]]:
    """Every event of a run, in order."""
    answer = client.get("/audit/events", params={"run_id": run_id, "limit": 1000})
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["events"]
    return found


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """`started`, `agent_scheduled`, …"""
    return [event["subject"].rpartition(".")[2] for event in events]
