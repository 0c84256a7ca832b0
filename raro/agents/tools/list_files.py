"""list_files: what the agent was given and what it has made."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable

from pydantic import BaseModel

from raro.agents.conversation import ToolOutcome
from raro.agents.tools.workplace import Workplace
from raro.files.safe_open import FoundFile, RefusedEntry
from raro.files.workspace import Session

_SHOWN = 500
DESCRIPTION = "List the files in input/ (given, read-only) and output/ (made here or by earlier agents), with sizes."


class Arguments(BaseModel):
    """Nothing to choose."""


async def run(workplace: Workplace, arguments: Arguments) -> ToolOutcome:
    """List both folders."""
    return ToolOutcome(True, await asyncio.to_thread(_listing, workplace.session))


def _listing(session: Session) -> str:
    inputs = [f"input/{name} ({size} bytes)" for name, size in _plain_files(session)]
    outputs = [_line(entry) for entry in session.scan_output()]
    return "\n".join([*_capped(inputs, "input"), *_capped(outputs, "output")])


def _plain_files(session: Session) -> Iterable[tuple[str, int]]:
    """Input is RARO's own: hard links to blobs are expected there."""
    for folder, _, names in os.walk(session.input):
        for name in sorted(names):
            path = os.path.join(folder, name)
            yield os.path.relpath(path, session.input), os.lstat(path).st_size


def _line(entry: FoundFile | RefusedEntry) -> str:
    if isinstance(entry, FoundFile):
        return f"output/{entry.name} ({entry.size_bytes} bytes)"
    return f"output/{entry.path} (not kept: {entry.reason})"


def _capped(lines: list[str], folder: str) -> list[str]:
    if not lines:
        return [f"{folder}/ is empty"]
    return lines if len(lines) <= _SHOWN else [*lines[:_SHOWN], f"… and {len(lines) - _SHOWN} more in {folder}/"]
