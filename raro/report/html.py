"""HTML elements from plain calls: text is always escaped, and what a reader cannot see is shown by its number.

A name by an agent may hold markup, control characters, or marks that turn the direction of writing and so make
`gpj.exe` of `exe.jpg`. None of these reaches the page as itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

_VOID = frozenset({"meta", "img", "br", "hr"})
# Control characters but tab and newline; what turns or isolates the direction of writing; what has no width and joins
# nothing (joiners stay: Persian and emoji need them); blank letters; halves of pairs; what is no character.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML that is safe to put into a page as it is. Only this module and the page's own words make it."""

    text: str


Child = Markup | str | int | float | None | Iterable["Child"]


def element(tag: str, *children: Child, **attributes: str | bool | None) -> Markup:
    """`<tag attribute="…">children</tag>`. `class_` is `class`; an underscore within a name is a hyphen.

    True is an attribute without a value; None and False leave it out.
    """
    given = "".join(
        f" {_named(name)}" if value is True else f' {_named(name)}="{html.escape(visible(value))}"'
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if tag in _VOID:
        return Markup(f"<{tag}{given}>")
    return Markup(f"<{tag}{given}>{joined(children).text}</{tag}>")


def joined(children: Child) -> Markup:
    """Children one after another: markup as it is, everything else as text."""
    match children:
        case Markup():
            return children
        case None:
            return Markup("")
        case str() | int() | float():
            return Markup(html.escape(visible(str(children)), quote=False))
        case _:
            return Markup("".join(joined(child).text for child in children))


def visible(text: str) -> str:
    """The text with every character that is not seen, or moves others, as `‹U+202E›`; tabs and newlines stay."""
    return _UNSEEN.sub(_shown, text.replace("\r\n", "\n"))


def _shown(match: re.Match[str]) -> str:
    return f"‹U+{ord(match[0]):04X}›"


def _named(name: str) -> str:
    return name.rstrip("_").replace("_", "-")
