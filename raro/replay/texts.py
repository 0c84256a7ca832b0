"""The difference of two texts, as unified hunks, in time that does not depend on what is in them.

`difflib` takes minutes for texts of many equal lines; this is the greedy algorithm of Myers ("An O(ND) Difference
Algorithm and Its Variations", 1986), which gives up when the texts have too little in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_EDITS = 600
"""So many lines may be added or removed altogether; otherwise the texts are only said to be different."""
LINE_END = "\n"
_AROUND = 3
_SHOWN_LINES = 400
_LINE_CHARS = 500


@dataclass(frozen=True, slots=True)
class Edit:
    """A line of the difference: ` ` in both, `-` in the first only, `+` in the second only; line numbers from 0."""

    mark: str
    text: str
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class TextDifference:
    """`unified` hunks, how many lines were added and removed (None: they are too different), and what was cut."""

    unified: str
    lines_added: int | None
    lines_removed: int | None
    notes: tuple[str, ...] = ()


def compare(first: str, second: str) -> TextDifference:
    """Line by line. Line ends count: a text with others is a different one."""
    a, b = _lines(first), _lines(second)
    edits = _edits(a, b)
    if edits is None:
        note = f"more than {MOST_EDITS} lines are different ({len(a)} lines here, {len(b)} there): not shown"
        return TextDifference("", None, None, (note,))
    lines = [line for hunk in _hunks(edits) for line in _unified(hunk)]
    notes = []
    if len(lines) > _SHOWN_LINES:
        notes.append(f"{len(lines) - _SHOWN_LINES} more lines of the difference are not shown")
    if any(len(line) > _LINE_CHARS for line in lines[:_SHOWN_LINES]):
        notes.append(f"lines are cut behind {_LINE_CHARS} characters")
    shown = "\n".join(line[:_LINE_CHARS] for line in lines[:_SHOWN_LINES])
    marks = [edit.mark for edit in edits]
    return TextDifference(shown, marks.count("+"), marks.count("-"), tuple(notes))


def _lines(text: str) -> list[str]:
    """The lines with their ends; the last may have none."""
    *whole, last = text.split(LINE_END)
    return [f"{line}{LINE_END}" for line in whole] + ([last] if last else [])


def _edits(a: Sequence[str], b: Sequence[str]) -> list[Edit] | None:
    """The shortest way from `a` to `b` line by line; None when it takes more than MOST_EDITS."""
    head = _same(a, b)
    tail = _same(a[head:][::-1], b[head:][::-1])
    middle = _shortest(a[head : len(a) - tail], b[head : len(b) - tail])
    if middle is None:
        return None
    marks = [" "] * head + middle + [" "] * tail
    edits, x, y = [], 0, 0
    for mark in marks:
        edits.append(Edit(mark, b[y] if mark == "+" else a[x], x, y))
        x, y = x + (mark != "+"), y + (mark != "-")
    return edits


def _same(a: Sequence[str], b: Sequence[str]) -> int:
    """How many lines are the same from the start."""
    return next((index for index, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _shortest(a: Sequence[str], b: Sequence[str]) -> list[str] | None:
    """The marks of the shortest way; `furthest[k]` is how far in `a` the paths on diagonal k have come."""
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(len(a) + len(b), MOST_EDITS) + 1):
        trace.append(dict(furthest))
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (k != edits and furthest[k - 1] < furthest[k + 1])
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            y = x - k
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
            furthest[k] = x
            if x >= len(a) and y >= len(b):
                return list(_way_back(trace, len(a), len(b)))[::-1]
    return None


def _way_back(trace: list[dict[int, int]], x: int, y: int) -> Iterator[str]:
    for edits in range(len(trace) - 1, -1, -1):
        furthest, k = trace[edits], x - y
        down = k == -edits or (k != edits and furthest[k - 1] < furthest[k + 1])
        before = furthest[k + 1] if down else furthest[k - 1]
        before_y = before - (k + 1 if down else k - 1)
        while x > before and y > before_y:
            yield " "
            x, y = x - 1, y - 1
        if edits:
            yield "+" if down else "-"
        x, y = before, before_y


def _hunks(edits: Sequence[Edit]) -> Iterator[Sequence[Edit]]:
    """Changed lines with a few around them; what is near to one another is one hunk."""
    changed = [index for index, edit in enumerate(edits) if edit.mark != " "]
    start = 0
    for place, index in enumerate(changed):
        following = changed[place + 1] if place + 1 < len(changed) else None
        if following is None or following - index > 2 * _AROUND:
            yield edits[max(0, changed[start] - _AROUND) : index + _AROUND + 1]
            start = place + 1


def _unified(hunk: Sequence[Edit]) -> Iterator[str]:
    a, b = sum(edit.mark != "+" for edit in hunk), sum(edit.mark != "-" for edit in hunk)
    # An empty side is said to stand behind the line before, as diff -u has it.
    first, second = hunk[0].first + (a > 0), hunk[0].second + (b > 0)
    yield f"@@ -{first},{a} +{second},{b} @@"
    for edit in hunk:
        yield f"{edit.mark}{edit.text.removesuffix(LINE_END)}"
        if not edit.text.endswith(LINE_END):
            yield "\\ No newline at end of file"
