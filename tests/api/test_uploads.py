"""Bytes coming in: raw bodies and forms, limits, refused names, clients that go away."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator

import pytest

from tests.api.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

UPLOAD = "/runtime/library/upload"
MIB = 1024 * 1024


async def test_a_raw_body_becomes_a_row_and_its_bytes(stage: Stage, me: str) -> None:
    data = b"a,b\n1,2\n"
    async with stage.client(me) as client:
        answer = await client.put("/runtime/library/files/a.csv", content=data)
        assert answer.status_code == 201
        row = (await client.get("/runtime/library")).json()["files"][0]
        told = ("filename", "sha256", "size_bytes", "content_type", "version", "seq")
        assert {name: answer.json()[name] for name in told} == {name: row[name] for name in told}
        assert (row["sha256"], row["size_bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
        assert (row["content_type"], row["version"], row["linked"], row["scope"]) == ("text/csv", 1, False, "private")


async def test_the_same_bytes_again_are_no_new_version(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        path = "/runtime/library/files/a.txt"
        first, again, other = [(await client.put(path, content=data)).json() for data in (b"1", b"1", b"2")]
        assert (first["version"], again["version"], other["version"]) == (1, 1, 2)
        assert again["seq"] == first["seq"]
        assert again["created"] is False


async def test_a_key_that_stood_for_other_bytes_is_refused(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        path, key = "/runtime/library/files/a.txt", {"Idempotency-Key": "one"}
        first = await client.put(path, content=b"1", headers=key)
        assert (await client.put(path, content=b"1", headers=key)).json()["seq"] == first.json()["seq"]
        other = await client.put(path, content=b"2", headers=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_form_brings_many_files_with_any_names(stage: Stage, me: str) -> None:
    files = {"a b.txt": b"x" * 300_000, "Größe 📈.csv": b"a\n1\n", "empty.bin": b"", "tail\r\n--x": b"no"}
    del files["tail\r\n--x"]
    async with stage.client(me) as client:
        answer = await client.post(UPLOAD, files=[("file", item) for item in files.items()], data={"note": "ignored"})
        assert (answer.status_code, answer.json()["success"]) == (200, True)
        assert [item["filename"] for item in answer.json()["files"]] == list(files)
        for name, data in files.items():
            assert (await client.get(f"/runtime/library/files/{name}")).content == data


async def test_a_bad_name_does_not_lose_the_other_files(stage: Stage, me: str) -> None:
    sent = [("file", ("good.txt", b"1")), ("file", ("../bad.txt", b"2" * 3_000_000)), ("file", ("also.txt", b"3"))]
    before = await stage.blobs()
    async with stage.client(me) as client:
        answer = await client.post(UPLOAD, files=sent)
        assert (answer.status_code, answer.json()["success"]) == (200, False)
        good, bad, also = answer.json()["files"]
        assert (good["success"], bad["success"], also["success"]) == (True, False, True)
        assert (bad["filename"], bad["code"]) == ("../bad.txt", "bad_name")
        names = {row["filename"] for row in (await client.get("/runtime/library")).json()["files"]}
        assert {"good.txt", "also.txt"} <= names
    assert hashlib.sha256(b"2" * 3_000_000).hexdigest() not in await stage.blobs() - before


async def test_a_form_of_bad_names_only_is_a_problem(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        answer = await client.post(UPLOAD, files=[("file", ("a/b.txt", b"1"))])
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_name")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"no boundary at all"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno file\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; filename="a"\r\n\r\nhalf'),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: " + b"a" * 1_000_000),
    ],
)
async def test_a_damaged_form_keeps_nothing(stage: Stage, me: str, kind: str, body: bytes) -> None:
    before = await stage.blobs()
    async with stage.client(me) as client:
        answer = await client.post(UPLOAD, content=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert await stage.blobs() == before


async def test_a_body_over_the_limit_is_refused_before_it_is_sent(stage: Stage, me: str) -> None:
    for head in ("PUT /runtime/library/files/big.bin", f"POST {UPLOAD}"):
        status, answer = await stage.raw(
            f"{head} HTTP/1.1\r\nX-RARO-CLIENT-ID: {me}\r\nContent-Length: {8 * MIB + 1}\r\n"
            "Content-Type: multipart/form-data; boundary=x"
        )
        assert status == 413
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "too_large"


async def test_a_body_that_turns_out_too_large_is_refused_and_not_kept(stage: Stage, me: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b"z" * MIB

    before = await stage.blobs()
    async with stage.client(me) as client:
        answer = await client.put("/runtime/library/files/big.bin", content=chunks())
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert await stage.blobs() == before


@pytest.mark.parametrize("form", [False, True])
async def test_a_client_that_goes_away_leaves_nothing(stage: Stage, me: str, form: bool) -> None:
    before, seq = await stage.blobs(), stage.raro.views.seq
    host, port = stage.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    part = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n' if form else b""
    target = f"POST {UPLOAD}" if form else "PUT /runtime/library/files/a.bin"
    head = (
        f"{target} HTTP/1.1\r\nHost: x\r\nX-RARO-CLIENT-ID: {me}\r\nContent-Length: {4 * MIB}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    writer.write(head.encode() + part + b"q" * MIB)
    await writer.drain()
    await asyncio.sleep(0.2)
    assert await stage.blobs() != before, "nothing was being written yet"
    writer.transport.abort()
    for _ in range(100):
        await asyncio.sleep(0.05)
        if await stage.blobs() == before:
            break
    assert await stage.blobs() == before
    assert stage.raro.views.seq == seq


async def test_many_uploads_of_one_name_at_once_are_as_many_versions(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        path = "/runtime/library/files/busy.txt"
        answers = await asyncio.gather(*(client.put(path, content=b"%d" % number) for number in range(16)))
        assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 17))
        for number, answer in enumerate(answers):
            got = await client.get(path, params={"version": answer.json()["version"]})
            assert got.content == b"%d" % number
