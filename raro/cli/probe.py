"""`raro probe`: what an agent's model was told before a turn, exactly."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from raro.cli.command import Session, new_app, online

app = new_app()


@app.command()
@online
async def probe(
    session: Session,
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    agent_id: Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.")],
    turn: Annotated[int, typer.Argument(metavar="[TURN]", min=1, help="Which turn; the first if none is named.")] = 1,
) -> None:
    """Show the exact prompt, context and tool declarations of one turn."""
    prompt = await session.client.approvals.prompt(run_id, agent_id, turn)
    session.out.answer(prompt, lambda console: _show(console, prompt))


def _show(console: Console, prompt: dict[str, Any]) -> None:
    briefing = prompt.get("briefing") or {}
    parts = {
        "System": briefing.get("system"),
        "Opening": briefing.get("opening"),
        "Tools": json.dumps(briefing.get("tools") or [], indent=1, ensure_ascii=False),
        "Request as sent": json.dumps(prompt.get("request"), indent=1, ensure_ascii=False),
    }
    for title, text in parts.items():
        if text and text != "null":
            console.rule(title, align="left")
            console.print(escape(text), soft_wrap=True, highlight=False)
