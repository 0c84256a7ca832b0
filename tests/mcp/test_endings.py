"""What a host does not see: a pure wire, servers that go and come back, and an end in order."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from mcp import Client, MCPError

from tests.journeys.conftest import Server, events_of, kinds, make_server, storage, wait_for
from tests.mcp.conftest import code_of, command, given, host, running, said
from tests.mcp.test_workspace import PUPPET

__all__ = ["make_server", "storage"]

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


@contextmanager
def wire(server: Server, client_id: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`raro mcp` without a client in between."""
    asked = command(server, client_id, *options)
    process = subprocess.Popen(
        [asked.command, *asked.args],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=asked.env,
    )  # fmt: skip
    yield process
    process.kill()
    process.communicate()


def say(process: subprocess.Popen[str], *messages: Any) -> None:
    assert process.stdin is not None
    for message in messages:
        process.stdin.write((message if isinstance(message, str) else json.dumps(message)) + "\n")
    process.stdin.flush()


def test_nothing_but_the_protocol_is_on_stdout(raro: Server, me: str) -> None:
    call = {"jsonrpc": "2.0", "method": "tools/call"}
    rubbish = ["", "not json", "[]", "42", '{"jsonrpc": "2.0", "id": 2}', '{"a":' * 500, "\x00\x1b[31m", '"\\ud800"']
    with wire(raro, me) as process:
        say(process, *rubbish, INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"}, *rubbish)
        say(process, {**call, "id": 3, "params": {"name": "list_library", "arguments": {"q": "\ud800"}}})
        say(process, {**call, "id": 4, "params": {"name": "read_part", "arguments": {"uri": "raro://library/\x00"}}})
        say(process, {**call, "id": 5, "params": {"name": "nothing"}}, {**call, "id": 6, "params": {"name": 7}})
        say(process, {**call, "id": 7, "params": {"name": "list_library"}})
        assert process.stdout is not None
        answers: dict[Any, Any] = {}
        while 7 not in answers:
            answer = json.loads(process.stdout.readline())
            assert answer["jsonrpc"] == "2.0"
            answers[answer.get("id")] = answer
        out, errors = process.communicate(timeout=30)
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in out.splitlines())
    assert answers[1]["result"]["serverInfo"]["name"] == "raro"
    assert answers[4]["result"]["structuredContent"]["error"]["code"] == "bad_name"
    assert answers[5]["error"]["code"] == answers[6]["error"]["code"] == -32602
    assert answers[7]["result"]["structuredContent"] == {"files": []}
    assert process.returncode == 0, errors


def test_a_signal_ends_it_and_the_run_it_opened(raro: Server, me: str) -> None:
    opening = {"name": "open_workspace", "arguments": {"directive": "x"}}
    with wire(raro, me) as process, raro.client(me) as client:
        say(process, INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        say(process, {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": opening})
        wait_for(lambda: client.get("/runtime/runs").json()["runs"])
        assert process.stdout is not None
        while json.loads(process.stdout.readline()).get("id") != 2:
            pass
        # It waits for the next line.
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == -signal.SIGINT
        (opened,) = client.get("/runtime/runs").json()["runs"]
        assert (opened["status"], opened["reason"]) == ("stopped", "the MCP client went away")


async def test_a_server_may_come_late_and_go_and_come_back(make_server: Callable[..., Server], me: str) -> None:
    server = make_server()
    server.keep_port()
    code = "import time; time.sleep(3); open('output/made.txt', 'w').write('made')"
    with server.client(me) as client, running(client, PUPPET) as run_id:
        await asyncio.to_thread(wait_for, lambda: "agent_briefed" in kinds(events_of(client, run_id)))
        server.kill()
        async with host(server, me, "--run", run_id, "--wait", "100") as mcp:
            await everything_says_that_it_is_away(mcp)
            await asyncio.to_thread(server.start)
            assert "execute_python" in {tool.name for tool in (await mcp.list_tools()).tools}
            calling = asyncio.create_task(mcp.call_tool("execute_python", {"code": code}))
            await asyncio.to_thread(wait_for, lambda: "tool_called" in kinds(events_of(client, run_id)))
            server.kill()
            assert code_of(await mcp.call_tool("list_library", {})) == "server_unreachable"
            await asyncio.to_thread(server.start)
            assert "[files kept: output/made.txt]" in said(await calling)
            assert given(await mcp.call_tool("finish", {"output": "made"}))["turn"] == 2


async def everything_says_that_it_is_away(mcp: Client) -> None:
    for tool in ("list_library", "list_files", "wait_for_call"):
        assert code_of(await mcp.call_tool(tool, {})) == "server_unreachable"
    for ask in (mcp.list_tools, mcp.list_resources, lambda: mcp.read_resource("raro://library/x")):
        with pytest.raises(MCPError) as away:
            await ask()
        assert (away.value.code, away.value.data["code"]) == (-32603, "server_unreachable")


@contextmanager
def over_http(server: Server, client_id: str, *options: str) -> Iterator[str]:
    """The address of a `raro mcp --http`."""
    with wire(server, client_id, "--http", "127.0.0.1:0", *options) as process:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("RARO MCP ready at ").strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_same_over_http(raro: Server, me: str, mode: str) -> None:
    with raro.client(me) as client, running(client, PUPPET) as run_id, over_http(raro, me, "--run", run_id) as url:
        async with Client(url, mode=mode, cache=None) as mcp:
            assert "write_file" in {tool.name for tool in (await mcp.list_tools()).tools}
            await mcp.call_tool("write_file", {"path": "a.txt", "content": "over http"})
            assert said(await mcp.call_tool("read_file", {"path": "a.txt"})) == "over http"
            (resource,) = (await mcp.list_resources()).resources
            assert resource.name == "a.txt"
        stranger = httpx.post(url, json=INITIALIZE, headers={"Host": "evil.example", "Accept": "application/json"})
        assert stranger.status_code in (403, 421)


@pytest.mark.parametrize("place", ["0.0.0.0:3333", "127.0.0.1:x"])
def test_http_is_for_this_machine_only(place: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "raro.cli", "mcp", "--http", place],
        capture_output=True, text=True, env=dict(os.environ), check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert place in ran.stderr
