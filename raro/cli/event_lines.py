"""An event on one line: number, time, what happened, to what, by whom, and the few facts that tell it apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raro.cli.text import moment, one_line, plain

# In this order; the first that are there are shown.
_TELLING = (
    "filename",
    "agent_id",
    "path",
    "turn",
    "name",
    "ok",
    "status",
    "code",
    "reason",
    "message",
    "reactor",
    "error",
)
_MOST = 5


def event_line(event: Mapping[str, Any]) -> str:
    """One line about one event of `/audit/events`."""
    what = event["type"].removeprefix("raro.").rpartition(".v")[0] or event["type"]
    aggregate_id = event["subject"].split(".")[4:5]
    run = f"  {plain(aggregate_id[0])}" if what.startswith("run.") and aggregate_id else ""
    head = f"{event['seq']:>7}  {moment(event['time'])}  {plain(what):<28}"
    return f"{head}{run}  {plain(event['actor'])}  {_facts(event['data'])}"


def _facts(data: Mapping[str, Any]) -> str:
    facts = [f"{name}={one_line(str(data[name]), 60)}" for name in _TELLING if data.get(name) not in (None, "", [])]
    return " ".join(facts[:_MOST])
