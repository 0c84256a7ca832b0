"""A command answers once it is on the log; whatever is read after it shows it."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.api.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_read_after_a_command_shows_it(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        for number in range(1, 30):
            seq = (await client.put("/runtime/library/files/a.csv", content=f"x\n{number}\n".encode())).json()["seq"]
            listing = (await client.get("/runtime/library")).json()
            assert [row["version"] for row in listing["files"] if row["filename"] == "a.csv"] == [number]
            assert listing["seq"] >= seq


async def test_a_start_gives_what_was_linked_the_moment_before(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        await client.put("/runtime/library/files/b.csv", content=b"x\n1\n")
        await client.put("/runtime/library/files/b.csv/link")
        planned = (await client.post("/runtime/plan", json={"directive": "look"})).json()
        assert any("b.csv" in (agent["attached_files"] or ()) for agent in planned["agents"])


async def test_commands_side_by_side_are_all_there_afterwards(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:

        async def put(number: int) -> httpx.Response:
            return await client.put(f"/runtime/library/files/f{number}.csv", content=b"x\n1\n")

        answers = await asyncio.gather(*(put(number) for number in range(40)))
        assert {answer.status_code for answer in answers} == {201}
        names = {row["filename"] for row in (await client.get("/runtime/library")).json()["files"]}
        assert {f"f{number}.csv" for number in range(40)} <= names
