"""The options by which commands choose among events; the same as `/audit/events` has."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer


def moment(text: str) -> datetime:
    """A moment (RFC 3339) or a UTC day, as a person types it."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither a day as 2026-11-21 nor a moment as 2026-11-21T08:30Z") from None


RunOption = Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only this run's.")]
AgentOption = Annotated[str | None, typer.Option("--agent", metavar="AGENT", help="Only what this agent did.")]
TypeOption = Annotated[str | None, typer.Option("--type", help="Only of this type, such as file_generated.")]
ActorOption = Annotated[
    str | None, typer.Option("--actor", metavar="WHO", help="Only by this one: user:ada, agent:writer, system.")
]
FromOption = Annotated[
    datetime | None, typer.Option("--from", metavar="TIME", parser=moment, help="From this moment or UTC day on.")
]
ToOption = Annotated[
    datetime | None, typer.Option("--to", metavar="TIME", parser=moment, help="Until before this moment or UTC day.")
]
TextOption = Annotated[
    str | None, typer.Option("--text", metavar="WORDS", help="Only with this text anywhere in them, in any case.")
]
