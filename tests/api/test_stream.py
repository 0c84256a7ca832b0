"""The event stream: rows as REST gives them, exact resuming, beats, and live activity."""

from __future__ import annotations

import asyncio
import random

import httpx
import pytest

from raro.client.frames import Frame
from raro.events.catalogue import ArtifactDeleted, ArtifactPinned, ArtifactRestored, EventData
from raro.events.subjects import live_subject
from tests.api.conftest import Stage, client_headers
from tests.api.streams import Page, level, opened, rest_rows

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_new_page_gets_snapshots_and_then_patches_like_rest_rows(stage: Stage, me: str) -> None:
    await stage.run(me, {"a.txt": b"a", "sub/b.txt": b"b"})
    page = Page()
    async with stage.client(me) as client, opened(client) as incoming:
        async for frame in incoming:
            page.fold(frame)
            if frame.id:
                break
        assert page.events() == ["hello", "snapshot", "snapshot", "snapshot", "beat"]
        assert page.rows == await rest_rows(client)
        await client.put("/runtime/library/files/new.txt", content=b"new")
        async for frame in incoming:
            page.fold(frame)
            if frame.event == "patch":
                break
        assert page.rows == await rest_rows(client)
        assert page.seen[-1].id is not None


async def test_a_beat_comes_in_silence_and_is_a_place_to_resume_from(stage: Stage, me: str) -> None:
    async with stage.client(me) as client, opened(client) as incoming:
        # An empty log's head is 0, and whether it is empty depends on the tests before.
        await client.put("/runtime/library/files/first.txt", content=b"1")
        beats: list[Frame] = []
        async for frame in incoming:
            beats += [frame] if frame.event == "beat" and frame.data["head"] else []
            if len(beats) == 3:
                break
    assert all(frame.id for frame in beats)


@pytest.mark.parametrize("by_header", [False, True])
async def test_resuming_brings_only_what_changed(stage: Stage, me: str, by_header: bool) -> None:
    page = Page()
    async with stage.client(me) as client:
        for number in range(5):
            await client.put(f"/runtime/library/files/{number}.txt", content=b"x")
        await level(stage, page, client)
        await client.put("/runtime/library/files/2.txt", content=b"y")
        await client.delete("/runtime/library/files/3.txt")
        page.seen.clear()
        await page.read(client, lambda: page.seen[-1].id is not None, by_header=by_header)
        assert page.events() == ["hello", "patch", "beat"]
        patch = page.seen[1].data
        assert [row["filename"] for row in patch["upserts"]] == ["2.txt"]
        assert patch["removes"] == ["3.txt"]
        assert page.rows == await rest_rows(client)


@pytest.mark.parametrize(
    "cursor", ["", "x", "x:1", ":", "{incarnation}:", "{incarnation}:-1", "{incarnation}:999999999", "{incarnation}:²"]
)
async def test_a_cursor_of_no_use_begins_anew(stage: Stage, me: str, cursor: str) -> None:
    cursor = cursor.replace("{incarnation}", stage.raro.core.log.incarnation)
    async with stage.client(me) as client, opened(client, cursor) as incoming:
        assert [(await anext(incoming)).event for _ in range(2)] == ["hello", "snapshot"]


async def test_unknown_views_are_refused_before_the_stream_begins(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        for views in ("", "nonsense", "library,nonsense"):
            answer = await client.get("/runtime/stream", params={"views": views})
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_text_that_would_break_a_line_does_not(stage: Stage, me: str) -> None:
    odd = "one\u2028two\u2029three\x85four\nfive\r\nsix"
    page = Page()
    async with stage.client(me) as client:
        started = (await client.post("/runtime/start", json={"directive": odd, "agents": [{"id": "a"}]})).json()
        await level(stage, page, client)
        assert page.rows["runs"][started["run_id"]]["directive"] == odd


async def test_activity_reaches_every_stream_of_its_client_and_no_other(stage: Stage, me: str, other: str) -> None:
    async with (
        stage.client(me) as mine,
        stage.client(other) as theirs,
        opened(mine) as first,
        opened(mine) as second,
        opened(theirs) as third,
    ):
        for incoming in (first, second, third):
            async for frame in incoming:
                if frame.id:
                    break
        said = {"run_id": "run_1", "agent_id": "a", "text": "thinking"}
        await stage.raro.core.log.publish_live(live_subject(me, "run_1"), said)
        for incoming in (first, second):
            frame = await anext(incoming)
            while frame.event == "beat":
                frame = await anext(incoming)
            assert (frame.event, frame.data, frame.id) == ("activity", said, None)
        assert (await anext(third)).event == "beat"


async def test_a_stream_shows_nothing_of_another_client(stage: Stage, me: str, other: str) -> None:
    await stage.run(other, {"secret.txt": b"s"})
    page = Page()
    async with stage.client(me) as client, stage.client(other) as owner, opened(client) as incoming:
        async for frame in incoming:
            page.fold(frame)
            if frame.id:
                break
        await owner.put("/runtime/library/files/secret.txt", content=b"s")
        await client.put("/runtime/library/files/mine.txt", content=b"m")
        async for frame in incoming:
            page.fold(frame)
            if frame.event == "patch":
                break
    assert "secret" not in str(page.seen)
    assert set(page.rows["library"]) >= {"mine.txt"}


async def test_a_public_file_reaches_every_open_page_and_comes_from_behind_a_private_one(stage: Stage, me: str) -> None:
    page, name = Page(), f"{me}.txt"
    path = f"/runtime/library/files/{name}"
    async with stage.client(me) as client, stage.client() as anyone:
        await level(stage, page, client)
        for step in (anyone.put(path, content=b"p"), client.put(path, content=b"q"), client.put(f"{path}/link")):
            await step
            await level(stage, page, client)
            assert page.rows == await rest_rows(client)
        await client.delete(path)
        await level(stage, page, client)
        assert page.rows["library"][name]["scope"] == "public"
        await anyone.delete(path)
        await level(stage, page, client)
        assert name not in page.rows["library"]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_however_often_a_page_breaks_off_it_ends_up_with_the_rows_of_rest(
    stage: Stage, me: str, seed: int
) -> None:
    chance, page = random.Random(seed), Page()
    busy = asyncio.create_task(_live_a_life(stage, me, random.Random(seed)))
    async with stage.client(me) as client:
        while not busy.done():
            page.seen.clear()
            page.patience = chance.randint(1, 12)
            await page.read(client, lambda: len(page.seen) >= page.patience, by_header=chance.random() < 0.5)
            await asyncio.sleep(chance.uniform(0, 0.03))
        await busy
        await level(stage, page, client)
        assert page.rows == await rest_rows(client)


async def _live_a_life(stage: Stage, me: str, chance: random.Random) -> None:
    """Commands of every kind, two clients' files among them, as fast as they are answered."""
    run_id = await stage.run(me, {f"{number}.txt": b"%d" % number for number in range(6)})
    async with stage.client(me) as client:
        for step in range(150):
            name = f"/runtime/library/files/{chance.randint(1, 6)}.txt"
            path = f"{chance.randint(0, 5)}.txt"
            events: list[EventData] = [
                ArtifactPinned(path=path),
                ArtifactDeleted(path=path),
                ArtifactRestored(path=path),
            ]
            match chance.randint(0, 6):
                case 0 | 1:
                    await client.put(name, content=b"%d" % step)
                case 2:
                    await client.delete(name)
                case 3:
                    await client.put(f"{name}/link")
                case 4:
                    await client.put(name, content=b"%d" % step, headers=client_headers("public"))
                case 5:
                    await stage.append(
                        me, run_id, chance.choice(events), await stage.promoted(path, b"n", version=step + 2)
                    )
                case 6:
                    await client.post("/runtime/start", json={"directive": "x", "agents": [{"id": "a"}]})


async def test_many_streams_of_a_client_get_the_same_bytes(stage: Stage, me: str) -> None:
    async def collect(client: httpx.AsyncClient) -> Page:
        page = Page()
        await page.read(client, lambda: "last.txt" in page.rows["library"])
        return page

    async with stage.client(me) as client:
        pages = [asyncio.create_task(collect(client)) for _ in range(20)]
        await asyncio.sleep(0.3)
        for number in range(30):
            await client.put(f"/runtime/library/files/{number}.txt", content=b"x")
        await client.put("/runtime/library/files/last.txt", content=b"x")
        rows = [(await page).rows["library"] for page in pages]
    assert all(each == rows[0] for each in rows)
    assert len([name for name in rows[0] if name[0].isdigit() and len(name) <= 6]) >= 30
