"""Views as they change: the live stream without its frames, for programs that keep rows of their own.

Each round of patches is handed out once and whole: one that a break cut off is dropped and comes again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from raro.client.frames import Frame
from raro.client.stream import stream
from raro.client.transport import Transport

View = Literal["library", "artifacts", "runs", "approvals"]


@dataclass(frozen=True, slots=True)
class Patch:
    """Rows of a view that are new or changed, and the keys of rows that went.

    A key is a filename in `library` and `{"run_id", "filename"}` in `artifacts`; runs and approvals do not go.
    `snapshot`: the rows are all there are, whatever was known before. `head` is the event that they are as of.
    `cursor` is the place to watch on from; None where more patches of the same moment follow.
    """

    view: View
    upserts: tuple[dict[str, Any], ...]
    removes: tuple[Any, ...]
    head: int
    snapshot: bool = False
    cursor: str | None = None


async def watch(transport: Transport, views: Sequence[View], *, after: str | None = None) -> AsyncGenerator[Patch]:
    """Patches of the named views, for ever; see `RaroClient.watch`."""
    round_: list[Patch] = []
    async with aclosing(stream(transport, views, after=after)) as frames:
        async for frame in frames:
            if frame.event == "hello":
                round_.clear()
            elif frame.event in ("snapshot", "patch"):
                round_.append(_patch(frame))
            if frame.id and round_:
                *earlier, last = round_
                round_.clear()
                for patch in earlier:
                    yield patch
                yield replace(last, cursor=frame.id)


def _patch(frame: Frame) -> Patch:
    snapshot = frame.event == "snapshot"
    return Patch(
        view=cast(View, frame.data["view"]),
        upserts=tuple(frame.data["rows" if snapshot else "upserts"]),
        removes=() if snapshot else tuple(frame.data["removes"]),
        head=frame.data["head"],
        snapshot=snapshot,
    )
