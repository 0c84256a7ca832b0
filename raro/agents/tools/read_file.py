"""read_file: a file of the agent's own or one it was given, as text."""

from __future__ import annotations

import asyncio
import os

from pydantic import BaseModel, Field

from raro.agents.tools.workplace import Workplace
from raro.agents.turn import ToolOutcome
from raro.errors import OutputNotFound
from raro.files.content_types import HEAD_BYTES, content_type
from raro.files.workspace import Session

MAX_CHARS = 50_000
DESCRIPTION = (
    "Read a file as text. Looks in output/ first, then in input/. "
    f"Text beyond {MAX_CHARS:,} characters is cut, with a note; binary files are described."
)


class Arguments(BaseModel):
    """What to read."""

    path: str = Field(description="path of the file, with or without input/ or output/ in front")


async def run(workplace: Workplace, arguments: Arguments) -> ToolOutcome:
    """Read it. A missing or unsafe file is an error for the model."""
    found, fd = await asyncio.to_thread(_open, workplace.session, arguments.path)
    try:
        size = os.fstat(fd).st_size
        data = await asyncio.to_thread(os.pread, fd, MAX_CHARS * 4, 0)
    finally:
        os.close(fd)
    return ToolOutcome(True, _shown(found, data, size), reads=(found,))


def _open(session: Session, path: str) -> tuple[str, int]:
    folder, _, rest = path.partition("/")
    if folder == "input" and rest:
        return path, session.open_input(rest)
    name = rest if folder == "output" and rest else path
    try:
        return f"output/{name}", session.open_output(name)
    except OutputNotFound:
        if name != path:
            raise
    try:
        return f"input/{path}", session.open_input(path)
    except OutputNotFound:
        raise OutputNotFound(
            f"there is no file {path!r} in output/ or input/; list_files shows what there is.", path=path
        ) from None


def _shown(name: str, data: bytes, size: int) -> str:
    if b"\0" in data[:HEAD_BYTES]:
        return (
            f"{name} is binary: {content_type(name, data[:HEAD_BYTES])}, {size} bytes. Use execute_python to read it."
        )
    text = data.decode("utf-8", errors="replace")
    if len(text) <= MAX_CHARS and len(data) == size:
        return text
    return f"{text[:MAX_CHARS]}\n\n[cut: the first {MAX_CHARS:,} characters of a file of {size:,} bytes]"
