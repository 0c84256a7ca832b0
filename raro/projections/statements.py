"""The SQL of the views: read from `views/*.sql`, one file a table, and the version they make together.

A file is statements, each headed by `-- on:` and the events that make it run (`*` all, `run *` all of runs but those
behind `-- not on:`). DuckDB plans a statement anew on every execution, which costs more than folding one event: so a
statement is short and runs only when it is needed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_ORDER = (
    "events",
    "library_files",
    "library_versions",
    "approvals",
    "runs",
    "agents",
    "invocations",
    "artifacts",
    "artifact_versions",
    "lineage",
    "saves",
    "policy_matches",
    "parked",
    "blob_references",
)
_STATEMENT = re.compile(r"((?:^-- on: [^\n]*\n)+)((?:^-- not on: [^\n]*\n)*)(.*?);$", re.MULTILINE | re.DOTALL)
# The events of the batch that is being folded, as the views read them.
SET_UP = "CREATE TEMP TABLE incoming AS SELECT * FROM events LIMIT 0"


@dataclass(frozen=True, slots=True)
class Statement:
    """One step of folding a table, and the events it is for."""

    table: str
    events: frozenset[str]
    not_events: frozenset[str]
    sql: str

    @property
    def searches(self) -> bool:
        """Whether it looks for rows of its table, which without an optimizer is every row against every event."""
        return self.sql.startswith("UPDATE")

    def concerns(self, events: frozenset[str], of_runs: frozenset[str]) -> bool:
        """Whether a batch with these events, and among them these of runs, needs it."""
        if "*" in self.events or self.events & events:
            return True
        return "run *" in self.events and bool(of_runs - self.not_events)


@cache
def schema() -> str:
    """The tables' DDL."""
    return _text("schema")


@cache
def decode() -> str:
    """Fills `incoming` from `arrived`."""
    return _text("decode")


@cache
def statements() -> tuple[Statement, ...]:
    """Every statement in the order it runs; the first fills `events`."""
    return tuple(
        Statement(table, _names(match[1]), _names(match[2]), match[3])
        for table in _ORDER
        for match in _STATEMENT.finditer(_text(table))
    )


@cache
def version() -> str:
    """Changes whenever any of the SQL does; a file of another version is built again."""
    text = "\n".join([schema(), decode(), *(_text(table) for table in _ORDER)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _names(heads: str) -> frozenset[str]:
    named = re.sub("-- (not )?on:", ",", heads).split(",")
    return frozenset(name.strip() for name in named if name.strip())


def _text(name: str) -> str:
    return files("raro.projections").joinpath("views", f"{name}.sql").read_text(encoding="utf-8")
