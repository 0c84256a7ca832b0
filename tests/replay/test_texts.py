"""Differences of texts: right, short where it can be, and never slow."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.replay.texts import MOST_EDITS, TextDifference, compare

TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "\n", "c\r\n", "x\u2028y\n"]), max_size=30).map("".join)
_HEAD = re.compile(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@")
NO_END = "\\ No newline at end of file"


def patched(text: str, difference: TextDifference) -> str:
    """The text with its hunks applied, as patch(1) does; what is not in them stays."""
    old = text.split("\n")
    new, place = [], 0
    lines = difference.unified.split("\n") if difference.unified else []
    for index, line in enumerate(lines):
        if head := _HEAD.fullmatch(line):
            start = int(head[1]) - (head[2] != "0")
            new += [f"{kept}\n" for kept in old[place:start]]
            place = start
        elif line != NO_END:
            end = "" if index + 1 < len(lines) and lines[index + 1] == NO_END else "\n"
            if line[0] != "+":
                assert old[place] == line[1:]
                place += 1
            if line[0] != "-":
                new.append(line[1:] + end)
    rest = "\n".join(old[place:])
    # A last line without an end that a hunk dealt with leaves nothing behind.
    return "".join(new) + ("" if place >= len(old) else rest)


@given(TEXTS, TEXTS, st.sampled_from(["", "end"]), st.sampled_from(["", "end", "other"]))
def test_the_hunks_lead_from_one_text_to_the_other(first: str, second: str, tail_a: str, tail_b: str) -> None:
    assert patched(first + tail_a, compare(first + tail_a, second + tail_b)) == second + tail_b


@given(TEXTS)
def test_a_text_differs_from_itself_in_nothing(text: str) -> None:
    assert compare(text, text) == TextDifference("", 0, 0)


def test_the_difference_is_the_shortest() -> None:
    before = [f"line {number}\n" for number in range(3000)]
    after = [*before[:100], "new\n", *before[100:2000], *before[2001:]]
    found = compare("".join(before), "".join(after))
    assert (found.lines_added, found.lines_removed) == (1, 1)
    assert found.unified.startswith("@@ -98,6 +98,7 @@\n line 97\n line 98\n line 99\n+new\n line 100")
    assert "@@ -1998,7 +1999,6 @@" in found.unified


def test_a_new_text_is_all_added() -> None:
    assert compare("", "a\nb") == TextDifference(f"@@ -0,0 +1,2 @@\n+a\n+b\n{NO_END}", 2, 0)


def _round(lines: int, different: int) -> str:
    return "".join(f"{number % different}\n" for number in range(lines))


def _tossed(lines: int, seed: int) -> str:
    return "".join(random.Random(seed).choices(["a\n", "b\n"], k=lines))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("same\n" * 60_000, "other\n" * 60_000),
        # What keeps difflib busy for minutes: many lines, each of which is there many times.
        (_round(20_000, 97), _round(20_000, 89)),
        (_tossed(20_000, 1), _tossed(20_000, 2)),
    ],
)
def test_texts_with_little_in_common_are_only_said_to_differ(first: str, second: str) -> None:
    found = compare(first, second)
    assert (found.unified, found.lines_added) == ("", None)
    assert f"more than {MOST_EDITS} lines" in found.notes[0]


def test_what_is_cut_is_named() -> None:
    found = compare("", "".join(f"{number} {'x' * 600}\n" for number in range(500)))
    assert found.lines_added == 500
    assert len(found.unified.split("\n")) == 400
    assert max(map(len, found.unified.split("\n"))) == 500
    assert found.notes == ("101 more lines of the difference are not shown", "lines are cut behind 500 characters")
