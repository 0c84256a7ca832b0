"""Tools about files and runs, as a host calls them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from mcp import MCPError, types

from tests.journeys.conftest import Server, ended
from tests.mcp.conftest import code_of, given, host, inside, said
from tests.mcp.test_resources import PNG, made, upload

GENERAL = {"list_library", "list_artifacts", "read_part", "save_to_library", "start_run", "run_state", "list_runs"}


async def test_every_tool_says_what_it_does_and_takes(raro: Server, me: str) -> None:
    async with host(raro, me) as mcp:
        tools = (await mcp.list_tools()).tools
        assert {tool.name for tool in tools} == GENERAL | {"open_workspace"}
        for tool in tools:
            assert tool.description
            assert tool.input_schema["type"] == "object"


async def test_a_large_text_is_read_in_parts_without_tearing_a_character(raro: Server, me: str) -> None:
    text = "größe €🙂 " * 500
    with raro.client(me) as client:
        upload(client, "long.txt", text.encode())
    async with inside(raro, me) as mcp:
        parts: list[str] = []
        offset: int | None = 0
        while offset is not None:
            result = await mcp.call_tool(
                "read_part", {"uri": "raro://library/long.txt", "offset": offset, "limit": 997}
            )
            answer = given(result)
            assert answer["size_bytes"] == len(text.encode())
            assert isinstance(result.content[1], types.TextContent)
            parts.append(result.content[1].text)
            offset = answer["next_offset"]
    assert "".join(parts) == text
    assert len(parts) > 5


async def test_binary_parts_are_binary(raro: Server, me: str) -> None:
    with raro.client(me) as client:
        upload(client, "dot.png", PNG)
    async with inside(raro, me) as mcp:
        result = await mcp.call_tool("read_part", {"uri": "raro://library/dot.png", "offset": 4, "limit": 6})
        assert given(result)["next_offset"] == 10
        piece = result.content[1]
        assert isinstance(piece, types.EmbeddedResource)
        assert isinstance(piece.resource, types.BlobResourceContents)
        assert base64.b64decode(piece.resource.blob) == PNG[4:10]
        behind = await mcp.call_tool("read_part", {"uri": "raro://library/dot.png", "offset": 1000})
        assert code_of(behind) == "range_not_satisfiable"


async def test_an_artifact_is_found_and_saved_to_the_library(raro: Server, me: str) -> None:
    with raro.client(me) as client, made(client) as run_id:
        async with inside(raro, me) as mcp:
            found = given(await mcp.call_tool("list_artifacts", {"q": "REPORT", "run_id": run_id}))["artifacts"]
            assert {row["filename"] for row in found} == {"report.md", "more/report.md"}
            page = given(await mcp.call_tool("list_artifacts", {"limit": 1}))
            more = given(await mcp.call_tool("list_artifacts", {"limit": 1, "cursor": page["next"]}))
            assert page["artifacts"] != more["artifacts"]
            saved = given(
                await mcp.call_tool("save_to_library", {"run_id": run_id, "path": "report.md", "filename": "kept.md"})
            )
            assert saved["uri"] == "raro://library/kept.md"
            names = [row["filename"] for row in given(await mcp.call_tool("list_library", {"q": "KEPT"}))["files"]]
            assert names == ["kept.md"]


async def test_a_run_is_started_and_looked_at(raro: Server, me: str) -> None:
    with raro.client(me) as client:
        upload(client, "notes.txt", b"a few words to look at")
        async with inside(raro, me) as mcp:
            asked = {"directive": "Count the words", "attached_files": ["notes.txt"]}
            run_id = given(await mcp.call_tool("start_run", asked))["run_id"]
            assert ended(client, run_id)["status"] == "completed"
            state = given(await mcp.call_tool("run_state", {"run_id": run_id}))
            assert (state["status"], state["asks_a_person"]) == ("completed", [])
            assert [agent["output"] for agent in state["agents"]] == [f"raro://outputs/{run_id}/writer_planned"]
            assert [row["run_id"] for row in given(await mcp.call_tool("list_runs", {}))["runs"]] == [run_id]


BAD_CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("read_part", {}, "bad_request"),
    ("read_part", {"uri": 1}, "bad_request"),
    ("read_part", {"uri": "raro://library/x", "offset": -1}, "bad_request"),
    ("read_part", {"uri": "raro://library/x", "limit": 10**9}, "bad_request"),
    ("read_part", {"uri": "raro://library/x", "surplus": True}, "bad_request"),
    ("read_part", {"uri": "raro://library/x"}, "file_not_found"),
    ("read_part", {"uri": "/etc/passwd"}, "bad_name"),
    ("read_part", {"uri": "raro://library/x", "offset": 1 << 62}, "file_not_found"),
    ("save_to_library", {"run_id": "..", "path": "x"}, "bad_name"),
    ("save_to_library", {"run_id": "run_1", "path": "../x"}, "bad_name"),
    ("save_to_library", {"run_id": "run_1", "path": "/etc/passwd"}, "bad_name"),
    ("save_to_library", {"run_id": "run_1", "path": "x"}, "run_not_found"),
    ("run_state", {"run_id": "run_nothing"}, "run_not_found"),
    ("run_state", {"run_id": ""}, "run_not_found"),
    ("list_artifacts", {"cursor": "nonsense"}, "bad_cursor"),
    ("list_artifacts", {"limit": 0}, "bad_request"),
    ("start_run", {"directive": ""}, "bad_request"),
    ("start_run", {"directive": "x", "attached_files": ["../x"]}, "bad_name"),
]


async def test_a_bad_call_is_an_error_with_a_code(raro: Server, me: str) -> None:
    async with inside(raro, me) as mcp:
        codes = [code_of(await mcp.call_tool(tool, arguments)) for tool, arguments, _ in BAD_CALLS]
    assert codes == [code for _, _, code in BAD_CALLS]


async def test_an_unknown_tool_is_an_error_of_the_protocol(raro: Server, me: str) -> None:
    async with inside(raro, me) as mcp:
        for name in ("nothing", "write_file", "finish", "", "x" * 10_000):
            with pytest.raises(MCPError, match="there is no tool") as refused:
                await mcp.call_tool(name, {})
            assert refused.value.code == types.INVALID_PARAMS
        assert said(await mcp.call_tool("list_library", {})) == '{"files": []}'
