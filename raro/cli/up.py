"""`raro up`, `raro serve`, `raro work`: processes that stay until they are told to go."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from raro.cli.command import JsonOption, new_app
from raro.garbage import loading
from raro.settings import Settings

up_app, serve_app, work_app = new_app(), new_app(), new_app()
apps = {"up": up_app, "serve": serve_app, "work": work_app}

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on; RARO_HOST, default 127.0.0.1.")]
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port; 0 picks a free one; RARO_PORT, default 3000.")
]
Storage = Annotated[
    Path | None, typer.Option("--storage", metavar="FOLDER", help="Data folder; RARO_STORAGE, default ./storage.")
]


@up_app.command()
def up(host: Host = None, port: Port = None, storage: Storage = None, as_json: JsonOption = False) -> None:
    """Run everything on this machine: servers, API, views and reactors. Ends with SIGTERM or Ctrl-C."""
    _serve(_settings(host=host, port=port, storage=storage), work=True, as_json=as_json)


@serve_app.command()
def serve(host: Host = None, port: Port = None, storage: Storage = None, as_json: JsonOption = False) -> None:
    """Run the API and the views alone; reactors run in `raro work`."""
    _serve(_settings(host=host, port=port, storage=storage), work=False, as_json=as_json)


@work_app.command()
def work(storage: Storage = None, as_json: JsonOption = False) -> None:
    """Run the reactors alone, beside a `raro serve`; needs RARO_NATS_URL. Any number may run."""
    with loading():
        from raro.cli.stay import stay
        from raro.errors import StartFailed
        from raro.wiring.running import working

    settings = _settings(storage=storage)
    if settings.nats_url is None:
        raise StartFailed("`raro work` needs a nats-server that others use too: set RARO_NATS_URL.")

    async def run(stop: asyncio.Event) -> None:
        async with working(settings):
            _say(json.dumps({"works": True}) if as_json else "RARO works")
            with _settled_memory():
                await stop.wait()

    stay(run, settings)


def _serve(settings: Settings, *, work: bool, as_json: bool) -> None:
    with loading():
        from raro.cli.listen import listen
        from raro.cli.stay import stay
        from raro.wiring.running import running

    async def run(stop: asyncio.Event) -> None:
        async with running(settings, work=work) as app:

            def ready(url: str) -> None:
                app.lock.announce(url)
                _say(json.dumps({"ready": url}) if as_json else f"RARO ready at {url}")

            with _settled_memory():
                await listen(app.asgi, settings.host, settings.port, stop, ready)

    stay(run, settings)


@contextmanager
def _settled_memory() -> Iterator[None]:
    """What was made to start stays: walking it again and again stopped everything for 50 ms each time."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _say(line: str) -> None:
    """Print a line at once; a server whose reader went away goes on."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _settings(**given: Any) -> Settings:
    return Settings(**{name: value for name, value in given.items() if value is not None})
