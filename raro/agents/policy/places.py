"""Where in a TOML text each key and table stands; `tomllib` tells values, not lines.

Goes once through the text, as far as it is TOML. It is also the guard in front of `tomllib`, which takes quadratic time
for `a.a.a.…` and recurses into `[[[[…`: both are refused here with their line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
MAX_DEPTH = 8

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_REST_OF_LINE = re.compile(r"[^\n]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
# The longest first: three quotes open a text of several lines, and up to five close it.
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\[\]{}\n#]*")


class TooDeep(Exception):
    """Keys or values are nested deeper than any rule needs."""

    def __init__(self, line: int) -> None:
        super().__init__(f"nested more than {MAX_DEPTH} deep")
        self.line = line


@dataclass
class Places:
    """The line of every path; `tables` are the headers in order, `spans` where each pair begins and ends."""

    lines: dict[Path, int] = field(default_factory=dict)
    tables: list[tuple[Path, int]] = field(default_factory=list)
    spans: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of this path, or of the nearest thing around it that has one; counted from 1."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 1


def places_in(text: str) -> Places:
    """Every place of a text, up to where it is no TOML any more. Raises TooDeep."""
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.places


class _Scanner:
    def __init__(self, text: str) -> None:
        self.places = Places()
        self._text = text
        self._at = 0
        self._table: Path = ()
        self._counts: dict[Path, int] = {}
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def scan(self) -> None:
        self._skip(_BLANK)
        while self._at < len(self._text):
            before = self._at
            if self._text[self._at] == "[":
                self._header()
            else:
                self._pair(self._table, 0)
            self._skip(_REST_OF_LINE)
            self._skip(_BLANK)
            if self._at == before:
                return

    def _header(self) -> None:
        line, array = self._line(), self._text.startswith("[[", self._at)
        self._at += 2 if array else 1
        keys = self._key()
        path = self._resolved(keys[:-1]) + tuple(keys[-1:])
        if array:
            number = self._counts[path] = self._counts.get(path, -1) + 1
            self.places.lines.setdefault(path, line)
            path = (*path, number)
        elif path in self._counts:
            path = (*path, self._counts[path])
        self._table = path
        self.places.lines.setdefault(path, line)
        self.places.tables.append((path, line))

    def _resolved(self, keys: list[str]) -> Path:
        """A table's path, with the number of the newest entry behind every array of tables on its way."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self._counts:
                path = (*path, self._counts[path])
        return path

    def _pair(self, table: Path, depth: int) -> None:
        start, line, path = self._at, self._line(), table
        for key in self._key():
            path = (*path, key)
            self.places.lines.setdefault(path, line)
        if self._text.startswith("=", self._at):
            self._at += 1
            self._skip(_SPACE)
            self._value(path, depth)
        self.places.spans.setdefault(path, (start, self._at))

    def _key(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            match = _STRING.match(self._text, self._at) or _BARE_KEY.match(self._text, self._at)
            if match is None:
                return keys
            keys.append(match[0] if match[0][0] not in "\"'" else match[0][1:-1])
            if len(keys) > MAX_DEPTH:
                raise TooDeep(self._line())
            self._at = match.end()
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return keys
            self._at += 1

    def _value(self, path: Path, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise TooDeep(self._line())
        self.places.lines.setdefault(path, self._line())
        if match := _STRING.match(self._text, self._at):
            self._at = match.end()
        elif self._text.startswith("[", self._at):
            self._items(path, depth)
        elif self._text.startswith("{", self._at):
            self._inline(path, depth)
        else:
            self._skip(_SCALAR)

    def _items(self, path: Path, depth: int) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip(_BLANK)
            if self._at >= len(self._text) or self._text[self._at] == "]":
                break
            before = self._at
            self._value((*path, number), depth + 1)
            number += 1
            self._skip(_BLANK)
            if self._text.startswith(",", self._at):
                self._at += 1
            elif self._at == before:
                return
        self._at += 1

    def _inline(self, path: Path, depth: int) -> None:
        self._at += 1
        while True:
            self._skip(_BLANK)
            if self._at >= len(self._text) or self._text[self._at] == "}":
                break
            before = self._at
            self._pair(path, depth + 1)
            self._skip(_BLANK)
            if self._text.startswith(",", self._at):
                self._at += 1
            elif self._at == before:
                return
        self._at += 1

    def _skip(self, what: re.Pattern[str]) -> None:
        match = what.match(self._text, self._at)
        assert match is not None
        self._at = match.end()

    def _line(self) -> int:
        return bisect_right(self._ends, self._at - 1) + 1
