"""The console as a browser gets it: whole, under a policy that lets it load nothing from elsewhere."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.api.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_page_may_load_nothing_from_elsewhere(stage: Stage) -> None:
    async with stage.client() as client:
        page = await client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "://" not in re.sub(r"http://www\.w3\.org[^\"]*", "", page.text)


async def test_everything_the_page_names_is_there_and_kept_for_ever(stage: Stage) -> None:
    async with stage.client() as client:
        page = (await client.get("/")).text
        names = re.findall(r'(?:src|href)="(/[^"]+)"', page)
        answers = [await client.get(name) for name in names]
    assert len(names) > 3
    assert [answer.status_code for answer in answers] == [200] * len(names)
    kept = {answer.headers["cache-control"] for answer in answers if answer.url.path.startswith("/assets/")}
    assert kept == {"public, max-age=31536000, immutable"}


async def test_what_is_loaded_first_is_at_most_200_kilobytes(stage: Stage) -> None:
    async with stage.client() as client:
        page = (await client.get("/")).text
        first = re.findall(r'(?:src|href)="(/assets/[^"]+\.(?:js|css))"', page)
        sizes = [await _sent_bytes(client, name) for name in first]
    assert 10_000 < sum(sizes) <= 200 * 1024


async def test_an_unknown_address_is_a_problem_and_not_the_page(stage: Stage) -> None:
    async with stage.client() as client:
        answers = [await client.get(path) for path in ("/nowhere", "/assets/nothing.js", "/assets/../index.html")]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "no_such_route")] * 3


async def _sent_bytes(client: httpx.AsyncClient, path: str) -> int:
    async with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        return sum([len(piece) async for piece in answer.aiter_raw()])
