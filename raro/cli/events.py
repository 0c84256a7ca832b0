"""`raro events`: the log itself, for people; list, tail, show, schema."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Annotated, Protocol

import typer

from raro.cli.command import Session, new_app, online, serving
from raro.cli.event_lines import event_line
from raro.cli.event_schema import schema
from raro.cli.output import Output
from raro.cli.stored_log import StoredLog, open_stored_log
from raro.client import RaroClient
from raro.client.rows import LogEvent
from raro.errors import NotFound, ServerUnreachable
from raro.settings import Settings

app = new_app(lists=True)
app.command("schema")(schema)

_LOOK_S = 0.5

After = Annotated[int, typer.Option("--after", min=0, help="Only events behind this number.")]
RunOption = Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only this run's.")]
StorageFolder = Annotated[
    Path | None,
    typer.Option(
        "--storage",
        metavar="FOLDER",
        help="Read this data folder's log; without a server on it, the events of all clients.",
    ),
]
TypeOption = Annotated[str | None, typer.Option("--type", help="Only of this type, such as file_generated.")]


@app.command("list")
@online
async def list_events(
    session: Session,
    after: After = 0,
    run: RunOption = None,
    type: TypeOption = None,
    storage: StorageFolder = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")] = None,
) -> None:
    """List events, oldest first; with --json one object per line."""
    count = 0
    async with _source(session, storage) as source:
        async for event in source.events(after=after, run_id=run, type=type):
            show_event(session.out, event)
            count += 1
            if count == limit:
                return


@app.command()
@online
async def tail(
    session: Session,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new events until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="So many of the last ones.")] = 20,
    run: RunOption = None,
    type: TypeOption = None,
    storage: StorageFolder = None,
) -> None:
    """Show the last events, and with -f every new one."""
    last: deque[LogEvent] = deque(maxlen=lines)
    seq = 0
    async with _source(session, storage) as source:
        async for event in source.events(run_id=run, type=type):
            last.append(event)
            seq = event["seq"]
        for event in last:
            show_event(session.out, event)
        while follow:
            await asyncio.sleep(_LOOK_S)
            # A server that is started again is back by one of the next looks; no event is missed meanwhile.
            with contextlib.suppress(ServerUnreachable):
                async for event in source.events(after=seq, run_id=run, type=type):
                    show_event(session.out, event)
                    seq = event["seq"]


@app.command()
@online
async def show(
    session: Session,
    seq: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The event's number.")],
    storage: StorageFolder = None,
) -> None:
    """Show one event in full."""
    async with _source(session, storage) as source, aclosing(source.events(after=seq - 1)) as events:
        found = await anext(events, None)
    if found is None or found["seq"] != seq:
        raise NotFound(f"there is no event {seq} of this client. `raro events` lists those there are.", seq=seq)
    text = json.dumps(found, indent=2, ensure_ascii=True)
    session.out.answer(found, lambda console: console.print(text, soft_wrap=True))


class Source(Protocol):
    """Where events come from: a server (`raro.client.audit`) or a data folder (`stored_log`)."""

    def events(
        self, *, after: int | str | None = None, run_id: str | None = None, type: str | None = None
    ) -> AsyncGenerator[LogEvent]:
        """Every event behind `after`, oldest first, to the end of the log."""


@asynccontextmanager
async def _source(session: Session, storage: Path | None) -> AsyncIterator[Source]:
    if storage is None:
        yield session.client.audit
        return
    if url := serving(storage):
        async with RaroClient(url, session.client.client_id) as client:
            yield client.audit
        return
    async with open_stored_log(Settings(storage=storage)) as log:
        yield StoredLog(log)


def show_event(out: Output, event: LogEvent) -> None:
    """One event on one line, as JSON or for people."""
    out.line(event, event_line(event))
