"""The client object: one connection pool, one noun per attribute."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Self, cast

from raro.client.analytics import Analytics
from raro.client.approvals import Approvals
from raro.client.artifacts import Artifacts
from raro.client.audit import Audit
from raro.client.frames import Frame
from raro.client.library import Library
from raro.client.past import Past
from raro.client.policy import Policy
from raro.client.runs import Runs
from raro.client.stream import stream
from raro.client.transport import Transport
from raro.client.watch import Patch, View, watch

DEFAULT_SERVER = "http://127.0.0.1:3000"


class RaroClient:
    """RARO's HTTP interface as one client sees it; use it as an async context manager.

    `client_id` None speaks as the server's `public`. `timeout_s` bounds each connect, read and write,
    not a transfer as a whole.
    """

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        client_id: str | None = None,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        self.server = server
        self.client_id = client_id
        self._transport = Transport(server, client_id, api_key=api_key, timeout_s=timeout_s)
        self.library = Library(self._transport)
        self.runs = Runs(self._transport)
        self.artifacts = Artifacts(self._transport)
        self.audit = Audit(self._transport)
        self.past = Past(self._transport)
        self.approvals = Approvals(self._transport)
        self.policy = Policy(self._transport)
        self.analytics = Analytics(self._transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    async def health(self) -> dict[str, Any]:
        """The state of every part of the server."""
        return cast(dict[str, Any], await self._transport.call("GET", "/health"))

    def watch(self, views: Sequence[View], *, after: str | None = None) -> AsyncGenerator[Patch]:
        """Patches of the named views for ever, first all rows; every change once, also over restarts of the server.

        `after` is the `cursor` of the last patch that was handled: then only what changed since comes.

        Raises:
            ServerUnreachable: the first connection failed; later ones are tried until one holds.
            RaroError: the server refused to be watched.
        """
        return watch(self._transport, views, after=after)

    def stream(
        self, views: Sequence[str], *, after: str | None = None, reconnect: bool = True
    ) -> AsyncGenerator[Frame]:
        """Live frames as they are sent, activity among them, resumed after every break; see `raro.client.stream`."""
        return stream(self._transport, views, after=after, reconnect=reconnect)
