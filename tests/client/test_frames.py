"""The wire format of the stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from raro.client.frames import Frame, frames_of

# What a JSON text can hold; the wire escapes line ends.
values = st.dictionaries(st.text(max_size=8), st.one_of(st.integers(), st.text(max_size=20)), max_size=4)
ids = st.none() | st.from_regex(r"[a-z0-9]{1,8}:[0-9]{1,8}", fullmatch=True)
frames = st.builds(Frame, event=st.sampled_from(["hello", "patch", "activity", "beat"]), data=values, id=ids)


async def lines(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


def written(frame: Frame) -> list[str]:
    own_id = [f"id: {frame.id}"] if frame.id else []
    return [*own_id, f"event: {frame.event}", f"data: {json.dumps(frame.data)}", ""]


@given(st.lists(frames, max_size=6))
async def test_frames_come_out_as_they_went_in(sent: list[Frame]) -> None:
    wire = [line for frame in sent for line in written(frame)]
    assert [frame async for frame in frames_of(lines(*wire))] == sent


async def test_a_frame_cut_off_by_the_end_is_dropped() -> None:
    assert [frame async for frame in frames_of(lines("event: patch", 'data: {"a": 1}'))] == []


async def test_comments_and_frames_without_data_are_no_frames() -> None:
    assert [frame async for frame in frames_of(lines(": ping", "", "event: patch", "", "data: {}", ""))] == [
        Frame("message", {})
    ]


async def test_data_over_several_lines_is_one_value() -> None:
    assert [frame async for frame in frames_of(lines("event: patch", "data: {", 'data: "a": 1}', ""))] == [
        Frame("patch", {"a": 1})
    ]
