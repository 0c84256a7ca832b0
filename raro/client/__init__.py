"""The typed SDK: everything RARO's HTTP interface does, for programs and for the command line.

    async with RaroClient("http://127.0.0.1:3000", client_id="lab") as raro:
        await raro.library.upload(Path("penguins.csv"))
        run = await raro.runs.start({"directive": "Compare the species by body mass"})
        async for frame in raro.stream(["runs", "artifacts"]):
            ...

A program without an event loop wraps the same client in `Blocking`. Answers are the server's JSON
(`rows`), so that fields of a newer server come along. Problems become the errors of `raro.errors`.
"""

from __future__ import annotations

from raro.client.blocking import Blocking
from raro.client.connection import RaroClient
from raro.client.frames import Frame

__all__ = ["Blocking", "Frame", "RaroClient"]
