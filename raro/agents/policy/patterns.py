"""How a rule's patterns are compared with text: globs, regular expressions, names' endings.

Regular expressions are RE2's, which Arrow has in it: it takes time in proportion to the text, whatever the pattern, so
that neither a rule nor an agent's text can make a run stand still (`(a+)+$` does that to Python's own). What RE2 has
not, lookarounds and back references, is refused when the rules are read.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from math import prod
from typing import Any

MAX_TEXT = 200_000
"""Longer texts count as matched: what cannot be judged is not let through."""
# RE2's time is the text's length times the size of the pattern once its repetitions are written out.
_MAX_REPEATS = 200
_COUNTED = re.compile(r"\{(\d{1,6})(?:,(\d{0,6}))?\}")
_LIBRARY_VERSION = re.compile(r"\.so(\.\d+)+$")


def _re2_found(pattern: str, text: str) -> bool:
    """Whether the pattern is somewhere in the text. Raises pyarrow.ArrowInvalid when it is none of RE2's."""
    # Only here, for importing it takes longer than all the rest of the rules, and most rules need no expression.
    import pyarrow as pa
    from pyarrow import compute

    data = text.encode("utf-8", errors="replace")
    # From buffers, as `pa.array` would import pandas.
    column = pa.StringArray.from_buffers(1, pa.py_buffer(struct.pack("=ii", 0, len(data))), pa.py_buffer(data))
    return bool(compute.match_substring_regex(column, pattern=pattern)[0].as_py())


def checked_regex(pattern: str) -> str:
    """The pattern itself. Raises ValueError saying what RE2 does not like of it."""
    repeats = prod(max(int(low), int(high or 0), 1) for low, high in _COUNTED.findall(pattern))
    if repeats > _MAX_REPEATS:
        raise ValueError(f"its counted repetitions multiply to {repeats:,}; at most {_MAX_REPEATS} are allowed")
    from pyarrow import ArrowInvalid

    try:
        _re2_found(pattern, "")
    except ArrowInvalid as error:
        why = str(error).splitlines()[0].removeprefix("Invalid regular expression: ")
        raise ValueError(f"{pattern[:80]!r} is no regular expression that RE2 knows: {why[:200]}") from error
    return pattern


def regex_found(patterns: Iterable[str], text: str) -> bool:
    """Whether any of these patterns is somewhere in the text."""
    return any(len(text) > MAX_TEXT or _re2_found(pattern, text) for pattern in patterns)


def glob_fits(globs: Iterable[str], name: str) -> bool:
    """Whether any of these globs fits the whole name; `*` stands for slashes too."""
    return any(fnmatchcase(name, glob) for glob in globs)


def extensions_of(path: str) -> frozenset[str]:
    """The endings by which any system would open the file, lower case, with the dot.

    Windows lets go of dots and spaces at the end and of what follows a colon; wide letters and invisible characters
    are how an ending is hidden from readers; `libx.so.1` is a library like `libx.so`.
    """
    name = unicodedata.normalize("NFKC", path.rpartition("/")[2]).casefold()
    name = "".join(char for char in name if unicodedata.category(char) != "Cf")
    pieces = [_LIBRARY_VERSION.sub(".so", piece.rstrip(". ")) for piece in name.split(":")]
    return frozenset(f".{piece.rpartition('.')[2]}" for piece in pieces if "." in piece)


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a call's argument, however deep; numbers as they are written."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case Mapping() as mapping:
                waiting.extend(mapping.values())
                waiting.extend(mapping.keys())
            case list() | tuple() as items:
                waiting.extend(items)
            case bool() | int() | float() as number:
                yield str(number)
