"""`raro plan`: the workflow a directive would become, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from raro.cli.command import Session, new_app, online
from raro.cli.render import table
from raro.cli.text import one_line, plain

app = new_app()


@app.command()
@online
async def plan(
    session: Session,
    directive: Annotated[str, typer.Argument(metavar="DIRECTIVE", help="What you want to know or have made.")],
    file: Annotated[list[str] | None, typer.Option("--file", help="A library file; default: the linked ones.")] = None,
) -> None:
    """Show the workflow a directive would become.

    `raro plan … --json > workflow.json`, edit it, `raro run workflow.json`.
    """
    workflow = await session.client.runs.plan(directive, file)
    session.out.answer(workflow, lambda console: show_workflow(console, workflow))


def show_workflow(console: Console, workflow: Mapping[str, Any]) -> None:
    """A workflow's agents as a table, in the order they were planned."""
    made = table("agent", "role", "model", "after", "tools", "task", title=plain(str(workflow.get("name", ""))))
    for agent in workflow["agents"]:
        made.add_row(
            plain(agent["id"]), plain(agent.get("role", "")), plain(agent.get("model", "")),
            ", ".join(map(plain, agent.get("depends_on", ()))), ", ".join(map(plain, agent.get("tools", ()))),
            one_line(agent.get("prompt", ""), 60),
        )  # fmt: skip
    console.print(made)
    files = workflow.get("attached_files") or []
    console.print(f"files: {', '.join(map(plain, files)) or 'none'}")
    for note in workflow.get("notes") or ():
        console.print(f"repaired: {one_line(note, 300)}")
