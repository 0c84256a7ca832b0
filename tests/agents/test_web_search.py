"""Web search over the wire: what the service answers, refuses and breaks becomes an outcome for the model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from raro.agents.search import Search, SearchFailed
from raro.agents.tools.grants import granted
from raro.events.shapes import AgentSpec

KEY = "a-search-key"


@dataclass
class Tavily:
    """A peer that speaks the search service's one request."""

    status: int = 200
    body: bytes = b""
    url: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n"))}
        body = await reader.readexactly(int(headers["content-length"]))
        assert head.startswith("POST /search ")
        self.asked.append((headers["authorization"], json.loads(body)))
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.body)}\r\n\r\n".encode() + self.body)
        writer.close()


@asynccontextmanager
async def tavily(status: int, body: Any) -> AsyncIterator[Tavily]:
    peer = Tavily(status, body if isinstance(body, bytes) else json.dumps(body).encode())
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield peer
    finally:
        server.close()


PAGE = {"title": "Penguins\n of Palmer", "url": "https://example.org/p", "content": "They are three."}


async def test_pages_are_found_with_title_address_and_text() -> None:
    async with tavily(200, {"results": [PAGE, {**PAGE, "url": "javascript:alert(1)"}]}) as peer:
        (found,) = await Search(KEY, peer.url).find("penguins", 5)
    assert (found.title, found.url, found.text) == ("Penguins of Palmer", "https://example.org/p", "They are three.")
    assert peer.asked == [(f"Bearer {KEY}", {"query": "penguins", "max_results": 5, "search_depth": "basic"})]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"detail": KEY}, "bad_key"),
        (429, {}, "rate_limited"),
        (432, {}, "quota_used_up"),
        (500, b"<html>", "search_unavailable"),
        (200, b"no json", "bad_answer"),
        (200, {"results": "many"}, "bad_answer"),
        (200, [], "bad_answer"),
        (200, b"[" * 100_000, "bad_answer"),
        (200, b" " * 4_100_000, "bad_answer"),
    ],
)
async def test_what_goes_wrong_has_a_code_and_never_the_key(status: int, body: Any, code: str) -> None:
    async with tavily(status, body) as peer:
        with pytest.raises(SearchFailed) as failed:
            await Search(KEY, peer.url).find("x", 5)
    assert failed.value.code == code
    assert KEY not in str(failed.value)


async def test_nobody_there_is_said() -> None:
    with pytest.raises(SearchFailed) as failed:
        await Search(KEY, "http://127.0.0.1:1").find("x", 5)
    assert failed.value.code == "search_unavailable"
    assert KEY not in repr(Search(KEY, "x"))


def test_the_tool_is_offered_only_where_the_web_can_be_searched() -> None:
    agent = AgentSpec(id="research_x", tools=("web_search",))
    assert "web_search" in granted(agent, search=True)
    assert "web_search" not in granted(agent)
    assert "web_search" not in granted(AgentSpec(id="writer_x"), search=True)
