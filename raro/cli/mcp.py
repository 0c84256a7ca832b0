"""`raro mcp`: this client's files and one run's workspace for other agents, over stdio or HTTP."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Annotated, cast

import typer

from raro.cli.command import Session, new_app, online
from raro.errors import BadRequest, Unavailable
from raro.tasks import end

if TYPE_CHECKING:
    from uvicorn._types import ASGIApplication

    from raro.client import RaroClient
    from raro.mcp.desk import Desk
    from raro.mcp.server import McpServer

app = new_app()

_LEAVE_S = 5.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@app.command()
@online
async def mcp(
    session: Session,
    run_id: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Work in this run's workspace.")] = None,
    agent_id: Annotated[
        str | None,
        typer.Option("--agent", metavar="AGENT", help="As this agent; default: the only one, or the only puppet."),
    ] = None,
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, metavar="SECONDS", help="How long a call in the workspace is waited for.")
    ] = 50,
    http: Annotated[
        str | None, typer.Option("--http", metavar="HOST:PORT", help="Serve streamable HTTP on a loopback address.")
    ] = None,
) -> None:
    """Serve library, artifacts and a run's tools by the Model Context Protocol; docs/mcp.md tells how to use it."""
    if agent_id is not None and run_id is None:
        raise BadRequest("--agent names an agent of a run: add --run RUN.")
    place = None if http is None else _loopback(http)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    async with _serving(session.client, run_id, agent_id, wait_s) as (server, desk):
        if place is None:
            await _stdio(server, desk)
        else:
            await _http(session, server, *place)


@asynccontextmanager
async def _serving(
    client: RaroClient, run_id: str | None, agent_id: str | None, wait_s: float
) -> AsyncIterator[tuple[McpServer, Desk]]:
    # The protocol's package takes half a second to load: no other command is to wait for it.
    from raro.mcp.changes import Changes
    from raro.mcp.desk import Desk
    from raro.mcp.server import McpServer

    changes = Changes(client)
    desk = Desk(client, changes, run_id, agent_id, call_s=wait_s)
    try:
        await desk.workspace()
    except Unavailable as away:
        logging.getLogger(__name__).warning("%s Tools are there once it is.", away.message)
    tasks = [asyncio.create_task(changes.follow()), asyncio.create_task(desk.announce())]
    try:
        yield McpServer(client, changes, desk), desk
    finally:
        await end(*tasks)
        await desk.close()


async def _stdio(server: McpServer, desk: Desk) -> None:
    from mcp.server.stdio import stdio_server

    leaving: set[asyncio.Task[None]] = set()

    def told(number: signal.Signals) -> None:
        leaving.add(asyncio.create_task(_leave(desk, number)))

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told, number)
    async with stdio_server() as (incoming, outgoing):
        await server.protocol.run(incoming, outgoing, server.options)


async def _leave(desk: Desk, number: int) -> None:
    """Put things in order, then end by the signal: a thread that waits for the next line cannot be cancelled."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LEAVE_S):
            await desk.close()
    asyncio.get_running_loop().remove_signal_handler(number)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


async def _http(session: Session, server: McpServer, host: str, port: int) -> None:
    from raro.cli.listen import listen

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def ready(url: str) -> None:
        session.out.line({"url": f"{url}/mcp"}, f"RARO MCP ready at {url}/mcp")

    # Without sessions: whoever speaks an older version is not told of changes, and nothing is kept of who went away.
    app = server.protocol.streamable_http_app(host=host, stateless_http=True)
    await listen(cast("ASGIApplication", app), host, port, stop, ready)


def _loopback(place: str) -> tuple[str, int]:
    """HOST:PORT, of this machine only: whoever reaches it may do what the client may do."""
    host, colon, port = place.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise BadRequest(f"--http {place!r} is not HOST:PORT, for example 127.0.0.1:3333.")
    if host not in _LOOPBACK:
        raise BadRequest(f"--http {place!r} is not on {', '.join(_LOOPBACK)}: nobody is asked who they are.")
    return host, int(port)
