"""A run's workspace as tools: what a host calls, the run's worker does, and the log tells it all."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
from mcp import types
from mcp.server.subscriptions import ToolsListChanged

from tests.journeys.conftest import Server, ended, events_of, kinds, state, wait_for
from tests.mcp.conftest import code_of, command, given, host, running, said
from tests.mcp.test_resources import upload
from tests.mcp.test_tools import GENERAL

PUPPET = {"id": "coder_hands", "model": "puppet"}


def data_of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event["data"] for event in events if event["subject"].endswith(f".{kind}")]


def pending(client: httpx.Client, run_id: str) -> list[dict[str, Any]]:
    """What the run asks a person."""
    answer = client.get("/runtime/approvals", params={"status": "pending", "run_id": run_id})
    rows: list[dict[str, Any]] = answer.json()["approvals"]
    return rows


def decide(client: httpx.Client, row: dict[str, Any], decision: str, **more: str) -> None:
    body = {"approval_ids": [row["approval_id"]], "decision": decision, **more}
    client.post(f"/runtime/{row['run_id']}/approvals", json=body).raise_for_status()


async def use_every_tool(raro: Server, me: str, run_id: str) -> None:
    async with host(raro, me, "--run", run_id) as mcp:
        tools = {tool.name: tool for tool in (await mcp.list_tools()).tools}
        own = {"execute_python", "list_files", "read_artifact", "read_file", "write_file"}
        assert set(tools) == GENERAL | own | {"wait_for_call", "finish"}
        assert "path" in tools["write_file"].input_schema["properties"]
        assert "input/numbers.csv (8 bytes)" in said(await mcp.call_tool("list_files", {}))
        assert said(await mcp.call_tool("read_file", {"path": "numbers.csv"})) == "a,b\n1,2\n"
        wrote = await mcp.call_tool("write_file", {"path": "notes/a.md", "content": "# A"})
        assert "[files kept: output/notes/a.md]" in said(wrote)
        code = "print(open('output/notes/a.md').read() + open('input/numbers.csv').read())"
        assert said(await mcp.call_tool("execute_python", {"code": code})) == "# Aa,b\n1,2"
        assert given(await mcp.call_tool("finish", {"output": "All is written."}))["turn"] == 5


async def test_calls_are_turns_of_the_agent_with_its_events_and_files(raro: Server, me: str) -> None:
    with raro.client(me) as client:
        upload(client, "numbers.csv", b"a,b\n1,2\n")
        with running(client, PUPPET, attached_files=["numbers.csv"]) as run_id:
            await use_every_tool(raro, me, run_id)
        assert ended(client, run_id)["status"] == "completed"
        events = events_of(client, run_id)
        turns = data_of(events, "agent_turn_completed")
        assert [turn["answered_by"] for turn in turns] == [f"user:{me}"] * 5
        assert [
            (event["data"]["name"], event["actor"]) for event in events if event["subject"].endswith("tool_called")
        ] == [(name, "agent:coder_hands") for name in ("list_files", "read_file", "write_file", "execute_python")]
        assert [data["reads"] for data in data_of(events, "tool_returned")][1] == ["input/numbers.csv"]
        kept = client.get(f"/runtime/artifacts/{run_id}").json()["metadata"]["artifacts"]
        assert [(row["filename"], row["agent_id"]) for row in kept] == [("notes/a.md", "coder_hands")]
        assert client.get(f"/runtime/{run_id}/artifact/coder_hands").json()["output"] == "All is written."


def plant(raro: Server, run_id: str) -> None:
    """What code in a sandbox must not be able to make, made from outside."""
    output = next(raro.storage.glob(f"sessions/{run_id}/**/agents/**/output/here.txt")).parent
    (output / "link").symlink_to("/etc/passwd")
    (output / "up").symlink_to("../..")
    os.mkfifo(output / "pipe")


HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("read_file", {"path": "../../../../../../etc/passwd"}),
    ("read_file", {"path": "/etc/passwd"}),
    ("read_file", {"path": "input/../../../../../../etc/passwd"}),
    ("read_file", {"path": "output/link"}),
    ("read_file", {"path": "up/../../raro.duckdb"}),
    ("read_file", {"path": "pipe"}),
    ("read_file", {"path": "a\0b"}),
    ("read_file", {"path": ""}),
    ("read_file", {}),
    ("read_file", {"path": ["x"]}),
    ("read_file", {"path": "nothing.txt"}),
    ("write_file", {"path": "../escaped.txt", "content": "x"}),
    ("write_file", {"path": "/tmp/escaped.txt", "content": "x"}),
    ("write_file", {"path": "up/escaped.txt", "content": "x"}),
    ("write_file", {"path": "tool.exe", "content": "MZ"}),
    ("write_file", {"path": "a.md"}),
    ("read_artifact", {"agent_id": "nobody"}),
    ("execute_python", {"code": "open('/etc/shadow').read()"}),
    ("execute_python", {"code": "import urllib.request; urllib.request.urlopen('http://127.0.0.1')"}),
]


async def test_hostile_calls_are_refused_as_an_agents_own(raro: Server, me: str) -> None:
    with raro.client(me) as client, running(client, PUPPET) as run_id:
        async with host(raro, me, "--run", run_id) as mcp:
            await mcp.list_tools()
            await mcp.call_tool("write_file", {"path": "here.txt", "content": "x"})
            plant(raro, run_id)
            assert "link (not kept: " in said(await mcp.call_tool("list_files", {}))
            results = [await mcp.call_tool(name, arguments) for name, arguments in HOSTILE]
            codes = [code_of(result) for result in results]
            # A link is replaced, never written through.
            given(await mcp.call_tool("write_file", {"path": "link", "content": "mine"}))
            assert (await mcp.call_tool("finish", {"output": "done"})).is_error is False
        assert not any("root:" in said(result) for result in results)
        ended(client, run_id)
        events = events_of(client, run_id)
        assert [data["code"] for data in data_of(events, "tool_returned")][2:-1] == codes
        assert "policy_matched" in kinds(events)
        assert "access_denied" in kinds(events)
        kept = client.get(f"/runtime/artifacts/{run_id}").json()["metadata"]["artifacts"]
        assert {row["filename"] for row in kept} == {"here.txt", "link"}
    assert "root:" in Path("/etc/passwd").read_text()
    assert not Path("/tmp/escaped.txt").exists()
    assert not list(raro.storage.rglob("escaped.txt"))


async def test_a_call_waits_for_the_person_that_a_rule_asks(raro: Server, me: str) -> None:
    letter = {"path": "letter.md", "content": "Dear"}
    with raro.client(me) as client, running(client, PUPPET) as run_id:
        told: list[str] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            told.append(message or "")

        async with host(raro, me, "--run", run_id, "--wait", "0.5") as mcp:
            await mcp.list_tools()
            waiting = await mcp.call_tool("write_file", letter, progress_callback=hear)
            while "waits for a person (coder_hands wants to write a letter)" not in said(waiting):
                assert given(waiting)["returned"] is False
                waiting = await mcp.call_tool("wait_for_call", {}, progress_callback=hear)
            assert any("raro decide" in message for message in told)
            assert code_of(await mcp.call_tool("list_files", {})) == "wrong_state"
            (row,) = client.get("/runtime/approvals", params={"status": "pending", "run_id": run_id}).json()[
                "approvals"
            ]
            assert row["subject"]["args"] == letter
            body = {"approval_ids": [row["approval_id"]], "decision": "allow"}
            assert client.post(f"/runtime/{run_id}/approvals", json=body).status_code == 200
            result = await returned(mcp)
            assert "[files kept: output/letter.md]" in said(result)
            assert code_of(await mcp.call_tool("wait_for_call", {})) == "wrong_state"


async def returned(mcp: Any) -> types.CallToolResult:
    """Wait on until the call has returned."""
    while True:
        result: types.CallToolResult = await mcp.call_tool("wait_for_call", {})
        if result.is_error or result.structured_content["returned"]:
            return result


async def test_a_denied_call_says_why(raro: Server, me: str) -> None:
    with raro.client(me) as client, running(client, PUPPET) as run_id:
        async with host(raro, me, "--run", run_id, "--wait", "0") as mcp:
            await mcp.list_tools()
            await mcp.call_tool("write_file", {"path": "letter.md", "content": "Dear"})
            (row,) = await asyncio.to_thread(wait_for, lambda: pending(client, run_id))
            decide(client, row, "deny", note="no letters today")
            result = await returned(mcp)
            assert code_of(result) == "denied"
            assert "no letters today" in said(result)


async def test_calls_at_once_are_made_one_after_the_other(raro: Server, me: str) -> None:
    with raro.client(me) as client, running(client, PUPPET) as run_id:
        async with host(raro, me, "--run", run_id) as mcp:
            await mcp.list_tools()
            calls = [mcp.call_tool("write_file", {"path": f"{n}.md", "content": str(n)}) for n in range(5)]
            assert sorted(given(result)["turn"] for result in await asyncio.gather(*calls)) == [1, 2, 3, 4, 5]
        assert len(client.get(f"/runtime/artifacts/{run_id}").json()["metadata"]["artifacts"]) == 5


async def test_an_agent_is_taken_over_from_its_model_with_the_first_call(raro: Server, me: str) -> None:
    with raro.client(me) as client, running(client, {"id": "writer_model"}) as run_id:
        (row,) = await asyncio.to_thread(wait_for, lambda: pending(client, run_id))
        async with host(raro, me, "--run", run_id) as mcp:
            assert "write_file" in {tool.name for tool in (await mcp.list_tools()).tools}
            assert state(client, run_id)["agents"][0]["puppet"] is False
            calling = asyncio.create_task(mcp.call_tool("write_file", {"path": "mine.md", "content": "mine"}))
            await asyncio.to_thread(wait_for, lambda: state(client, run_id)["agents"][0]["puppet"])
            # The model's own turn is carried out before.
            decide(client, row, "allow")
            assert given(await calling)["turn"] == 2
            await mcp.call_tool("finish", {"output": "mine"})
        assert ended(client, run_id)["status"] == "completed"
        answered = [turn["answered_by"] for turn in data_of(events_of(client, run_id), "agent_turn_completed")]
        assert answered == [None, f"user:{me}", f"user:{me}"]


async def test_an_output_that_is_not_accepted_is_an_error(raro: Server, me: str) -> None:
    schema = {"type": "object", "required": ["sum"]}
    with raro.client(me) as client, running(client, {**PUPPET, "output_schema": schema}, on_failure="fail") as run_id:
        async with host(raro, me, "--run", run_id) as mcp:
            await mcp.list_tools()
            assert code_of(await mcp.call_tool("finish", {"output": "six"})) == "output_schema"
        assert ended(client, run_id)["status"] == "failed"


async def test_a_host_opens_a_workspace_of_its_own_that_ends_with_it(raro: Server, me: str) -> None:
    with raro.client(me) as client:
        upload(client, "numbers.csv", b"a,b\n1,2\n")
        await open_twice(raro, me)
        opened, finished = client.get("/runtime/runs").json()["runs"]
        assert (opened["status"], opened["reason"]) == ("stopped", "the MCP client went away")
        assert finished["status"] == "completed"


async def open_twice(raro: Server, me: str) -> None:
    async with host(raro, me) as mcp, mcp.listen(tools_list_changed=True) as notices:
        asked = {"directive": "Add them up", "attached_files": ["numbers.csv"]}
        assert "execute_python" in said(await mcp.call_tool("open_workspace", asked))
        assert await anext(aiter(notices)) == ToolsListChanged()
        assert "write_file" in {tool.name for tool in (await mcp.list_tools()).tools}
        assert code_of(await mcp.call_tool("open_workspace", asked)) == "wrong_state"
        assert said(await mcp.call_tool("read_file", {"path": "numbers.csv"})) == "a,b\n1,2\n"
        assert code_of(await mcp.call_tool("finish", {})) == "bad_request"
        await mcp.call_tool("finish", {"output": "3"})
        assert code_of(await mcp.call_tool("list_files", {})) == "wrong_state"
        assert code_of(await mcp.call_tool("finish", {"output": "4"})) == "wrong_state"
        assert "is open" in said(await mcp.call_tool("open_workspace", asked))


async def test_a_run_that_is_over_says_so(raro: Server, me: str) -> None:
    with raro.client(me) as client, running(client, {"id": "writer_x"}) as run_id:
        ended(client, run_id)
        async with host(raro, me, "--run", run_id) as mcp:
            result = await mcp.call_tool("list_files", {})
            assert code_of(result) == "wrong_state"
            assert "list_artifacts" in said(result)


async def test_a_call_whose_run_is_stopped_will_not_return(raro: Server, me: str) -> None:
    with raro.client(me) as client, running(client, PUPPET) as run_id:
        async with host(raro, me, "--run", run_id) as mcp:
            await mcp.list_tools()
            slow = asyncio.create_task(mcp.call_tool("execute_python", {"code": "import time; time.sleep(60)"}))
            await asyncio.to_thread(wait_for, lambda: "tool_called" in kinds(events_of(client, run_id)))
            client.post(f"/runtime/{run_id}/stop").raise_for_status()
            assert "will not return" in said(await slow)


async def test_the_tools_come_once_the_agent_begins(raro: Server, me: str) -> None:
    first, second = {"id": "analyze_first", "model": "puppet"}, {**PUPPET, "depends_on": ["analyze_first"]}
    with raro.client(me) as client, running(client, first, second) as run_id:
        async with host(raro, me, "--run", run_id, "--agent", "coder_hands") as mcp:
            async with mcp.listen(tools_list_changed=True) as notices:
                assert "write_file" not in {tool.name for tool in (await mcp.list_tools()).tools}
                async with host(raro, me, "--run", run_id, "--agent", "analyze_first") as other:
                    await other.list_tools()
                    await other.call_tool("write_file", {"path": "a.md", "content": "A"})
                    await other.call_tool("finish", {"output": "I looked."})
                assert await anext(aiter(notices)) == ToolsListChanged()
            assert "I looked." in said(await mcp.call_tool("read_artifact", {"agent_id": "analyze_first"}))
            assert "A" in said(await mcp.call_tool("read_file", {"path": "a.md"}))


def test_a_run_or_agent_that_is_not_there_ends_it_at_once(raro: Server, me: str) -> None:
    other_one = {"id": "coder_other", "model": "puppet"}
    with (
        raro.client(me) as client,
        raro.client(f"{me}x") as other,
        running(client, PUPPET, other_one) as run_id,
        running(other, PUPPET) as not_mine,
    ):
        refuse_to_start(raro, me, run_id, not_mine)


def refuse_to_start(raro: Server, me: str, run_id: str, not_mine: str) -> None:
    for options, code, words in (
        (("--run", not_mine), 3, not_mine),
        (("--run", run_id, "--agent", "nobody"), 3, "coder_hands, coder_other"),
        (("--run", run_id), 2, "--agent: coder_hands, coder_other"),
        (("--agent", "coder_hands"), 2, "--run"),
    ):
        asked = command(raro, me, *options)
        ran = subprocess.run(
            [asked.command, *asked.args], input="", capture_output=True, text=True, env=asked.env, check=False
        )
        assert (ran.returncode, ran.stdout) == (code, ""), ran.stderr
        assert words in ran.stderr
        assert "Traceback" not in ran.stderr
