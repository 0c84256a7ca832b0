"""`raro run`: a directive or a workflow, followed to its artifacts."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from raro.cli.command import Session, new_app, online
from raro.cli.exits import ExitCode, run_exit_code
from raro.cli.follow import follow
from raro.cli.local_files import local_files
from raro.cli.render import artifact_rows, show_artifacts
from raro.cli.run_view import agents_of, run_view
from raro.cli.text import plain
from raro.cli.upload import send
from raro.client.rows import RunState
from raro.errors import BadRequest

app = new_app()


@app.command()
@online
async def run(
    session: Session,
    what: Annotated[
        str,
        typer.Argument(metavar="DIRECTIVE|WORKFLOW.json", help="What to find out, or a workflow's file; - is stdin."),
    ],
    file: Annotated[
        list[str] | None, typer.Option("--file", help="A library file to give it; default: the linked ones.")
    ] = None,
    upload: Annotated[
        list[str] | None, typer.Option("--upload", metavar="PATH", help="A local file to upload and give it.")
    ] = None,
    artifact: Annotated[
        list[str] | None, typer.Option("--artifact", metavar="RUN/PATH", help="An earlier artifact to give it.")
    ] = None,
    directive: Annotated[
        str | None, typer.Option("--directive", help="What to find out, beside a workflow's file.")
    ] = None,
    retention_days: Annotated[
        float | None, typer.Option("--retention-days", help="How long its artifacts are kept.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for its end.")] = False,
) -> int:
    """Start a directive or workflow and follow it to its end.

    Ctrl-C ends the watching, not the run. The exit code tells how the run ended: 0 completed, 1 failed, 7 stopped.
    """
    request = _request(what)
    if directive is not None:
        request["directive"] = directive
    if retention_days is not None:
        request["retention_days"] = retention_days
    if file or upload:
        uploaded = await send(session, local_files(upload or []))
        request["attached_files"] = [*(file or []), *(row["filename"] for row in uploaded)]
    if artifact:
        request["attached_artifacts"] = [_attached(text) for text in artifact]
    started = await session.client.runs.start(request)
    if detach:
        session.out.answer(started, lambda console: console.print(plain(started["run_id"])))
        return ExitCode.OK
    return await watch(session, started["run_id"])


async def watch(session: Session, run_id: str) -> int:
    """Follow a run to its end, print what it made, give the exit code."""
    try:
        state = await follow(session.client, run_id, run_view(session.out))
    except asyncio.CancelledError:
        session.out.remark(f"run {run_id} goes on: `raro state {run_id}` shows it, `raro stop {run_id}` ends it")
        raise
    artifacts = artifact_rows([await session.client.artifacts.of_run(run_id)])
    answer = {"run_id": run_id, "status": state["status"], "state": state, "artifacts": artifacts}
    session.out.answer(answer, lambda console: _show_end(console, state, artifacts))
    return run_exit_code(state["status"])


def _show_end(console: Console, state: RunState, artifacts: list[dict[str, Any]]) -> None:
    console.print()
    show_artifacts(console, artifacts, with_run=False)
    if state["status"] != "completed":
        reason = str(state.get("reason") or "")
        console.print(
            f"\nThe run {state['status']}{f': {plain(reason)}' if reason else '.'}", style="red", soft_wrap=True
        )
    for agent in agents_of(state):
        if agent.get("message"):
            console.print(f"{plain(agent['agent_id'])}: {plain(str(agent['message']))}", soft_wrap=True)


def _request(what: str) -> dict[str, Any]:
    if what != "-" and not what.endswith(".json"):
        return {"directive": what}
    try:
        text = sys.stdin.read() if what == "-" else Path(what).read_text(encoding="utf-8")
        request = json.loads(text)
    except OSError as fault:
        raise BadRequest(f"the workflow {what!r} cannot be read: {fault.strerror}. Check the path.") from fault
    except ValueError as error:
        raise BadRequest(f"the workflow {what!r} is not JSON: {error}.") from error
    if not isinstance(request, dict):
        raise BadRequest(f"the workflow {what!r} is no JSON object. `raro plan … --json` shows how one looks.")
    return request


def _attached(text: str) -> dict[str, str]:
    run_id, slash, path = text.partition("/")
    if not (run_id and slash and path):
        raise BadRequest(f"--artifact {text!r} is not RUN/PATH. `raro artifacts` shows both.")
    return {"run_id": run_id, "path": path}
