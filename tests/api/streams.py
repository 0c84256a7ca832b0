"""Reading the event stream as a page does: fold what comes, remember where to resume."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from raro.client.frames import Frame, frames_of
from tests.api.conftest import Stage

VIEWS = "library,artifacts,runs"
Rows = dict[str, dict[Any, dict[str, Any]]]


def _key(view: str, row: Any) -> Any:
    match view:
        case "library":
            return row["filename"] if isinstance(row, dict) else row
        case "artifacts":
            return (row["run_id"], row["filename"])
        case _:
            return row["run_id"] if isinstance(row, dict) else row


@dataclass
class Page:
    """What a page shows, and where it would go on."""

    rows: Rows = field(default_factory=lambda: {view: {} for view in VIEWS.split(",")})
    cursor: str | None = None
    head: int = 0
    seen: list[Frame] = field(default_factory=list)
    patience: int = 0

    def fold(self, frame: Frame) -> None:
        """Take in one frame."""
        self.seen.append(frame)
        match frame.event:
            case "snapshot":
                self.rows[frame.data["view"]] = {_key(frame.data["view"], row): row for row in frame.data["rows"]}
            case "patch":
                shown = self.rows[frame.data["view"]]
                for gone in frame.data["removes"]:
                    shown.pop(_key(frame.data["view"], gone), None)
                shown.update({_key(frame.data["view"], row): row for row in frame.data["upserts"]})
        if frame.id:
            self.cursor = frame.id
            self.head = int(frame.id.partition(":")[2])

    async def read(self, client: httpx.AsyncClient, until: Callable[[], bool], *, by_header: bool = False) -> None:
        """Connect, go on behind the cursor, and break off as soon as `until` holds."""
        async with opened(client, self.cursor, by_header=by_header) as incoming:
            async for frame in incoming:
                self.fold(frame)
                if until():
                    return

    def events(self) -> list[str]:
        """Which frames came."""
        return [frame.event for frame in self.seen]


@asynccontextmanager
async def opened(
    client: httpx.AsyncClient, cursor: str | None = None, *, views: str = VIEWS, by_header: bool = False
) -> AsyncIterator[AsyncIterator[Frame]]:
    """A stream's frames from a cursor."""
    headers = {"Last-Event-ID": cursor} if cursor and by_header else {}
    params = {"views": views} | ({"after": cursor} if cursor and not by_header else {})
    async with client.stream("GET", "/runtime/stream", params=params, headers=headers, timeout=20) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield frames_of(answer.aiter_lines())


async def rest_rows(client: httpx.AsyncClient) -> Rows:
    """The same views as REST gives them."""
    library = (await client.get("/runtime/library")).json()["files"]
    runs = (await client.get("/runtime/runs", params={"limit": 1000})).json()["runs"]
    listed = (await client.get("/runtime/artifacts", params={"limit": 5000})).json()["artifacts"]
    files = [row for run in listed for row in run["metadata"]["artifacts"]]
    found = {"library": library, "artifacts": files, "runs": runs}
    return {view: {_key(view, row): row for row in rows} for view, rows in found.items()}


async def level(stage: Stage, page: Page, client: httpx.AsyncClient) -> None:
    """Read on until the page has everything that is in the log now."""
    head = await stage.raro.core.log.head()
    page.seen.clear()
    await page.read(
        client, lambda: bool(page.seen) and page.seen[-1].data.get("head", 0) >= head and page.seen[-1].id is not None
    )
