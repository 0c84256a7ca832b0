"""Where the past is asked about: a server, or a data folder that nobody serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Protocol, TypeVar, cast

import typer

from raro.cli.command import Session, serving
from raro.cli.output import Output
from raro.cli.stored import stored
from raro.client import RaroClient
from raro.client.past import AsOf, PointsDifference, RunsDifference
from raro.errors import BadRequest, ReplayPreparing
from raro.replay.asof import VIEWS, Wanted
from raro.replay.past import Past
from raro.wiring.running import past_of

T = TypeVar("T")

StorageFolder = Annotated[
    Path | None,
    typer.Option("--storage", metavar="FOLDER", help="Read this data folder; without a server on it, from the disk."),
]
PUBLIC = "public"
_LIMIT = 200
_AGAIN_S = 2.0


class PastSource(Protocol):
    """What both can be asked; see `raro.client.past`."""

    async def at(
        self,
        point: int | str,
        *,
        views: Sequence[str] | None = None,
        run_id: str | None = None,
        limit: int | None = None,
    ) -> AsOf:
        """Library, artifacts and runs as they were."""

    async def between(self, first: int | str, second: int | str, *, limit: int | None = None) -> PointsDifference:
        """What came, went and changed."""

    async def between_runs(self, first: str, second: str, *, limit: int | None = None) -> RunsDifference:
        """What is different between two runs."""


@asynccontextmanager
async def past_source(session: Session, storage: Path | None) -> AsyncIterator[PastSource]:
    """The server that the session talks to, the one that holds the folder, or the folder itself."""
    if storage is None:
        yield session.client.past
    elif url := serving(storage):
        async with RaroClient(url, session.client.client_id) as client:
            yield client.past
    else:
        async with _stored(storage, session.client.client_id or PUBLIC) as source:
            yield source


async def patiently(out: Output, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until the past of a long log is prepared, saying how far it is."""
    while True:
        try:
            return await ask()
        except ReplayPreparing as wait:
            if "prepared" not in wait.detail:
                raise
            out.remark(f"preparing the past: up to event {wait.detail['prepared']} so far", style="dim")
            await asyncio.sleep(_AGAIN_S)


@asynccontextmanager
async def _stored(storage: Path, client_id: str) -> AsyncIterator[PastSource]:
    if not storage.is_dir():
        raise BadRequest(f"there is no folder {str(storage)!r}; name the data folder with --storage.")
    async with stored(storage) as (built, views):
        past = past_of(built, views)
        try:
            yield _Stored(past, client_id)
        finally:
            await past.close()


class _Stored:
    """The past of a folder; its answers are those of the server."""

    def __init__(self, past: Past, client_id: str) -> None:
        self._past = past
        self._client_id = client_id

    async def at(
        self,
        point: int | str,
        *,
        views: Sequence[str] | None = None,
        run_id: str | None = None,
        limit: int | None = None,
    ) -> AsOf:
        wanted = Wanted(views=VIEWS if views is None else tuple(views), run_id=run_id, limit=limit or _LIMIT)
        return cast(AsOf, await self._past.at(self._client_id, str(point), wanted))

    async def between(self, first: int | str, second: int | str, *, limit: int | None = None) -> PointsDifference:
        found = await self._past.between(self._client_id, str(first), str(second), limit or _LIMIT)
        return cast(PointsDifference, found)

    async def between_runs(self, first: str, second: str, *, limit: int | None = None) -> RunsDifference:
        return cast(RunsDifference, await self._past.between_runs(self._client_id, first, second, limit or _LIMIT))
