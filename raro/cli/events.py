"""`raro events`: the log itself, for people; list, tail, show, schema."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Annotated

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.event_lines import event_line
from raro.cli.event_schema import schema
from raro.cli.output import Output
from raro.client.rows import LogEvent
from raro.errors import NotFound, ServerUnreachable

app = new_app(lists=True)
app.command("schema")(schema)

_LOOK_S = 0.5

After = Annotated[int, typer.Option("--after", min=0, help="Only events behind this number.")]
RunOption = Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only this run's.")]
TypeOption = Annotated[str | None, typer.Option("--type", help="Only of this type, such as file_generated.")]


@app.command("list")
@online
async def list_events(
    session: Session,
    after: After = 0,
    run: RunOption = None,
    type: TypeOption = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")] = None,
) -> None:
    """List events, oldest first; with --json one object per line."""
    count = 0
    async for event in session.client.audit.events(after=after, run_id=run, type=type):
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
) -> None:
    """Show the last events, and with -f every new one."""
    last: deque[LogEvent] = deque(maxlen=lines)
    seq = 0
    async for event in session.client.audit.events(run_id=run, type=type):
        last.append(event)
        seq = event["seq"]
    for event in last:
        show_event(session.out, event)
    while follow:
        await asyncio.sleep(_LOOK_S)
        try:
            async for event in session.client.audit.events(after=seq, run_id=run, type=type):
                show_event(session.out, event)
                seq = event["seq"]
        except ServerUnreachable:
            # It is started again, or Ctrl-C ends the wait; no event is missed meanwhile.
            await asyncio.sleep(_LOOK_S)


@app.command()
@online
async def show(
    session: Session, seq: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The event's number.")]
) -> None:
    """Show one event in full."""
    page = await session.client.audit.page(after=seq - 1, limit=1)
    found = next((event for event in page["events"] if event["seq"] == seq), None)
    if found is None:
        raise NotFound(f"there is no event {seq} of this client. `raro events` lists those there are.", seq=seq)
    text = json.dumps(found, indent=2, ensure_ascii=True)
    session.out.answer(found, lambda console: console.print(text, soft_wrap=True))


def show_event(out: Output, event: LogEvent) -> None:
    """One event on one line, as JSON or for people."""
    out.line(event, event_line(event))
