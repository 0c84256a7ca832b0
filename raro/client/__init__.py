"""The typed SDK: everything RARO's HTTP interface does, for programs and for the command line.

    async with RaroClient("http://127.0.0.1:3000", client_id="lab") as raro:
        await raro.library.upload(Path("penguins.csv"))
        run = await raro.runs.start({"directive": "Compare the species by body mass"})
        async for patch in raro.watch(["runs", "artifacts"]):
            ...

A program without an event loop wraps the same client in `Blocking`. Answers are the server's JSON (`rows`), so that
fields of a newer server come along. Problems become the errors of `raro.errors`. docs/sdk.md shows it all.
"""

from __future__ import annotations

from raro.client.blocking import Blocking
from raro.client.connection import RaroClient
from raro.client.downloads import Downloaded
from raro.client.frames import Frame
from raro.client.parts import Part
from raro.client.watch import Patch

__all__ = ["Blocking", "Downloaded", "Frame", "Part", "Patch", "RaroClient"]
