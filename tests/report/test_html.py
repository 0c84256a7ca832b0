"""No text becomes markup, and none hides or turns what is beside it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.report.html import element, joined, visible


class Parsed(HTMLParser):
    """The tags and text of a piece of HTML, as a browser takes them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(), st.text())
def test_any_text_comes_back_as_text(content: str, attribute: str) -> None:
    parsed = Parsed(element("td", content, title=attribute).text)
    assert parsed.tags == [("td", {"title": visible(attribute)})]
    assert parsed.text == visible(content)


@given(st.text(st.characters(categories=("Cs", "Cc", "L"))))
def test_any_text_can_be_written_as_utf_8(content: str) -> None:
    assert Parsed(joined([content]).text.encode().decode()).text == visible(content)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exe.\u202egpj", "exe.‹U+202E›gpj"),
        ("a\x00b\x1b[31m\x7f", "a‹U+0000›b‹U+001B›[31m‹U+007F›"),
        ("a\u200bb\ufeff\u2028", "a‹U+200B›b‹U+FEFF›‹U+2028›"),
        ("\ud800", "‹U+D800›"),
        ("tab\tline\r\nnext Größe 📈 می\u200cخواهم", "tab\tline\nnext Größe 📈 می\u200cخواهم"),
    ],
)
def test_what_cannot_be_seen_is_shown_by_its_number(text: str, expected: str) -> None:
    assert visible(text) == expected


def test_children_are_numbers_lists_markup_and_nothing() -> None:
    assert element("p", 1, None, ["<", element("br")], hidden=True, id=None).text == "<p hidden>1&lt;<br></p>"
