"""A page of another site may look at nothing and change nothing."""

from __future__ import annotations

import httpx
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse

from raro.api.app import Edge
from raro.api.operations import Traffic


async def test_a_command_from_another_sites_page_is_refused() -> None:
    inner = FastAPI()

    @inner.api_route("/x", methods=["GET", "POST"])
    async def reached(request: Request) -> JSONResponse:
        return JSONResponse({"reached": True})

    edge = Edge(inner, Traffic())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://raro") as client:
        foreign = {"Sec-Fetch-Site": "cross-site"}
        assert (await client.get("/x", headers=foreign)).status_code == 200
        refused = await client.post("/x", headers=foreign)
        assert (refused.status_code, refused.json()["code"]) == (403, "cross_site")
        for site in ("same-origin", "none"):
            assert (await client.post("/x", headers={"Sec-Fetch-Site": site})).status_code == 200
        assert (await client.post("/x")).status_code == 200
