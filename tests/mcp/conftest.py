"""`raro mcp` as a host has it: a process of its own, spoken to by the SDK's client, in front of a real server."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, StdioServerParameters, stdio_client, types
from mcp.client.session import MessageHandlerFnT

from raro.client import RaroClient
from raro.mcp.changes import Changes
from raro.mcp.desk import Desk
from raro.mcp.server import McpServer
from tests.journeys.conftest import Server, scripted


def writing(*paths: str) -> dict[str, Any]:
    """A model's turn that writes files."""
    calls = [{"name": "write_file", "args": {"path": path, "content": f"# {path}"}} for path in paths]
    return {"text": "I write.", "tool_calls": calls}


DONE = {"text": "I looked.", "final": True}
SCRIPT = {
    "workflow": {"agents": [{"id": "writer_planned"}]},
    "agents": {
        "writer_files": [writing("report.md", "more/report.md"), DONE],
        "writer_model": [writing("letter.md"), DONE],
        "*": [DONE],
    },
}
RULES = """
[[rule]]
id = "ask-for-letters"
description = "A person allows letters."
trigger = "ToolCall"
action = "request_approval"
reason = "{agent} wants to write a letter"
[rule.when]
tool = "write_file"
args = { path = "letter" }
"""


@pytest.fixture(scope="session")
def raro(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests, which keep apart by client ids. Its agents follow a script, under a rule that asks."""
    folder = tmp_path_factory.mktemp("raro")
    with Server(folder / "storage", scripted(folder, SCRIPT, RULES)) as server:
        yield server


@contextmanager
def running(client: httpx.Client, *agents: dict[str, Any], **request: Any) -> Iterator[str]:
    """A run, stopped afterwards: an agent that waits for answers keeps one of the worker's places."""
    answer = client.post("/runtime/start", json={"agents": list(agents), "directive": "do it", **request})
    assert answer.status_code == 200, answer.text
    run_id: str = answer.json()["run_id"]
    yield run_id
    client.post(f"/runtime/{run_id}/stop")


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


@asynccontextmanager
async def inside(server: Server, client_id: str) -> AsyncIterator[Client]:
    """The same without a process and a wire, for tests of what is answered."""
    async with RaroClient(server.url, client_id) as client:
        changes = Changes(client)
        async with Client(McpServer(client, changes, Desk(client, changes, None, None)).protocol, cache=None) as mcp:
            yield mcp


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
