"""The ASGI application: routers, problems, security headers, request counting."""

from __future__ import annotations

import time
from importlib.metadata import version

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from raro.api import artifacts, audit, library, operations, problems, runs, sse
from raro.api.services import Services

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
)


def create_app(services: Services) -> FastAPI:
    """The application over these services."""
    app = FastAPI(
        title="RARO",
        version=version("raro"),
        summary="A file system with a memory for teams of AI agents",
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    app.state.activity = sse.ActivityHub(services)
    app.state.traffic = operations.Traffic()
    problems.install(app)
    # The stream and the artifacts come before /runtime/{run_id}/…, which would match them too.
    for module in (sse, library, artifacts, runs, audit, operations):
        app.include_router(module.router)
    app.add_middleware(Edge, traffic=app.state.traffic)
    return app


class Edge:
    """Adds the security headers and counts; plain ASGI, for it sees every chunk of every transfer."""

    def __init__(self, app: ASGIApp, traffic: operations.Traffic) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()

        async def edged(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in _HEADERS if name not in present),
                ]
                self._traffic.note(scope["method"], message["status"], time.monotonic() - started)
            await send(message)

        await self._app(scope, receive, edged)
