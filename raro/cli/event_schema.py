"""`raro events schema`: the JSON Schema of every event, from the catalogue itself; needs no server."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from raro.cli.command import JsonOption
from raro.cli.output import Output
from raro.errors import NotFound
from raro.events.catalogue import json_schemas


def schema(
    type: Annotated[
        str | None, typer.Argument(metavar="TYPE", help="One type, such as file_uploaded; default: all.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the JSON Schema of every event type, or of one."""
    schemas = json_schemas()
    if type is not None:
        schemas = {name: found for name, found in schemas.items() if type in (name, name.split(".")[2])}
        if not schemas:
            raise NotFound(f"there is no event type {type!r}. `raro events schema` lists all.", type=type)
    Output(as_json=as_json).answer(
        schemas, lambda console: console.print(json.dumps(schemas, indent=2), soft_wrap=True)
    )
