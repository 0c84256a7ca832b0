"""…/preview over HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.api.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
PENGUINS = (Path(__file__).parents[2] / "examples" / "penguins.csv").read_bytes()


async def test_a_library_file_is_previewed_page_by_page(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        await client.put("/runtime/library/files/Käse & Pinguine.csv", content=PENGUINS)
        address = "/runtime/library/files/Käse & Pinguine.csv/preview"
        first = (await client.get(address, params={"limit": 2})).json()
        last = (await client.get(address, params={"limit": 2, "sort": "year", "descending": True})).json()
    assert (first["kind"], first["total_rows"], first["next_offset"], len(first["rows"])) == ("table", 344, 2, 2)
    assert first["columns"][0]["name"] == "species"
    assert {row[-1] for row in last["rows"]} == {"2009"}


async def test_an_older_version_of_an_artifact_is_previewed(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"deep/notes.txt": b"first"})
    await stage.append(me, run_id, await stage.promoted("deep/notes.txt", b"second", version=2))
    address = f"/runtime/artifacts/{run_id}/files/deep/notes.txt/preview"
    async with stage.client(me) as client:
        newest = (await client.get(address)).json()
        older = (await client.get(address, params={"version": 1})).json()
    assert [(seen["text"], seen["version"]) for seen in (newest, older)] == [("second", 2), ("first", 1)]


async def test_a_damaged_table_is_no_error(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        await client.put("/runtime/library/files/bad.parquet", content=b"PAR1" + bytes(64) + b"PAR1")
        answer = await client.get("/runtime/library/files/bad.parquet/preview")
    assert (answer.status_code, answer.json()["kind"]) == (200, "hex")
    assert answer.json()["note"]


@pytest.mark.parametrize("wanted", [{"limit": 0}, {"limit": 501}, {"offset": -1}, {"version": 0}])
async def test_a_page_that_cannot_be_is_refused(stage: Stage, me: str, wanted: dict[str, int]) -> None:
    async with stage.client(me) as client:
        await client.put("/runtime/library/files/a.csv", content=b"a\n1\n")
        answer = await client.get("/runtime/library/files/a.csv/preview", params=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("name", ["'); DROP TABLE x; --.csv", '"><img src=x onerror=y>.csv', "..csv", "💾 %2e%2e.csv"])
async def test_a_hostile_name_is_only_a_name(stage: Stage, me: str, name: str) -> None:
    address = f"/runtime/library/files/{quote(name, safe='')}"
    async with stage.client(me) as client:
        assert (await client.put(address, content=b"a,b\n1,2\n")).status_code == 201
        seen = (await client.get(f"{address}/preview")).json()
    assert (seen["filename"], seen["rows"]) == (name, [["1", "2"]])


@pytest.mark.parametrize("name", ["../x", "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "a%00b"])
async def test_a_path_out_of_the_run_is_refused(stage: Stage, me: str, name: str) -> None:
    run_id = await stage.run(me, {"notes.txt": b"mine"})
    async with stage.client(me) as client:
        answer = await client.get(f"/runtime/artifacts/{run_id}/files/{name}/preview")
    assert answer.status_code in (404, 422)


async def test_the_file_of_another_client_is_not_there(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"notes.txt": b"mine"})
    async with stage.client(me) as client:
        await client.put("/runtime/library/files/own.txt", content=b"mine")
    async with stage.client(f"{me}_2") as other:
        answers = [
            await other.get("/runtime/library/files/own.txt/preview"),
            await other.get(f"/runtime/artifacts/{run_id}/files/notes.txt/preview"),
        ]
    assert [answer.status_code for answer in answers] == [404, 404]


async def test_many_looks_at_once_are_all_answered(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        await client.put("/runtime/library/files/p.csv", content=PENGUINS)
        address = "/runtime/library/files/p.csv/preview"
        seen = await asyncio.gather(*(client.get(address, params={"offset": at}) for at in range(0, 344, 50)))
    assert [answer.json()["rows"][0] != [] for answer in seen] == [True] * 7
