"""The ASGI application: routers, problems, security headers, request counting."""

from __future__ import annotations

import logging
import time
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from sse_starlette.sse import SendTimeoutError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from raro.api import (
    agents,
    analytics,
    approvals,
    artifacts,
    audit,
    console,
    library,
    lineage,
    operations,
    policy,
    previews,
    problems,
    proofs,
    replay,
    reports,
    runs,
    sse,
    templates,
)
from raro.api.described import DescribedAPI
from raro.api.services import Services

logger = logging.getLogger(__name__)

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
)
_SAFE = ("GET", "HEAD", "OPTIONS")
_CROSS_SITE = "Another site's page may not send commands to RARO. Use the console or a program of your own."


def create_app(services: Services) -> FastAPI:
    """The application over these services."""
    app = _routes()
    app.state.services = services
    app.state.activity = sse.ActivityHub(services)
    app.state.traffic = operations.Traffic()
    problems.install(app)
    app.add_middleware(Edge, traffic=app.state.traffic)
    return app


def describe() -> dict[str, Any]:
    """What /openapi.json answers, made without any service."""
    return _routes().openapi()


def _routes() -> FastAPI:
    app = DescribedAPI(
        title="RARO",
        version=version("raro"),
        summary="A file system with a memory for teams of AI agents",
        docs_url=None,
        redoc_url=None,
    )
    # Previews and lineage come before the files they are of, the stream, the rules and the artifacts before
    # /runtime/{run_id}/…: the first that matches is taken.
    known = (
        sse,
        previews,
        lineage,
        library,
        artifacts,
        policy,
        templates,
        runs,
        reports,
        approvals,
        agents,
        audit,
        proofs,
        replay,
        analytics,
        operations,
        console,
    )
    for module in known:
        app.include_router(module.router)
    app.router.routes.append(console.assets())
    return app


class Edge:
    """Adds the security headers, counts, and answers what nobody expected; plain ASGI, for it sees every chunk."""

    def __init__(self, app: ASGIApp, traffic: operations.Traffic) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _crosses_sites(scope):
            refused = problems.problem(Request(scope), 403, "cross_site", _CROSS_SITE)
            await refused(scope, receive, send)
            return
        started, begun, ended = time.monotonic(), False, False

        async def edged(message: Message) -> None:
            nonlocal begun, ended
            if message["type"] == "http.response.start":
                begun = True
                present = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in _HEADERS if name not in present),
                ]
                self._traffic.note(scope["method"], message["status"], time.monotonic() - started)
            elif message["type"] == "http.response.body":
                ended = not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, edged)
            if begun and not ended:
                # A stream that is let go at the end of the process just stops; the server wants to hear of it.
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except SendTimeoutError:
            logger.info("%s: its reader takes nothing, it is let go", scope["path"])
        except Exception as error:
            answer = await problems.on_unexpected(Request(scope), error)
            if begun:
                raise
            await answer(scope, receive, edged)


def _crosses_sites(scope: Scope) -> bool:
    """Whether a browser says that another site's page sends this command (Fetch Metadata, W3C)."""
    return scope["method"] not in _SAFE and (b"sec-fetch-site", b"cross-site") in scope["headers"]
