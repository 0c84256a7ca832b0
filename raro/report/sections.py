"""How each part of a report looks. Every function takes the material and gives markup; none of them knows the page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from raro.projections.queries import Row
from raro.report.html import Child, Markup, element, joined
from raro.report.material import Material, Shown

_ARGUMENT_CHARS, _RESULT_CHARS = 4000, 4000
_GOOD, _BAD = frozenset({"completed", "finished"}), frozenset({"failed", "stopped", "denied"})
_WORDS = {
    "given": "was given to",
    "read": "was read{turn} by",
    "made": "made{turn}",
    "saved": "was saved as",
    "restored": "was restored as",
}


def heading(material: Material) -> Markup:
    """What the run was, was asked, and came to."""
    state = material.facts.state
    facts: dict[str, Child] = {
        "Status": _status(state["status"]),
        "Reason": state["reason"],
        "Run": _mono(state["run_id"]),
        "Client": _mono(state["client_id"]),
        "Started": _time(state["start_time"]),
        "Ended": _time(state["end_time"]) or "not yet",
        "Tokens": f"{state['total_tokens_used']:,}",
        "Cost": f"${state['cost_usd']:,.4f}" if state["cost_usd"] else None,
        "Sandbox": state["sandbox"],
        "Kept for": f"{state['retention_days']:g} days, if nobody pinned it",
    }
    return element(
        "header",
        element("h1", _name(state["name"] or state["workflow_id"])),
        element("p", _name(state["directive"]), class_="words") if state["directive"] else None,
        _facts(facts),
    )


def agents(material: Material) -> Markup:
    """Each agent with what it did, and its whole words behind a fold."""
    rows = material.facts.state["agents"]
    head = ("Agent", "Model", "Status", "Waits for", "Turns", "Tokens", "Cost", "Files")
    table = _table(
        head,
        [
            (
                _mono(row["agent_id"]),
                row["model"],
                _status(row["status"]),
                ", ".join(row["depends_on"]),
                _number(row["turns"]),
                _number(row["tokens"]),
                f"${row['cost_usd']:,.4f}" if row["cost_usd"] else "",
                _number(row["files"]),
            )
            for row in rows
        ],
    )
    return joined([table, [_agent_words(row, material) for row in rows]])


def files(material: Material) -> Markup:
    """Every version with its hash; then pictures and texts of the newest ones."""
    facts = material.facts
    saved = {(row["path"], row["version"]): row for row in facts.saves}
    rows = [
        (
            _mono(row["path"]),
            _number(row["version"]),
            _mono(row["agent_id"]),
            _number(row["size_bytes"]),
            row["content_type"],
            _fate(row, saved.get((row["path"], row["version"]))),
            element("td", row["sha256"], class_="mono hash"),
        )
        for row in facts.files
    ]
    table = _table(("File", "Version", "Agent", "Bytes", "Type", "Kept", "SHA-256"), rows)
    shown = [(row, material.shown.get(row["sha256"], Shown())) for row in facts.files if row["newest"]]
    pictures = element("div", [_picture(row, one) for row, one in shown if one.picture], class_="gallery")
    texts = [_text_file(row, one) for row, one in shown if not one.picture]
    return joined([_left_out(len(rows), facts.counts["files"], "file versions"), table, texts, pictures])


def inputs(material: Material) -> Markup:
    """What the run was given, pinned to versions and hashes."""
    rows = [
        (
            _mono(row["name"]),
            f"artifact of {row['run_id']}" if row["kind"] == "artifact" else f"{row.get('scope') or ''} library file",
            _number(row.get("version")),
            _number(row.get("size_bytes")),
            element("td", row.get("sha256") or "it was not there", class_="mono hash"),
        )
        for row in material.facts.state["inputs"]
    ]
    return _table(("Input", "From", "Version", "Bytes", "SHA-256"), rows)


def turns(material: Material) -> Markup:
    """Every answer of a model with the calls it asked for and what they returned."""
    facts = material.facts
    returned = {(row["agent_id"], row["turn"], row["call_id"]): row for row in facts.calls}
    return joined(
        [
            _left_out(len(facts.turns), facts.counts["turns"], "turns"),
            _left_out(len(facts.calls), facts.counts["calls"], "results of tools"),
            [_turn(row, returned) for row in facts.turns] or element("p", "No model answered.", class_="soft"),
        ]
    )


def decisions(material: Material) -> Markup:
    """What people were asked and said, and which rules fired."""
    asked = [
        (
            element("td", _time(row["requested_at"]), class_="short"),
            _mono(row["agent_id"]),
            row["reason"],
            _cut(_json(row["subject"]), _ARGUMENT_CHARS),
            _status(row["decision"] or row["status"]),
            "nobody in time" if row["timed_out"] else row["decided_by"] or "",
            row["note"] or "",
        )
        for row in material.facts.approvals
    ]
    fired = [
        (
            element("td", _time(row["time"]), class_="short"),
            _mono(row["rule_id"]),
            row["action"],
            _mono(row["agent_id"] or ""),
            row["detail"],
        )
        for row in material.facts.matches
    ]
    return joined(
        [
            element("h3", "Asked of people"),
            _table(("Asked", "Agent", "Why", "About", "Decision", "By", "Note"), asked),
            element("h3", "Rules that fired"),
            _left_out(len(fired), material.facts.counts["matches"], "rules that fired"),
            _table(("When", "Rule", "Action", "Agent", "Detail"), fired),
        ]
    )


def lineage(material: Material) -> Markup:
    """The edges of both graphs at the run's files."""
    parts: list[Child] = []
    for title, graph in (
        ("What the files were made from", material.facts.made_from),
        ("What used them", material.facts.used_by),
    ):
        nodes = {node["id"]: node for node in graph["nodes"]}
        rows = [
            (
                _node(nodes[edge["source"]]),
                element("td", _how(edge), class_="short"),
                _node(nodes[edge["target"]]),
            )
            for edge in graph["edges"]
        ]
        cut = element("p", "There is more than this; RARO itself shows the rest.", class_="soft")
        parts += [element("h3", title), cut if graph["truncated"] else None, _table(("Source", "How", "Result"), rows)]
    return joined(parts)


def events(material: Material) -> Markup:
    """The log of the run, one line an event."""
    rows = [
        (
            _number(row["seq"]),
            element("td", _time(row["time"], parts=23), class_="short"),
            row["event"],
            _mono(row["actor"]),
            _mono(" ".join(str(part) for part in (row["agent_id"], row["about"]) if part)),
            element("td", row["id"], class_="mono short"),
        )
        for row in material.facts.events
    ]
    table = _table(("Number", "Time", "Event", "By", "About", "Id"), rows)
    return joined([_left_out(len(rows), material.facts.counts["events"], "events"), table])


def _agent_words(row: Row, material: Material) -> Child:
    shown = material.outputs.get(row["output_sha256"] or "")
    failed = element("p", _mono(row["agent_id"]), f": {row['message']}", class_="bad words") if row["message"] else None
    if shown is None:
        return failed
    return [failed, element("details", element("summary", "What ", _mono(row["agent_id"]), " said"), _text(shown))]


def _turn(row: Row, returned: Mapping[tuple[str, int, str], Row]) -> Markup:
    cost = f", ${row['cost_usd']:,.4f}" if row["cost_usd"] else ""
    who = f", answered by {row['answered_by']}" if row["answered_by"] else ""
    tokens = f"{row['tokens_in']:,} tokens in, {row['tokens_out']:,} out"
    figures = f" {row['model']}{who}, {row['latency_ms']:,} ms, {tokens}{cost}"
    more = element("p", "The beginning of a longer answer.", class_="soft") if row["text_sha256"] else None
    return element(
        "details",
        element("summary", _mono(row["agent_id"]), f" turn {row['turn']} ", element("span", figures, class_="soft")),
        element("pre", row["text"]) if row["text"] else None,
        more,
        [
            _call(call, returned.get((row["agent_id"], row["turn"], call["call_id"])))
            for call in row["tool_calls"] or ()
        ],
    )


def _call(call: Row, result: Row | None) -> Markup:
    arguments = "" if call.get("args_blob") else _json(call.get("args") or {})
    title = element("h3", _mono(call["name"]), " ", _outcome(result))
    size = (call.get("args_blob") or {}).get("size_bytes")
    return joined(
        [
            title,
            element("p", f"Its arguments have {size:,} bytes and are not shown.", class_="soft") if size else None,
            element("pre", _cut(arguments, _ARGUMENT_CHARS)) if arguments not in ("", "{}") else None,
            element("pre", _cut(result["result"] or "", _RESULT_CHARS)) if result else None,
        ]
    )


def _outcome(result: Row | None) -> Markup:
    if result is None:
        return element("span", "did not return", class_="soft")
    took = f"{result['latency_ms'] or 0:,} ms"
    if result["ok"]:
        return element("span", f"ok, {took}", class_="good")
    return element("span", f"{result['code'] or 'failed'}, {took}", class_="bad")


def _picture(row: Row, shown: Shown) -> Markup:
    caption = element("figcaption", _mono(row["path"]))
    return element("figure", element("img", src=shown.picture, alt=f"The picture {row['path']}"), caption)


def _text_file(row: Row, shown: Shown) -> Child:
    if shown.note:
        return element("p", _mono(row["path"]), f": {shown.note}.", class_="soft")
    if shown.text is None:
        return None
    # What is written for people is there to be read at once.
    for_people = row["content_type"] == "text/markdown"
    return element("details", element("summary", _mono(row["path"])), _text(shown), open=for_people)


def _text(shown: Shown) -> Child:
    if shown.text is None:
        return element("p", f"{shown.note}.", class_="soft")
    cut = element("p", f"{shown.cut_bytes:,} more bytes are left out.", class_="soft") if shown.cut_bytes else None
    return [element("pre", shown.text), cut]


def _fate(row: Row, saved: Row | None) -> str:
    parts = [f"saved as {saved['filename']} v{saved['library_version']} by {saved['actor']}"] if saved else []
    if not row["newest"]:
        parts.append("an older version")
    elif row["gone"]:
        parts.append(row["gone"])
    else:
        parts.append("pinned" if row["pinned"] else f"until {_time(row['expires_at'], parts=10)}")
    return "; ".join(parts)


def _node(node: Row) -> Child:
    match node["kind"]:
        case "agent":
            return ["agent ", _mono(node["name"]), " of ", _mono(node["run_id"])]
        case "web":
            return _mono(node["name"])
    where = "the library" if node["kind"] == "library" else node["run_id"]
    sha256 = element("span", f" sha256 {node['sha256'][:16]}…", class_="soft mono") if node.get("sha256") else None
    return [_mono(node["name"]), f" v{node['version']} of ", _mono(where), sha256]


def _how(edge: Row) -> str:
    return _WORDS[edge["relation"]].format(turn=f" in turn {edge['turn']}" if edge["turn"] else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[Child]]) -> Markup:
    body = [element("tr", [cell if _is_cell(cell) else element("td", cell) for cell in row]) for row in rows]
    if not body:
        return element("p", "None.", class_="soft")
    names = element("thead", element("tr", [element("th", name, scope="col") for name in head]))
    # Wide tables scroll within themselves; a keyboard must be able to.
    return element("div", element("table", names, element("tbody", body)), class_="wide", tabindex="0")


def _is_cell(child: Child) -> bool:
    return isinstance(child, Markup) and child.text.startswith("<td")


def _facts(facts: Mapping[str, Child]) -> Markup:
    return element(
        "dl", [[element("dt", name), element("dd", value)] for name, value in facts.items() if value is not None]
    )


def _left_out(shown: int, there: int, what: str) -> Child:
    if shown >= there:
        return None
    return element("p", f"The first {shown:,} of {there:,} {what} are here.", class_="soft")


def _number(value: int | None) -> Markup:
    return element("td", "" if value is None else f"{value:,}", class_="number")


def _status(word: str) -> Markup:
    tone = "good" if word in _GOOD else "bad" if word in _BAD else None
    return element("span", word, class_=tone)


def _time(moment: str | None, *, parts: int = 19) -> str:
    """`2026-11-21T08:19:56.673Z` as people read it; the footer says that it is UTC."""
    return moment[:parts].replace("T", " ") if moment else ""


def _mono(text: str) -> Markup:
    return element("bdi", text, class_="mono")


def _name(text: str) -> Markup:
    return element("bdi", text)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n… {len(text) - most:,} more characters"
