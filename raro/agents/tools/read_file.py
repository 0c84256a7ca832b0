"""read_file: a file of the agent's own or one it was given, as text."""

from __future__ import annotations

import asyncio
import os

from pydantic import BaseModel, Field

from raro.agents.conversation import ToolOutcome
from raro.agents.tools.workplace import Workplace
from raro.errors import OutputNotFound
from raro.files.content_types import HEAD_BYTES, content_type
from raro.files.workspace import Session

MAX_CHARS = 50_000
DESCRIPTION = (
    "Read a file as text. Looks in output/ first, then in input/. "
    f"{MAX_CHARS:,} characters at a time, with a note of what was cut; `offset` reads on. Binary files are described."
)


class Arguments(BaseModel):
    """What to read."""

    path: str = Field(description="path of the file, with or without input/ or output/ in front")
    offset: int = Field(default=0, ge=0, description="bytes to skip")


async def run(workplace: Workplace, arguments: Arguments) -> ToolOutcome:
    """Read it. A missing or unsafe file is an error for the model."""
    found, fd = await asyncio.to_thread(_open, workplace.session, arguments.path)
    try:
        size = os.fstat(fd).st_size
        head = await asyncio.to_thread(os.pread, fd, HEAD_BYTES, 0)
        data = await asyncio.to_thread(os.pread, fd, MAX_CHARS * 4, min(arguments.offset, size))
    finally:
        os.close(fd)
    return ToolOutcome(True, _shown(found, head, data, size, arguments.offset), reads=(found,))


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


def _shown(name: str, head: bytes, data: bytes, size: int, offset: int) -> str:
    if b"\0" in head:
        return f"{name} is binary: {content_type(name, head)}, {size} bytes. Use execute_python to read it."
    text = data.decode("utf-8", errors="replace")
    if not offset and len(text) <= MAX_CHARS and len(data) == size:
        return text
    shown = text[:MAX_CHARS]
    # A character that the cut would tear is left to the next part.
    end = offset + len(data) if len(text) <= MAX_CHARS else offset + len(shown.encode())
    on = f"; offset={end} reads on" if end < size else ""
    return f"{shown}\n\n[cut: bytes {offset:,} to {min(end, size):,} of {size:,}{on}]"
