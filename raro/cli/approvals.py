"""`raro approvals`, `raro decide`: what runs ask a person, and the person's answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from raro.cli.command import Session, new_app, online
from raro.cli.render import table
from raro.cli.text import one_line, plain, until
from raro.client.approvals import ApprovalRow
from raro.errors import ApprovalNotFound

approvals_app, decide_app = new_app(), new_app()
apps = {"approvals": approvals_app, "decide": decide_app}


@approvals_app.command()
@online
async def approvals(
    session: Session,
    run_id: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Of this run only.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that were decided, too.")] = False,
) -> None:
    """List what runs ask a person; `raro decide` answers."""
    rows = await session.client.approvals.list(status=None if everything else "pending", run_id=run_id)
    session.out.answer({"approvals": rows}, lambda console: _show(console, rows))


@decide_app.command()
@online
async def decide(
    session: Session,
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="allow, deny, retry, skip or abort.")],
    approval_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Which requests; all pending ones of the run if none.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Kept with the event; told to the agent.")] = "",
) -> None:
    """Decide what a run asks: one request, several, or all that it waits for."""
    chosen = approval_ids or await _pending(session, run_id)
    done = await session.client.approvals.decide(run_id, chosen, decision, note)
    answer = {**done, "run_id": run_id, "decision": decision, "approval_ids": chosen}
    session.out.answer(answer, lambda console: console.print(f"{decision}: {', '.join(map(plain, chosen))}"))


async def _pending(session: Session, run_id: str) -> list[str]:
    rows = await session.client.approvals.list(status="pending", run_id=run_id)
    if not rows:
        raise ApprovalNotFound(f"run {run_id} waits for no decision. `raro approvals --all` shows earlier ones.")
    return [row["approval_id"] for row in rows]


def _show(console: Console, rows: Sequence[ApprovalRow]) -> None:
    if not rows:
        console.print("No run waits for a decision.")
        return
    made = table("run", "id", "agent", "asks", "about", "options", "until")
    for row in rows:
        state = until(row["expires_at"]) if row["status"] == "pending" else plain(row["decision"] or row["status"])
        made.add_row(
            plain(row["run_id"]), plain(row["approval_id"]), plain(row["agent_id"]), one_line(row["reason"], 60),
            one_line(about(row), 60), ", ".join(row["options"]), state,
        )  # fmt: skip
    console.print(made)


def about(row: ApprovalRow) -> str:
    """What a request is about, in one line."""
    subject = row["subject"]
    match row["kind"]:
        case "tool_call":
            return f"{subject.get('tool')} {json.dumps(subject.get('args'), ensure_ascii=False)}"
        case "file":
            return f"{subject.get('path')} ({subject.get('content_type')}, {subject.get('size_bytes')} bytes)"
        case _:
            return f"{subject.get('code')}: {subject.get('message')}"
