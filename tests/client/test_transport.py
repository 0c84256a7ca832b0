"""Requests as a server sees them."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from raro.client import Blocking, RaroClient
from raro.errors import BadAnswer, BadRequest, ServerUnreachable
from tests.client.conftest import Peer, Request, head


async def ok(request: Request, writer: asyncio.StreamWriter) -> None:
    body = b'{"success": true, "run_id": "r1", "seq": 7}'
    writer.write(head("200 OK", Content_Length=str(len(body))) + body)


async def test_a_broken_post_is_repeated_with_the_same_key(peer: Peer) -> None:
    async def break_once(request: Request, writer: asyncio.StreamWriter) -> None:
        if len(peer.requests) > 1:
            await ok(request, writer)

    peer.script = break_once
    async with RaroClient(peer.url) as raro:
        assert (await raro.runs.start({"directive": "look"}))["run_id"] == "r1"
    first, second = peer.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


async def test_each_post_has_a_key_of_its_own(peer: Peer) -> None:
    peer.script = ok
    async with RaroClient(peer.url) as raro:
        await raro.runs.start({"directive": "look"})
        await raro.runs.start({"directive": "look"})
    assert len({request.headers["idempotency-key"] for request in peer.requests}) == 2


async def test_the_client_is_named_only_when_it_has_a_name(peer: Peer) -> None:
    peer.script = ok
    for client_id in ("lab", None):
        async with RaroClient(peer.url, client_id) as raro:
            await raro.health()
    assert [request.headers.get("x-raro-client-id") for request in peer.requests] == ["lab", None]


async def test_names_stay_one_segment_and_paths_keep_theirs(peer: Peer) -> None:
    peer.script = ok
    async with RaroClient(peer.url) as raro:
        await raro.library.link("a b/../ü?.csv")
        await raro.artifacts.pin("r1", "charts/größe #1.png")
    assert [request.target for request in peer.requests] == [
        "/runtime/library/files/a%20b%2F..%2F%C3%BC%3F.csv/link",
        "/runtime/artifacts/r1/files/charts/gr%C3%B6%C3%9Fe%20%231.png/pin",
    ]


async def test_an_upload_arrives_as_it_is_on_disk(peer: Peer, tmp_path: Path) -> None:
    peer.script = ok
    source = tmp_path / "a.bin"
    source.write_bytes(bytes(range(256)) * 12_000)
    told: list[int] = []
    async with RaroClient(peer.url) as raro:
        await raro.library.upload(source, progress=told.append)
    assert peer.requests[0].body == source.read_bytes()
    assert sum(told) == source.stat().st_size


@pytest.mark.parametrize("name", ["missing.csv", "."])
async def test_what_cannot_be_uploaded_is_named(peer: Peer, tmp_path: Path, name: str) -> None:
    async with RaroClient(peer.url) as raro:
        with pytest.raises(BadRequest, match=str(tmp_path)):
            await raro.library.upload(tmp_path / name)


async def test_a_server_that_is_not_there_is_named_with_what_to_do() -> None:
    async with RaroClient("http://127.0.0.1:1") as raro:
        with pytest.raises(ServerUnreachable, match=r"127\.0\.0\.1:1 .*raro up"):
            await raro.library.list()


async def test_something_else_behind_the_address_is_told(peer: Peer) -> None:
    async def web_page(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head("200 OK", Content_Length="6") + b"<html>")

    peer.script = web_page
    async with RaroClient(peer.url) as raro:
        with pytest.raises(BadAnswer, match="is it a RARO server"):
            await raro.library.list()


async def test_a_program_without_a_loop_uses_the_same_client(peer: Peer) -> None:
    async def two_frames(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head("200 OK") + b"event: beat\ndata: {}\n\nevent: beat\ndata: {}\n\n")

    peer.script = two_frames

    def program() -> list[str]:
        with Blocking(RaroClient(peer.url)) as raro:
            return [frame.event for frame in raro.iterate(raro.client.stream(["runs"], reconnect=False))]

    assert await asyncio.to_thread(program) == ["beat", "beat"]


async def test_over_tls_a_server_that_no_authority_vouches_for_is_refused(tmp_path: Path) -> None:
    reached = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        async with RaroClient(f"https://127.0.0.1:{port}") as raro:
            with pytest.raises(ServerUnreachable, match="certificate verify failed"):
                await raro.library.list()
    assert not reached.is_set()


def self_signed(folder: Path) -> Path:
    """A key and its certificate for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "raro")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
