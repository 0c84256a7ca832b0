"""`raro doctor`: every part's state and what to do, with a server or without."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from raro.cli.checks import (
    Finding,
    check_holder,
    check_programs,
    check_python,
    check_rules,
    check_sandbox,
    check_storage,
)
from raro.cli.command import Place, new_app, offline
from raro.cli.exits import ExitCode, exit_code
from raro.cli.health import from_health
from raro.cli.render import status_text, table
from raro.cli.stored_log import open_stored_log
from raro.cli.text import plain, size
from raro.client import RaroClient
from raro.embedded.lock import Holder, holder_of
from raro.errors import RaroError
from raro.settings import Settings

app = new_app()


@app.command()
@offline
async def doctor(place: Place) -> int:
    """Name every part's state and what to do about it.

    Exit code 0 when nothing is broken, 6 when the log or the storage is damaged, 1 for anything else.
    """
    settings = Settings(storage=place.storage)
    holder = holder_of(settings.storage)
    findings = [
        check_python(),
        *await check_programs(settings),
        *check_storage(settings.storage),
        check_holder(settings.storage, holder),
        *await check_sandbox(settings),
        *await _running_parts(settings, holder),
    ]
    worst = "broken" if _any(findings, "broken") else "degraded" if _any(findings, "degraded") else "ok"
    answer = {"state": worst, "parts": [asdict(finding) for finding in findings]}
    place.out.answer(answer, lambda console: _show(console, findings))
    return _code(findings)


async def _running_parts(settings: Settings, holder: Holder | None) -> list[Finding]:
    """The log, the views and the rest: from the server that holds them, else from the folder itself."""
    if holder is None:
        return [*await _stored_log(settings), check_rules(settings)]
    if holder.url is None or holder.host != socket.gethostname():
        advice = "Ask again once it serves, or on that host."
        return [Finding("log", "degraded", f"held by {holder}; it cannot be asked from here", advice)]
    try:
        async with RaroClient(holder.url) as client:
            return from_health(await client.health())
    except RaroError as error:
        return [Finding("server", "broken", error.message, f"See what process {holder.pid} says, or start it again.")]


async def _stored_log(settings: Settings) -> list[Finding]:
    if settings.nats_url is None and not (settings.storage / "nats").is_dir():
        return [Finding("log", "ok", "there is none yet; `raro up` makes it")]
    try:
        async with open_stored_log(settings) as log:
            state = await log.state()
    except RaroError as error:
        damaged = exit_code(error) == ExitCode.DAMAGE
        return [Finding("log", "broken", error.message, "", {"code": error.code, "damaged": damaged})]
    facts = {**asdict(state), "config_equal": True}
    detail = f"{state.messages} events, {size(state.bytes)}, log {state.incarnation}, set up as asked"
    if state.messages != state.last_seq:
        advice = "Restore the log from a backup; what it lost cannot be made anew."
        return [
            Finding(
                "log", "broken", f"{detail}; its last number is {state.last_seq}", advice, {**facts, "damaged": True}
            )
        ]
    return [Finding("log", "ok", detail, facts=facts)]


def _code(findings: Sequence[Finding]) -> int:
    if any(finding.facts.get("damaged") for finding in findings):
        return ExitCode.DAMAGE
    return ExitCode.FAILURE if _any(findings, "broken") else ExitCode.OK


def _any(findings: Sequence[Finding], state: str) -> bool:
    return any(finding.state == state for finding in findings)


def _show(console: Console, findings: Sequence[Finding]) -> None:
    made = table("part", "state", "what is")
    for finding in findings:
        made.add_row(plain(finding.part), status_text(finding.state), plain(finding.detail))
        if finding.advice:
            made.add_row("", "", plain(f"→ {finding.advice}"))
    console.print(made)
