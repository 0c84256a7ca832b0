"""`raro mcp` as a host has it: a process of its own, spoken to by the SDK's client, in front of a real server."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters, stdio_client, types
from mcp.client.session import MessageHandlerFnT

from tests.journeys.conftest import Server


@pytest.fixture(scope="session")
def raro(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests, which keep apart by client ids."""
    server = Server(tmp_path_factory.mktemp("raro") / "storage").start()
    yield server
    server.end()


@pytest.fixture
def me(request: pytest.FixtureRequest) -> str:
    """A client id of the test's own."""
    return f"t{abs(hash(request.node.nodeid)):x}"


def command(server: Server, client_id: str, *options: str) -> StdioServerParameters:
    """How a host is told to start it."""
    arguments = ["-m", "raro.cli", "mcp", "--server", server.url, "--client", client_id, *options]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": os.environ.get("HOME", "/")}
    return StdioServerParameters(command=sys.executable, args=arguments, env=environment)


def host(
    server: Server, client_id: str, *options: str, mode: str = "auto", on_message: MessageHandlerFnT | None = None
) -> Client:
    """A host with `raro mcp OPTION…` as its server."""
    return Client(
        stdio_client(command(server, client_id, *options)),
        mode=mode,
        message_handler=on_message,
        read_timeout_seconds=60,
        cache=None,
    )


def said(result: types.CallToolResult) -> str:
    """All text of an answer."""
    return "\n".join(item.text for item in result.content if isinstance(item, types.TextContent))


def given(result: types.CallToolResult) -> dict[str, Any]:
    """The answer as a program reads it."""
    assert not result.is_error, said(result)
    answer: dict[str, Any] = result.structured_content
    return answer


def code_of(result: types.CallToolResult) -> str:
    """The code of an error."""
    assert result.is_error
    content: dict[str, Any] = result.structured_content
    told: str = content["error"]["code"] if "error" in content else content["code"]
    assert said(result).startswith(f"{told}: ")
    # The agent's own program may show one; RARO does not.
    assert told == "python_error" or "Traceback" not in said(result)
    return told
