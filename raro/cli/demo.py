"""`raro demo`: the whole story on sample data, from an empty folder to a kept artifact."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from raro.cli.child_server import child_server
from raro.cli.command import JsonOption, Session, new_app
from raro.cli.exits import ExitCode, run_exit_code
from raro.cli.follow import follow
from raro.cli.local_files import local_files
from raro.cli.output import Output
from raro.cli.render import artifact_rows, show_artifacts
from raro.cli.run_view import run_view
from raro.cli.text import plain
from raro.cli.upload import send
from raro.client import RaroClient
from raro.errors import BadRequest

app = new_app()

STORAGE = Path("storage/demo")
EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = ("penguins.csv", "penguins.parquet", "palmer_station.txt")
DIRECTIVE = "Compare body mass and flipper length of the penguins by species and island, and say what the notes add"
WORKFLOW: dict[str, Any] = {
    "id": "demo",
    "name": "Penguins: two analysts side by side, one writer",
    "directive": DIRECTIVE,
    "attached_files": list(FILES),
    "agents": [
        {"id": "analyze_measurements", "prompt": DIRECTIVE, "attached_files": ["penguins.csv"]},
        {"id": "analyze_context", "prompt": DIRECTIVE, "attached_files": ["penguins.parquet", "palmer_station.txt"]},
        {
            "id": "writer_report",
            "prompt": f"{DIRECTIVE}. Merge what the analysts found into one report.",
            "depends_on": ["analyze_measurements", "analyze_context"],
        },
    ],
}


@app.command()
def demo(
    storage: Annotated[Path, typer.Option("--storage", metavar="FOLDER", help="The demo's own data folder.")] = STORAGE,
    examples: Annotated[
        Path, typer.Option("--examples", metavar="FOLDER", help="Where the sample files are.")
    ] = EXAMPLES,
    as_json: JsonOption = False,
) -> int:
    """Show the whole story on sample data, then end.

    Needs no server and disturbs none: it starts its own on a free port. Run it as often as you like.
    """
    absent = [name for name in FILES if not (examples / name).is_file()]
    if absent:
        raise BadRequest(f"{str(examples)!r} has no {', '.join(absent)}. Name the folder of examples with --examples.")
    return asyncio.run(_demo(storage, examples, Output(as_json=as_json)))


async def _demo(storage: Path, examples: Path, out: Output) -> int:
    out.remark(f"Starting RARO on {storage} …", style="bold")
    async with child_server(storage) as url, RaroClient(url) as client:
        out.remark(f"ready at {url}")
        return await _story(Session(client, out), storage, examples)


async def _story(session: Session, storage: Path, examples: Path) -> int:
    out, client = session.out, session.client
    out.remark("\nUploading sample files and linking them", style="bold")
    await send(session, local_files(str(examples / name) for name in FILES), link=True)

    out.remark("\nRunning three agents (the offline analyst: no language model, no key)", style="bold")
    out.remark(DIRECTIVE)
    run_id = (await client.runs.start(WORKFLOW))["run_id"]
    state = await follow(client, run_id, run_view(out))
    artifacts = artifact_rows([await client.artifacts.of_run(run_id)])
    saved = None
    if kept := _best(artifacts):
        saved = await client.artifacts.promote(run_id, kept["filename"], filename="demo-report.md")
    answer = {
        "run_id": run_id, "status": state["status"], "artifacts": artifacts, "saved": saved, "storage": str(storage),
    }  # fmt: skip
    if not out.as_json:
        out.remark("\nWhat they made", style="bold")
        show_artifacts(out.console, artifacts, with_run=False)
        if saved and kept:
            out.remark(f"\nSaved {plain(kept['filename'])} to the library as {plain(saved['filename'])}", style="bold")
        _show_next(out, storage, run_id)
    out.answer(answer, lambda console: None)
    return run_exit_code(state["status"]) if artifacts else ExitCode.FAILURE


def _best(artifacts: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The writer's report, else any report, else any file."""
    reports = [row for row in artifacts if row["filename"].endswith(".md")]
    by_writer = [row for row in reports if row["agent_id"].startswith("writer_")]
    return next(iter([*by_writer, *reports, *artifacts]), None)


def _show_next(out: Output, storage: Path, run_id: str) -> None:
    out.remark("\nWhere to look next", style="bold")
    for line in (
        f"{storage}/artifacts/public/{run_id}/   what the agents made, with metadata.json",
        f"{storage}/library/public/   what you keep, demo-report.md among it",
        f"raro up --storage {storage}   start RARO with this demo's data and stay; then, in another terminal:",
        f"raro artifacts {run_id} · raro events --run {run_id} · raro get {run_id}",
        "or in the console at the address that `raro up` prints: under SYS, switch to the client id public",
        'make up   start with an empty library of your own: raro upload FILE --link, raro run "your question"',
    ):
        out.remark(f"  {line}")
