"""Who is asking: the client header and cookie, and what a bad one is told."""

from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import Stage, client_headers

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("bad", ["", "a b", "a/b", "../x", "a.b", "a*", "a>b", "x" * 65, "_system", "ä"])
async def test_an_empty_or_malformed_client_is_refused_everywhere(stage: Stage, bad: str) -> None:
    headers = {"X-RARO-CLIENT-ID": bad.encode()}
    async with stage.client() as client:
        for path in ("/runtime/library", "/runtime/artifacts", "/runtime/runs", "/audit/events", "/runtime/stream"):
            answer = await client.get(path, headers=headers)  # type: ignore[arg-type]  # bytes, for what is not ASCII
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_client_id"), path


async def test_a_client_named_twice_is_refused(stage: Stage) -> None:
    async with stage.client() as client:
        answer = await client.get("/runtime/library", headers=[("X-RARO-CLIENT-ID", "a"), ("X-RARO-CLIENT-ID", "b")])
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_client_id")


async def test_without_a_header_the_client_is_public(stage: Stage, me: str) -> None:
    async with stage.client() as anyone, stage.client(me) as client:
        (await anyone.put("/runtime/library/files/for_all.txt", content=b"all")).raise_for_status()
        seen = {row["filename"]: row["scope"] for row in (await client.get("/runtime/library")).json()["files"]}
        assert seen["for_all.txt"] == "public"
        await anyone.delete("/runtime/library/files/for_all.txt")


async def test_the_cookie_names_the_client_where_no_header_can_and_the_header_wins(
    stage: Stage, me: str, other: str
) -> None:
    async with stage.client(me) as client:
        (await client.put("/runtime/library/files/mine.txt", content=b"mine")).raise_for_status()
    async with stage.client() as client:
        client.cookies.set("raro_client", me)
        assert (await client.get("/runtime/library/files/mine.txt")).content == b"mine"
        denied = await client.get("/runtime/library/files/mine.txt", headers=client_headers(other))
        assert denied.status_code == 404
        client.cookies.set("raro_client", "a/b")
        assert (await client.get("/runtime/library")).json()["code"] == "bad_client_id"


async def test_a_private_file_hides_the_public_one_and_deleting_it_shows_it_again(stage: Stage, me: str) -> None:
    path = "/runtime/library/files/shadow.txt"
    async with stage.client() as anyone, stage.client(me) as client:
        (await anyone.put(path, content=b"public")).raise_for_status()
        (await client.put(path, content=b"private")).raise_for_status()
        assert (await client.get(path)).content == b"private"
        assert (await client.delete(path)).status_code == 200
        assert (await client.get(path)).content == b"public"
        assert (await client.delete(path)).status_code == 404
        assert (await anyone.get(path)).content == b"public"


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_an_idempotency_key_has_a_length(stage: Stage, me: str, key: str) -> None:
    async with stage.client(me) as client:
        answer = await client.post("/runtime/start", json={"directive": "x"}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_a_repeated_command_with_a_key_is_one_event(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        await client.put("/runtime/library/files/a.txt", content=b"a")
        answers = [
            await client.put("/runtime/library/files/a.txt/link", headers={"Idempotency-Key": "k"}) for _ in range(3)
        ]
        assert {answer.json()["seq"] for answer in answers} == {answers[0].json()["seq"]}
        events = (await client.get("/audit/events", params={"type": "file_linked"})).json()["events"]
        assert len(events) == 1


async def test_a_command_answers_when_the_next_read_sees_it(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        for number in range(20):
            put = await client.put(f"/runtime/library/files/{number}.txt", content=b"%d" % number)
            listed: httpx.Response = await client.get("/runtime/library")
            assert f"{number}.txt" in {row["filename"] for row in listed.json()["files"]}
            assert put.headers["Raro-Seq"] == str(put.json()["seq"])
            assert listed.json()["seq"] >= put.json()["seq"]
