"""write_file: text into output/, really on disk, where Python in the sandbox sees it."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, Field

from raro.agents.conversation import ToolOutcome
from raro.agents.tools.workplace import Workplace
from raro.errors import TooLarge
from raro.files.names import checked_path

DESCRIPTION = "Write a text file below output/; folders are made, an existing file is replaced."


class Arguments(BaseModel):
    """What to write where."""

    path: str = Field(description="path below output/, for example report.md or data/clean.csv")
    content: str = Field(description="the whole text")


async def run(workplace: Workplace, arguments: Arguments) -> ToolOutcome:
    """Write it. A bad name, a folder in the way or a full disk is an error for the model."""
    path = checked_path(arguments.path.removeprefix("output/"))
    data = arguments.content.encode("utf-8", errors="surrogatepass")
    if len(data) > workplace.limits.file_bytes:
        raise TooLarge(f"{path} would have {len(data)} bytes; at most {workplace.limits.file_bytes} are allowed.")
    blob = await workplace.blobs.put_bytes(data)
    # By way of the blob store: written whole, synced, and put in place without following a link.
    await asyncio.to_thread(workplace.session.restore_output, path, workplace.blobs.path(blob.sha256))
    return ToolOutcome(True, f"wrote output/{path} ({len(data)} bytes)")
