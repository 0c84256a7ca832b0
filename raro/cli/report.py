"""`raro report`: one run as one HTML file."""

from __future__ import annotations

import sys

from rich.console import Console

from raro.cli.command import Session, new_app, online
from raro.cli.pin import RunId

app = new_app()


@app.command()
@online
async def report(session: Session, run_id: RunId) -> None:
    """Print one run as one HTML file that needs nothing else: `raro report RUN > report.html`."""
    page = await session.client.runs.report(run_id)

    def show(console: Console) -> None:
        # The bytes as they are: the console would fold lines and follow the terminal's encoding.
        sys.stdout.buffer.write(page)

    session.out.answer({"run_id": run_id, "size_bytes": len(page), "html": page.decode()}, show)
