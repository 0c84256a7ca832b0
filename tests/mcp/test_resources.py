"""Library and artifacts as resources, as a host reads them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from mcp import MCPError, types
from mcp.server.subscriptions import ResourcesListChanged, ResourceUpdated

from raro.mcp.reading import MAX_RESOURCE_BYTES
from tests.journeys.conftest import Server, ended
from tests.mcp.conftest import host, inside, running

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def upload(client: httpx.Client, name: str, data: bytes) -> None:
    client.put(f"/runtime/library/files/{quote(name, safe='')}", content=data).raise_for_status()


@contextmanager
def made(client: httpx.Client) -> Iterator[str]:
    """A run that has made report.md and more/report.md."""
    with running(client, {"id": "writer_files"}) as run_id:
        assert ended(client, run_id)["status"] == "completed"
        yield run_id


async def test_files_are_listed_and_read_whatever_their_name(raro: Server, me: str) -> None:
    names = ["plain.txt", "größe & 100% #1?.txt", "a b\u00a0c.txt", "%2e%2e", "...", "-rf"]
    with raro.client(me) as client:
        for name in names:
            upload(client, name, f"this is {name}".encode())
        upload(client, "dot.png", PNG)
        upload(client, "empty", b"")
    async with host(raro, me) as mcp:
        listed = {resource.name: resource for resource in (await mcp.list_resources()).resources}
        assert set(listed) == {*names, "dot.png", "empty"}
        for name in names:
            (read,) = (await mcp.read_resource(listed[name].uri)).contents
            assert isinstance(read, types.TextResourceContents)
            assert (read.text, read.uri) == (f"this is {name}", listed[name].uri)
        assert (listed["dot.png"].mime_type, listed["dot.png"].size) == ("image/png", len(PNG))
        (picture,) = (await mcp.read_resource(listed["dot.png"].uri)).contents
        assert isinstance(picture, types.BlobResourceContents)
        assert base64.b64decode(picture.blob) == PNG
        (empty,) = (await mcp.read_resource(listed["empty"].uri)).contents
        assert isinstance(empty, types.TextResourceContents)
        assert empty.text == ""


async def test_artifacts_and_outputs_are_resources(raro: Server, me: str) -> None:
    with raro.client(me) as client, made(client) as run_id:
        async with inside(raro, me) as mcp:
            listed = (await mcp.list_resources()).resources
            assert {resource.uri for resource in listed} == {
                f"raro://artifacts/{run_id}/{path}" for path in ("report.md", "more/report.md")
            }
            (read,) = (await mcp.read_resource(f"raro://artifacts/{run_id}/more/report.md")).contents
            assert isinstance(read, types.TextResourceContents)
            assert read.text == "# more/report.md"
            (output,) = (await mcp.read_resource(f"raro://outputs/{run_id}/writer_files")).contents
            assert isinstance(output, types.TextResourceContents)
            assert output.text == "I looked."
            templates = [item.uri_template for item in (await mcp.list_resource_templates()).resource_templates]
            assert "raro://artifacts/{run_id}/{+path}" in templates


async def test_what_is_too_large_says_how_large_and_where_to_get_it(raro: Server, me: str) -> None:
    size = MAX_RESOURCE_BYTES + 1
    with raro.client(me) as client:
        upload(client, "large.csv", b"x" * size)
        upload(client, "fits.csv", b"x" * MAX_RESOURCE_BYTES)
    async with inside(raro, me) as mcp:
        with pytest.raises(MCPError) as refused:
            await mcp.read_resource("raro://library/large.csv")
        assert refused.value.data["code"] == "too_large"
        for words in (str(size), "read_part", "raro get", f"{raro.url}/runtime/library/files/large.csv"):
            assert words in refused.value.message
        (whole,) = (await mcp.read_resource("raro://library/fits.csv")).contents
        assert isinstance(whole, types.TextResourceContents)
        assert len(whole.text) == MAX_RESOURCE_BYTES


async def test_nothing_else_can_be_read(raro: Server, me: str) -> None:
    with raro.client(f"{me}x") as other:
        upload(other, "secret.txt", b"secret")
    addresses = {
        "raro://library/secret.txt": "file_not_found",
        "raro://library/%2Fetc%2Fpasswd": "bad_name",
        "raro://library/a%00b": "bad_name",
        "raro://library/..": "bad_name",
        "raro://artifacts/run_nothing/a.txt": "artifact_not_found",
        "raro://artifacts/run_nothing/../../library/files/secret.txt": "bad_name",
        "raro://artifacts/..%2F..%2Fhealth/x": "bad_name",
        "raro://outputs/run_nothing/x": "agent_not_found",
        "file:///etc/passwd": "bad_name",
    }
    async with inside(raro, me) as mcp:
        for uri, code in addresses.items():
            with pytest.raises(MCPError) as refused:
                await mcp.read_resource(uri)
            assert (refused.value.data["code"], refused.value.code) == (code, -32602), uri
        with pytest.raises(MCPError) as bad:
            await mcp.list_resources(cursor="nonsense")
        assert bad.value.data["code"] == "bad_cursor"


async def test_a_new_file_is_told_of_to_whoever_listens(raro: Server, me: str) -> None:
    async with host(raro, me) as mcp:
        uri = "raro://library/later.txt"
        async with mcp.listen(resources_list_changed=True, resource_subscriptions=[uri]) as notices:
            seen: set[Any] = set()
            with raro.client(me) as client:
                # What the server tells of begins once `raro mcp` has its stream.
                while not {ResourcesListChanged(), ResourceUpdated(uri)} <= seen:
                    await asyncio.to_thread(upload, client, "later.txt", f"{len(seen)}".encode())
                    seen.add(await anext(aiter(notices)))
        assert uri in {resource.uri for resource in (await mcp.list_resources()).resources}


async def test_older_clients_are_told_without_asking(raro: Server, me: str) -> None:
    told = asyncio.Event()

    async def heard(message: Any) -> None:
        if isinstance(message, types.ResourceListChangedNotification):
            told.set()

    async with host(raro, me, mode="legacy", on_message=heard) as mcp:
        await mcp.list_resources()
        with raro.client(me) as client:
            for number in range(100):
                await asyncio.to_thread(upload, client, "later.txt", str(number).encode())
                if told.is_set():
                    break
                await asyncio.sleep(0.1)
        assert told.is_set()
