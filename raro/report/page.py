"""The file itself: a head that forbids everything, the style, the sections."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files

from raro.report import sections
from raro.report.html import Markup, element, joined
from raro.report.material import Material

_PARTS = (
    ("agents", "Agents", sections.agents),
    ("files", "Files", sections.files),
    ("inputs", "Inputs", sections.inputs),
    ("turns", "Turns and tool calls", sections.turns),
    ("decisions", "Decisions and rules", sections.decisions),
    ("lineage", "Lineage", sections.lineage),
    ("events", "Events", sections.events),
)


def page_of(material: Material, made_at: str) -> bytes:
    """The report as UTF-8. `made_at` is when, RFC 3339."""
    body = [
        sections.heading(material),
        element("nav", [element("a", title, href=f"#{name}") for name, title, _ in _PARTS], aria_label="Sections"),
        element("main", [_section(name, title, part(material)) for name, title, part in _PARTS]),
        _footer(material, made_at),
    ]
    page = element("html", _head(material), element("body", body), lang="en")
    return ("<!doctype html>\n" + page.text + "\n").encode()


@cache
def policy() -> str:
    """What the page may do: be styled by its own style sheet, and show pictures that are in it. Nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def _head(material: Material) -> Markup:
    state = material.facts.state
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy()),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{state['name'] or state['run_id']}: a run of RARO"),
        Markup(f"<style>{_style()}</style>"),
    )


def _section(name: str, title: str, content: Markup) -> Markup:
    return element(
        "section", element("h2", title, id=f"{name}-title"), content, id=name, aria_labelledby=f"{name}-title"
    )


def _footer(material: Material, made_at: str) -> Markup:
    said = f"Written by RARO {version('raro')} on {made_at}, from event {material.facts.seq:,} of the log back."
    return element("footer", element("p", said), element("p", joined(_PROMISE)))


_PROMISE = (
    "This file is complete in itself: it runs nothing and loads nothing. Characters that cannot be seen are shown by "
    "their number. Times are UTC. A hash is the SHA-256 of the file's bytes; whoever has the file can compare it."
)


@cache
def _style() -> str:
    return files("raro.report").joinpath("style.css").read_text(encoding="utf-8")
