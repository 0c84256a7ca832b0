"""The event log over HTTP, page by page."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any, TypedDict, Unpack, cast

from raro.client.rows import EventPage, LogEvent
from raro.client.transport import Transport


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


def _parameters(filters: EventFilters) -> dict[str, Any]:
    return {
        _PARAMETERS.get(name, name): value.isoformat() if isinstance(value, datetime) else value
        for name, value in filters.items()
    }
