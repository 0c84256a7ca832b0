"""The event log over HTTP, page by page."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import cast

from raro.client.rows import EventPage, LogEvent
from raro.client.transport import Transport


class Audit:
    """Every event of this client, as it was written."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def page(
        self,
        *,
        after: int | str | None = None,
        run_id: str | None = None,
        type: str | None = None,
        limit: int | None = None,
    ) -> EventPage:
        """Events behind position `after`, oldest first."""
        params = {"after": after, "run_id": run_id, "type": type, "limit": limit}
        return cast(EventPage, await self._transport.call("GET", "/audit/events", params=params))

    async def events(
        self,
        *,
        after: int | str | None = None,
        run_id: str | None = None,
        type: str | None = None,
    ) -> AsyncGenerator[LogEvent]:
        """Every event behind `after`, over as many pages as there are."""
        while True:
            page = await self.page(after=after, run_id=run_id, type=type)
            for event in page["events"]:
                yield event
            if page["next"] is None:
                return
            after = page["next"]
