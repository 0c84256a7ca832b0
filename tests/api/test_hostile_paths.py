"""Paths that try to leave: read nothing, delete nothing, and are told 404 or 422."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWNER = "acme"
CANARY = b"root:x:0:0:canary"
TRAVERSALS = [
    "..",
    ".",
    "%2e%2e",
    "%2E%2E%2F%2E%2E",
    "..%2F..%2F..%2F..%2Fetc%2Fpasswd",
    "../../canary",
    "%2e%2e/%2e%2e/canary",
    "..%252F..%252Fcanary",
    "..%5C..%5Ccanary",
    "..\\..\\canary",
    "%2Fetc%2Fpasswd",
    "//etc/passwd",
    "a/../../canary",
    "a%00.txt",
    "%00",
    "a%0d%0aSet-Cookie:%20x=y",
    "%c0%ae%c0%ae%2fcanary",
    "%ff%fe",
    "a" * 5000,
    "x/" * 2100 + "x",
]
# Decoded once, these are names of one segment like any other.
HARMLESS_NAMES = ("..%252F..%252Fcanary", "%ff%fe")
PLACES = [
    "/runtime/library/files/{}",
    "/runtime/library/files/{}/versions",
    "/runtime/artifacts/{}",
    "/runtime/artifacts/{}/archive",
    "/runtime/artifacts/{}/files/canary",
    "/runtime/artifacts/{run}/files/{}",
    "/runtime/artifacts/{run}/files/{}/lineage",
    "/runtime/{}/files/canary",
    "/runtime/{run}/files/{}",
    "/runtime/{run}/artifact/{}",
    "/runtime/state?run_id={}",
]


def _short(hostile: str) -> str:
    return hostile[:40]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def run_id(stage: Stage) -> AsyncIterator[str]:
    """A run beside things that nobody may read."""
    for folder in (stage.storage.parent, stage.storage, stage.storage / "artifacts"):
        folder.mkdir(exist_ok=True)
        (folder / "canary").write_bytes(CANARY)
    yield await stage.run(OWNER, {"a.txt": b"a", "a/b.txt": b"b"})


def _problem(answer: bytes) -> str:
    code: str = json.loads(answer.partition(b"\r\n\r\n")[2])["code"]
    return code


@pytest.mark.parametrize("hostile", TRAVERSALS, ids=_short)
async def test_no_path_leads_out(stage: Stage, run_id: str, hostile: str) -> None:
    for place in PLACES:
        target = place.replace("{run}", run_id).replace("{}", hostile)
        status, answer = await stage.raw(f"GET {target} HTTP/1.1\r\nX-RARO-CLIENT-ID: {OWNER}")
        assert CANARY not in answer
        assert b"root:x:0:0:root" not in answer
        assert status in (404, 422), (place, answer[:300])
        assert _problem(answer)


@pytest.mark.parametrize("hostile", TRAVERSALS, ids=_short)
async def test_no_path_deletes_anything(stage: Stage, run_id: str, hostile: str) -> None:
    before = stage.raro.views.seq
    for place in PLACES:
        target = place.replace("{run}", run_id).replace("{}", hostile).removesuffix("/versions")
        status, answer = await stage.raw(f"DELETE {target} HTTP/1.1\r\nX-RARO-CLIENT-ID: {OWNER}")
        assert status in (404, 405, 422), answer[:300]
    assert stage.raro.views.seq == before
    assert (stage.storage / "canary").read_bytes() == CANARY


@pytest.mark.parametrize("hostile", [each for each in TRAVERSALS if each not in HARMLESS_NAMES], ids=_short)
async def test_no_name_is_uploaded_that_breaks_the_rules(stage: Stage, run_id: str, hostile: str) -> None:
    before = await stage.blobs()
    head = f"PUT /runtime/library/files/{hostile} HTTP/1.1\r\nX-RARO-CLIENT-ID: {OWNER}\r\nContent-Length: 9"
    status, answer = await stage.raw(head, b"not to be")
    assert status in (404, 405, 422), answer[:300]
    assert await stage.blobs() == before


async def test_an_encoded_name_is_decoded_once(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        (await client.put("/runtime/library/files/..%252F..%252Fcanary", content=b"mine")).raise_for_status()
        assert [row["filename"] for row in (await client.get("/runtime/library")).json()["files"]] == [
            "..%2F..%2Fcanary"
        ]
        assert (await client.get("/runtime/library/files/..%252F..%252Fcanary")).content == b"mine"


@pytest.mark.parametrize("name", ["../../canary", "a/b.txt", "..", "a\0b", "\u202etxt.exe"])
async def test_a_run_takes_no_file_by_a_hostile_name(stage: Stage, run_id: str, name: str) -> None:
    async with stage.client(OWNER) as client:
        answer = await client.post("/runtime/start", json={"directive": "x", "attached_files": [name]})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_name")
        attached = [{"run_id": run_id, "path": "../a.txt"}]
        answer = await client.post("/runtime/start", json={"directive": "x", "attached_artifacts": attached})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_name")


@pytest.mark.parametrize("name", ["../up.txt", "a/b.txt", "..", "a\\b"])
async def test_an_artifact_is_not_promoted_to_a_hostile_name(stage: Stage, run_id: str, name: str) -> None:
    async with stage.client(OWNER) as client:
        answer = await client.post(f"/runtime/artifacts/{run_id}/files/a.txt/promote", params={"as": name})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_name")
        assert (await client.get("/runtime/library")).json()["files"] == []


async def test_a_link_laid_into_the_trees_is_not_followed(stage: Stage, run_id: str) -> None:
    folder: Path = stage.storage / "artifacts" / OWNER / run_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "leak").symlink_to("/etc/passwd")
    async with stage.client(OWNER) as client:
        for path in (f"/runtime/artifacts/{run_id}/files/leak", f"/runtime/{run_id}/files/leak"):
            assert (await client.get(path)).status_code == 404
