"""The event log over HTTP, page by page."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypedDict, Unpack, cast

from raro.client.rows import EventPage, LogEvent
from raro.client.transport import Transport, segment

_VERIFY_S = 1800.0


class EventFilters(TypedDict, total=False):
    """Which events: of one run, agent, type or actor, of the time from `begin` until before `end`, with `text` in them.

    None asks nothing. A type is whole or its last word; an actor is `user:ada`, `agent:writer` or `system`.
    """

    run_id: str | None
    agent: str | None
    type: str | None
    actor: str | None
    begin: datetime | None
    end: datetime | None
    text: str | None


_PARAMETERS = {"begin": "from", "end": "to", "text": "q"}


class CheckRow(TypedDict):
    """One thing that was verified; `since` is the first event that is concerned."""

    name: str
    ok: bool
    detail: str
    since: int | None


class Verified(TypedDict):
    """What a verification of the whole log found."""

    ok: bool
    size: int
    root: str
    checks: list[CheckRow]


class Audit:
    """Every event of this client, as it was written."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def page(
        self, *, after: int | str | None = None, limit: int | None = None, **filters: Unpack[EventFilters]
    ) -> EventPage:
        """Events behind position `after`, oldest first."""
        params = {"after": after, "limit": limit, **_parameters(filters)}
        return cast(EventPage, await self._transport.call("GET", "/audit/events", params=params))

    async def events(
        self, *, after: int | str | None = None, **filters: Unpack[EventFilters]
    ) -> AsyncGenerator[LogEvent]:
        """Every event behind `after`, over as many pages as there are."""
        while True:
            page = await self.page(after=after, **filters)
            for event in page["events"]:
                yield event
            if page["next"] is None:
                return
            after = page["next"]

    async def verify(self) -> Verified:
        """Have the server reread its whole log; may take a while. Raises AuditDamaged, LogUnavailable."""
        return cast(Verified, await self._transport.call("GET", "/audit/verify", timeout_s=_VERIFY_S))

    async def proof(self, event: str | int) -> dict[str, Any]:
        """Proof that an event is in the log that was signed. Raises EventNotFound, AuditDamaged."""
        return cast(dict[str, Any], await self._transport.call("GET", f"/audit/proof/{segment(str(event))}"))

    @asynccontextmanager
    async def package(self, run_id: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """A run as a proof package (a zip), piece by piece. Raises RunNotFound, AuditDamaged, BytesErased."""
        path = f"/runtime/artifacts/{segment(run_id)}/crate"
        async with self._transport.receive(path, read_timeout_s=_VERIFY_S) as response:
            yield response.aiter_bytes()


def _parameters(filters: EventFilters) -> dict[str, Any]:
    return {
        _PARAMETERS.get(name, name): value.isoformat() if isinstance(value, datetime) else value
        for name, value in filters.items()
    }
