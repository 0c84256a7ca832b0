"""`raro templates`: workflows to begin from and prepared runs, to look at, edit and run."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from raro.cli.command import Session, new_app, online
from raro.cli.plan import show_workflow
from raro.cli.render import table
from raro.cli.text import plain
from raro.client.rows import TemplateListing
from raro.errors import BadRequest

app = new_app(lists=True)


@app.command("list")
@online
async def list_templates(session: Session) -> None:
    """List workflow templates and prepared scenarios."""
    listing = await session.client.runs.templates()
    session.out.answer(listing, lambda console: _show(console, listing))


@app.command()
@online
async def show(
    session: Session, name: Annotated[str, typer.Argument(metavar="ID", help="A template's or scenario's id.")]
) -> None:
    """Show one; with --json it is what `raro run` takes: `raro templates show ID --json | raro run -`."""
    listing = await session.client.runs.templates()
    request = _requests(listing).get(name)
    if request is None:
        raise BadRequest(f"there is no template {name!r}; there are: {', '.join(_requests(listing))}.")
    session.out.answer(request, lambda console: show_workflow(console, request))


def _requests(listing: TemplateListing) -> dict[str, dict[str, Any]]:
    """What `POST /runtime/start` takes, by id."""
    made = {template["id"]: template["workflow"] for template in listing["templates"]}
    return made | {
        scenario["id"]: {**scenario["workflow"], "directive": scenario["directive"]}
        for scenario in listing["scenarios"]
    }


def _show(console: Console, listing: TemplateListing) -> None:
    made = table("id", "kind", "what it is", "agents", "files")
    for template in listing["templates"]:
        agents = " → ".join(agent["id"] for agent in template["workflow"]["agents"])
        made.add_row(plain(template["id"]), "template", plain(template["description"]), plain(agents), "")
    for scenario in listing["scenarios"]:
        agents = " → ".join(agent["id"] for agent in scenario["workflow"]["agents"])
        files = ", ".join(scenario["attached_files"])
        made.add_row(plain(scenario["id"]), "scenario", plain(scenario["directive"]), plain(agents), plain(files))
    console.print(made)
