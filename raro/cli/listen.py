"""An ASGI app on a TCP port: bound before anything is told, ended in order when told."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from raro.errors import StartFailed

if TYPE_CHECKING:
    from uvicorn._types import ASGIApplication

# Streams that live as long as their readers end now; uploads in progress get this long.
_GRACE_S = 5


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which would end the process by the signal: `stay` has them."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()


async def listen(
    app: ASGIApplication, host: str, port: int, stop: asyncio.Event, on_ready: Callable[[str], None]
) -> None:
    """Serve `app` until `stop` is set; `on_ready` gets the URL once it can answer. Port 0 picks a free one.

    Raises:
        StartFailed: the address cannot be listened on.
    """
    with bound(host, port) as listener:
        server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve([listener]))
            await server.serving.wait()
            on_ready(url_of(listener))
            await stop.wait()
            # sse-starlette hears of the end through this very method.
            server.handle_exit(signal.SIGTERM, None)


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens on the address. Raises StartFailed when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, port))
            made.listen(2048)
        except OSError as fault:
            raise StartFailed(_why(host, port, fault), host=host, port=port) from fault
        made.set_inheritable(False)
        yield made


def url_of(listener: socket.socket) -> str:
    """`http://HOST:PORT` of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _why(host: str, port: int, fault: OSError) -> str:
    match fault.errno:
        case errno.EADDRINUSE:
            cause, advice = "is in use", "Stop what listens there, or choose another with --port (0 picks a free one)."
        case errno.EACCES:
            cause, advice = "is not for this user", "Choose a port above 1023 with --port."
        case _:
            cause, advice = (
                f"cannot be had ({fault.strerror or fault})",
                "Choose an address of this machine with --host.",
            )
    return f"port {port} of {host} {cause}. {advice}"
