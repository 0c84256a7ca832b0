"""`raro events`: the log itself, for people; list, tail, show, schema, and as files for others."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Protocol, Unpack

import typer

from raro.cli.command import Session, new_app, online, serving
from raro.cli.event_filters import (
    ActorOption,
    AgentOption,
    FromOption,
    RunOption,
    TextOption,
    ToOption,
    TypeOption,
)
from raro.cli.event_lines import event_line
from raro.cli.event_schema import schema
from raro.cli.output import Output
from raro.cli.stored_log import StoredLog, open_stored_log
from raro.client import RaroClient
from raro.client.audit import EventFilters
from raro.client.rows import LogEvent
from raro.errors import NotFound, ServerUnreachable
from raro.events.exports import Format, writer
from raro.settings import Settings

app = new_app(lists=True)
app.command("schema")(schema)

_LOOK_S = 0.5
_BATCH = 2_000

After = Annotated[int, typer.Option("--after", min=0, help="Only events behind this number.")]
StorageFolder = Annotated[
    Path | None,
    typer.Option(
        "--storage",
        metavar="FOLDER",
        help="Read this data folder's log; without a server on it, the events of all clients.",
    ),
]


@app.command("list")
@online
async def list_events(
    session: Session,
    after: After = 0,
    run: RunOption = None,
    agent: AgentOption = None,
    type: TypeOption = None,
    actor: ActorOption = None,
    begin: FromOption = None,
    end: ToOption = None,
    text: TextOption = None,
    storage: StorageFolder = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")] = None,
    format: Annotated[
        Format | None, typer.Option("--format", help="As a file of this kind instead of lines for people.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where the file goes; default: stdout.")
    ] = None,
) -> None:
    """List events, oldest first; with --json one object per line."""
    filters = EventFilters(run_id=run, agent=agent, type=type, actor=actor, begin=begin, end=end, text=text)
    if format is None and output is not None:
        raise typer.BadParameter("say with --format what the file shall be: jsonl, cloudevents or parquet")
    async with (
        _source(session, storage) as source,
        aclosing(_first(limit, source.events(after=after, **filters))) as events,
    ):
        if format is not None:
            await _export(events, format, output)
        else:
            async for event in events:
                show_event(session.out, event)


@app.command()
@online
async def tail(
    session: Session,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new events until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="So many of the last ones.")] = 20,
    run: RunOption = None,
    agent: AgentOption = None,
    type: TypeOption = None,
    actor: ActorOption = None,
    begin: FromOption = None,
    end: ToOption = None,
    text: TextOption = None,
    storage: StorageFolder = None,
) -> None:
    """Show the last events, and with -f every new one."""
    filters = EventFilters(run_id=run, agent=agent, type=type, actor=actor, begin=begin, end=end, text=text)
    last: deque[LogEvent] = deque(maxlen=lines)
    seq = 0
    async with _source(session, storage) as source:
        async for event in source.events(**filters):
            last.append(event)
            seq = event["seq"]
        for event in last:
            show_event(session.out, event)
        while follow:
            await asyncio.sleep(_LOOK_S)
            # A server that is started again is back by one of the next looks; no event is missed meanwhile.
            with contextlib.suppress(ServerUnreachable):
                async for event in source.events(after=seq, **filters):
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

    def events(self, *, after: int | str | None = None, **filters: Unpack[EventFilters]) -> AsyncGenerator[LogEvent]:
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


async def _first(limit: int | None, events: AsyncGenerator[LogEvent]) -> AsyncGenerator[LogEvent]:
    """The first of them, all without a limit."""
    count = 0
    async with aclosing(events):
        async for event in events:
            yield event
            count += 1
            if count == limit:
                return


async def _export(events: AsyncIterator[LogEvent], format: Format, output: Path | None) -> None:
    """Write them as one file."""
    file, batch = writer(format), list[LogEvent]()
    with _written(output) as target:
        async for event in events:
            batch.append(event)
            if len(batch) == _BATCH:
                target.write(file.add(batch))
                batch.clear()
        target.write(file.add(batch) + file.end())


@contextmanager
def _written(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        target = output.open("wb")
    except OSError as error:
        raise typer.BadParameter(f"{str(output)!r} cannot be written: {error.strerror}") from None
    with target:
        yield target


def show_event(out: Output, event: LogEvent) -> None:
    """One event on one line, as JSON or for people."""
    out.line(event, event_line(event))
