"""What every command shares: its common options, its client, its event loop.

    @app.command()
    @online
    async def pin(session: Session, run_id: …, path: …) -> None:

`online` replaces `session` by --server, --client and --json, `offline` replaces `place` by --storage
and --json. The command's return value is its exit code; None is 0.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from raro.cli.output import Output
from raro.embedded.lock import holder_of

if TYPE_CHECKING:
    from raro.client import RaroClient

Command = Callable[..., Coroutine[Any, Any, int | None]]

ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server", envvar="RARO_SERVER", metavar="URL", help="The server; default: the one of ./storage, or port 3000."
    ),
]
ClientOption = Annotated[
    str | None, typer.Option("--client", envvar="RARO_CLIENT_ID", metavar="ID", help="Who you are; default: public.")
]
StorageOption = Annotated[
    Path, typer.Option("--storage", envvar="RARO_STORAGE", metavar="FOLDER", help="The data folder.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, and nothing else.")]


@dataclass(frozen=True)
class Session:
    """A command's way to the server and to the person."""

    client: RaroClient
    out: Output


@dataclass(frozen=True)
class Place:
    """A command's storage folder and way to the person."""

    storage: Path
    out: Output


class ListsByDefault(TyperGroup):
    """A noun whose `list` is meant when no verb is named: `raro artifacts --sort agent`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` before arguments that begin with no verb."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def new_app(*, lists: bool = False) -> typer.Typer:
    """A typer app for one command, or for one noun's commands with `list` among them."""
    return typer.Typer(cls=ListsByDefault if lists else TyperGroup, rich_markup_mode=None, add_completion=False)


def online(command: Command) -> Callable[..., int | None]:
    """Give a command a `Session` with the server that --server, RARO_SERVER or the storage lock names."""

    @wraps(command)
    def run(*, server: str | None, client: str | None, as_json: bool, **arguments: Any) -> int | None:
        return asyncio.run(talk(server, client, as_json, arguments))

    async def talk(server: str | None, client: str | None, as_json: bool, arguments: dict[str, Any]) -> int | None:
        from raro.client import RaroClient

        async with RaroClient(server or _default_server(), client) as raro:
            return await command(Session(raro, Output(as_json=as_json)), **arguments)

    return _with_options(run, command, {"server": (ServerOption, None), "client": (ClientOption, None)})


def offline(command: Command) -> Callable[..., int | None]:
    """Give a command a `Place`: the storage folder that --storage or RARO_STORAGE names."""

    @wraps(command)
    def run(*, storage: Path, as_json: bool, **arguments: Any) -> int | None:
        return asyncio.run(command(Place(storage, Output(as_json=as_json)), **arguments))

    return _with_options(run, command, {"storage": (StorageOption, Path("storage"))})


def serving(storage: Path) -> str | None:
    """The URL of the server that holds a storage folder on this machine, None when there is none."""
    holder = holder_of(storage)
    return holder.url if holder and holder.host == socket.gethostname() else None


def _default_server() -> str:
    from raro.client.connection import DEFAULT_SERVER

    return serving(Path(os.environ.get("RARO_STORAGE") or "storage")) or DEFAULT_SERVER


def _with_options(
    run: Callable[..., int | None], command: Command, options: dict[str, tuple[Any, Any]]
) -> Callable[..., int | None]:
    """Show typer the command's own parameters behind its first, and then the common options."""
    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in {**options, "as_json": (JsonOption, False)}.items()
    ]
    del run.__wrapped__  # type: ignore[attr-defined]  # typer would look through it at the first parameter
    run.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]  # what `inspect` reads
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *common]}
    return run
