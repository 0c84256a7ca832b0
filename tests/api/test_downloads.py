"""Bytes going out: ranges, validators, versions, names, and headers that let nothing run in our origin."""

from __future__ import annotations

import hashlib
import io
import zipfile
from urllib.parse import quote

import pytest

from raro.events.catalogue import ArtifactDeleted, ArtifactExpired
from tests.api.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

DATA = bytes(range(256)) * 5000
ETAG = f'"{hashlib.sha256(DATA).hexdigest()}"'
FILE = "/runtime/library/files/data.bin"


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=1279990-", 1279990, 1280000),
        ("bytes=-7", 1279993, 1280000),
        ("bytes=-99999999", 0, 1280000),
        ("bytes=5-99999999", 5, 1280000),
    ],
)
async def test_a_range_gives_exactly_these_bytes(stage: Stage, me: str, asked: str, first: int, end: int) -> None:
    async with stage.client(me) as client:
        await client.put(FILE, content=DATA)
        answer = await client.get(FILE, headers={"Range": asked})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/{len(DATA)}"
        assert answer.content == DATA[first:end]
        head = await client.head(FILE, headers={"Range": asked})
        assert (head.status_code, head.content) == (206, b"")
        assert head.headers["content-length"] == str(end - first)


@pytest.mark.parametrize("asked", ["bytes=1280000-", "bytes=9999999-99999999", "bytes=-0"])
async def test_a_range_behind_the_end_is_a_problem(stage: Stage, me: str, asked: str) -> None:
    async with stage.client(me) as client:
        await client.put(FILE, content=DATA)
        answer = await client.get(FILE, headers={"Range": asked})
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(DATA)}")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("asked", ["bytes", "lines=1-2", "bytes=b-a", "bytes=5-2", ""])
async def test_a_range_that_makes_no_sense_is_ignored(stage: Stage, me: str, asked: str) -> None:
    """RFC 9110, 14.2: an invalid Range, or one of an unknown unit, is as none."""
    async with stage.client(me) as client:
        await client.put(FILE, content=DATA)
        answer = await client.get(FILE, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, DATA)


async def test_if_range_gives_the_range_only_of_the_same_bytes(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        await client.put(FILE, content=DATA)
        same = await client.get(FILE, headers={"Range": "bytes=0-9", "If-Range": ETAG})
        assert (same.status_code, same.content) == (206, DATA[:10])
        other = await client.get(FILE, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
        assert (other.status_code, other.content) == (200, DATA)


@pytest.mark.parametrize("tags", [ETAG, f"W/{ETAG}", f'"other", {ETAG}', "*"])
async def test_known_bytes_are_not_sent_again(stage: Stage, me: str, tags: str) -> None:
    async with stage.client(me) as client:
        await client.put(FILE, content=DATA)
        answer = await client.get(FILE, headers={"If-None-Match": tags})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", ETAG)


async def test_head_tells_what_get_would(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        await client.put(FILE, content=DATA)
        head, got = await client.head(FILE), await client.get(FILE)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("etag", "content-length", "content-type", "content-disposition", "accept-ranges", "cache-control"):
            assert head.headers[name] == got.headers[name]


async def test_every_version_has_its_own_address(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        for number in (1, 2, 3):
            await client.put(FILE, content=b"version %d" % number)
        for number in (1, 2, 3):
            answer = await client.get(FILE, params={"version": number})
            assert (answer.content, answer.headers["raro-version"]) == (b"version %d" % number, str(number))
        assert (await client.get(FILE)).content == b"version 3"
        missing = await client.get(FILE, params={"version": 4})
        assert (missing.status_code, missing.json()["code"]) == (404, "file_not_found")
        assert (await client.get(FILE, params={"version": 0})).status_code == 422


@pytest.mark.parametrize(
    "name", ["Größe & Co.csv", "日本語 📈.csv", 'a"b;c=d.txt', "semi;colon.txt", "100%.txt", "a+b #1?.txt"]
)
async def test_any_name_survives_upload_listing_and_download(stage: Stage, me: str, name: str) -> None:
    path = f"/runtime/library/files/{quote(name, safe='')}"
    async with stage.client(me) as client:
        (await client.put(path, content=b"x")).raise_for_status()
        assert [row["filename"] for row in (await client.get("/runtime/library")).json()["files"]] == [name]
        answer = await client.get(path)
        assert answer.headers["content-disposition"].endswith(f"filename*=UTF-8''{quote(name, safe='')}")


@pytest.mark.parametrize(
    ("name", "data", "disposition"),
    [
        ("page.html", b"<html><script>alert(1)</script>", "attachment"),
        ("picture.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "attachment"),
        ("feed.xml", b"<?xml version='1.0'?><x/>", "attachment"),
        ("notes.txt", b"just text", "inline"),
        ("chart.png", b"\x89PNG\r\n\x1a\n", "inline"),
    ],
)
async def test_what_could_run_is_not_shown_and_nothing_runs(
    stage: Stage, me: str, name: str, data: bytes, disposition: str
) -> None:
    async with stage.client(me) as client:
        await client.put(f"/runtime/library/files/{name}", content=data)
        answer = await client.get(f"/runtime/library/files/{name}")
        assert answer.headers["content-disposition"].startswith(disposition)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("sandbox;")
        assert "allow-scripts" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"].startswith("private")
        kept = await client.get(f"/runtime/library/files/{name}", params={"download": 1})
        assert kept.headers["content-disposition"].startswith("attachment")


async def test_an_empty_file_is_a_file(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        (await client.put(FILE, content=b"")).raise_for_status()
        answer = await client.get(FILE)
        assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


async def test_an_artifact_is_served_under_its_run_and_in_the_session(stage: Stage, me: str) -> None:
    names = ["metadata.json", "sub/Bericht für Ä.md", "lineage", "a/b/c.txt"]
    run_id = await stage.run(me, {name: name.encode() for name in names})
    async with stage.client(me) as client:
        for name in names:
            for folder in (f"/runtime/artifacts/{run_id}/files/", f"/runtime/{run_id}/files/"):
                assert (await client.get(folder + quote(name))).content == name.encode()
                assert (await client.head(folder + quote(name))).status_code == 200


async def test_older_versions_of_an_artifact_are_served(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"a.txt": b"one"})
    await stage.append(me, run_id, await stage.promoted("a.txt", b"two", version=2))
    path = f"/runtime/artifacts/{run_id}/files/a.txt"
    async with stage.client(me) as client:
        assert (await client.get(path)).content == b"two"
        assert (await client.get(path, params={"version": 1})).content == b"one"
        assert (await client.get(path, params={"version": 3})).status_code == 404
        listed = (await client.get(path + "/versions")).json()["versions"]
        assert [row["version"] for row in listed] == [2, 1]


@pytest.mark.parametrize("gone", [ArtifactDeleted(path="a.txt"), ArtifactExpired(path="a.txt")])
async def test_what_is_gone_is_404_and_410_once_its_bytes_are_erased(
    stage: Stage, me: str, gone: ArtifactDeleted | ArtifactExpired
) -> None:
    run_id = await stage.run(me, {"a.txt": f"bytes of {me}".encode()})
    path = f"/runtime/artifacts/{run_id}/files/a.txt"
    async with stage.client(me) as client:
        sha256 = (await client.get(path)).headers["etag"].strip('"')
        await stage.append(me, run_id, gone)
        assert (await client.get(path)).status_code == 404
        stage.raro.core.blobs.path(sha256).unlink()
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (410, "bytes_erased")


async def test_lost_bytes_are_a_problem_before_any_byte_is_sent(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"a.txt": f"lost of {me}".encode(), "b.txt": b"there"})
    async with stage.client(me) as client:
        sha256 = (await client.get(f"/runtime/artifacts/{run_id}/files/a.txt")).headers["etag"].strip('"')
        stage.raro.core.blobs.path(sha256).unlink()
        for path in ("files/a.txt", "archive"):
            answer = await client.get(f"/runtime/artifacts/{run_id}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (500, "blob_missing"), path


async def test_the_archive_holds_every_file_and_the_metadata(stage: Stage, me: str) -> None:
    files = {"a.txt": b"a", "sub/Ä b.txt": b"b" * 100_000, "empty": b""}
    run_id = await stage.run(me, files)
    async with stage.client(me) as client:
        answer = await client.get(f"/runtime/artifacts/{run_id}/archive")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in files} == files
        assert set(archive.namelist()) == {*files, "metadata.json"}


async def test_an_agents_output_comes_from_the_durable_copy_and_then_from_redis(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {})
    async with stage.client(me) as client:
        path = f"/runtime/{run_id}/artifact/analyze_it"
        first, second = [(await client.get(path)).json() for _ in range(2)]
        assert (first["output"], first["size_bytes"], first["source"]) == ("done", 4, "blob")
        assert second == {**first, "source": "redis"}
        nobody = await client.get(f"/runtime/{run_id}/artifact/nobody")
        assert (nobody.status_code, nobody.json()["code"]) == (404, "agent_not_found")


async def test_sixty_four_mebibytes_come_back_whole(stage: Stage, me: str) -> None:
    blob = await stage.raro.core.blobs.put_bytes(bytes(64 * 1024 * 1024))
    run_id = await stage.run(me, {})
    promoted = await stage.promoted("big.bin", b"")
    artifact = promoted.artifact.model_copy(update={"sha256": blob.sha256, "size_bytes": blob.size_bytes})
    await stage.append(me, run_id, promoted.model_copy(update={"artifact": artifact}))
    seen = hashlib.sha256()
    async with (
        stage.client(me) as client,
        client.stream("GET", f"/runtime/artifacts/{run_id}/files/big.bin") as answer,
    ):
        async for chunk in answer.aiter_bytes():
            seen.update(chunk)
    assert seen.hexdigest() == blob.sha256


async def test_a_text_too_long_for_an_event_is_read_by_its_hash(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {})
    said = hashlib.sha256(b"done").hexdigest()
    async with stage.client(me) as client:
        answer = await client.get(f"/runtime/{run_id}/texts/{said}")
        unknown = await client.get(f"/runtime/{run_id}/texts/{'0' * 64}")
    assert (answer.text, answer.headers["content-type"]) == ("done", "text/plain; charset=utf-8")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "output_not_found")


@pytest.mark.parametrize("word", ["lineage", "versions", "preview"])
async def test_an_artifact_may_be_called_as_a_question_is(stage: Stage, me: str, word: str) -> None:
    run_id = await stage.run(me, {f"deep/{word}": b"its bytes", "file": b"another"})
    async with stage.client(me) as client:
        bytes_of = await client.get(f"/runtime/artifacts/{run_id}/files/deep/{word}")
        asked = await client.get(f"/runtime/artifacts/{run_id}/files/deep/{word}/{word}")
        missing = await client.get(f"/runtime/artifacts/{run_id}/files/nothing/{word}")
    assert bytes_of.content == b"its bytes"
    assert asked.json()["filename"] == f"deep/{word}"
    assert (missing.status_code, missing.json()["path"]) == (404, "nothing")
