"""Documents: structure, counts and key terms of texts, source code and JSON; facts about what cannot be read."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import Any

from raro.agents.models.offline.kit.loading import Loaded
from raro.agents.models.offline.kit.looking import human_size
from raro.agents.models.offline.kit.sniffing import INPUT

_STOP = set(
    [
        "a",
        "about",
        "after",
        "all",
        "also",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "like",
        "may",
        "more",
        "most",
        "my",
        "no",
        "not",
        "of",
        "on",
        "one",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "she",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "up",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "will",
        "with",
        "would",
        "you",
        "your",
        "der",
        "die",
        "das",
        "und",
        "ist",
        "nicht",
        "ein",
        "eine",
        "zu",
        "den",
        "dem",
        "von",
        "mit",
        "für",
        "auf",
        "im",
        "des",
        "sich",
        "als",
        "auch",
        "es",
        "an",
        "werden",
        "aus",
        "er",
        "hat",
        "dass",
        "sie",
        "nach",
        "wird",
        "bei",
        "einer",
        "um",
        "am",
        "sind",
        "noch",
        "wie",
        "einem",
        "über",
        "so",
        "zum",
        "war",
        "haben",
        "nur",
        "oder",
        "aber",
        "vor",
        "zur",
        "bis",
        "mehr",
        "durch",
        "man",
        "sein",
        "wurde",
    ]
)
_LONG_FUNCTION = 40
_ASKS_WHAT_IT_SAYS = re.compile(
    r"\b(say|says|said|summar\w*|about|content\w*|gist|key points?|sagen|steht|inhalt\w*|zusammenfass\w*)\b",
    re.IGNORECASE,
)


def describe(loaded: Loaded, directive: str) -> tuple[list[str], list[str], list[str]]:
    """Answers, findings and body lines about a document or an unreadable file."""
    if loaded.text is None:
        return [], [_unreadable(loaded)], []
    if loaded.kind == "json":
        return _json(loaded)
    if loaded.name.endswith(".py"):
        return _python(loaded, directive)
    return _prose(loaded, directive)


def _unreadable(loaded: Loaded) -> str:
    size = human_size(loaded.size_bytes)
    path = INPUT / loaded.name
    if loaded.kind == "empty":
        return "the file is empty (0 bytes), so there is nothing to analyse."
    if loaded.kind == "image":
        return f"an image of {size}{_dimensions(loaded)}; the offline analyst describes no picture's content."
    if loaded.kind == "pdf":
        pages = len(re.findall(rb"/Type\s*/Page[^s]", path.read_bytes()[:50_000_000]))
        return f"a PDF of {size}, about {pages or 'an unknown number of'} pages; its text was not read."
    return f"{loaded.kind} data of {size} in no format the offline analyst knows; its content was not analysed."


def _dimensions(loaded: Loaded) -> str:
    try:
        # It comes with matplotlib, is loaded in a tenth of the time, and reads no more than the size.
        from PIL import Image

        with Image.open(INPUT / loaded.name) as image:
            width, height = image.size
    except Exception:  # noqa: BLE001  a damaged picture has no size
        return ""
    return f", {width} × {height} pixels"


def _prose(loaded: Loaded, directive: str) -> tuple[list[str], list[str], list[str]]:
    text = loaded.text or ""
    words = re.findall(r"[^\W\d_]{2,}", text)
    lines = text.splitlines()
    terms = Counter(word.lower() for word in words if word.lower() not in _STOP and len(word) > 3).most_common(12)
    headings = [line.strip("# ").strip() for line in lines if line.startswith("#")]
    sentences = re.split(
        r"(?<=[.!?])\s+", " ".join(" ".join(line for line in lines if not line.startswith("#")).split())
    )
    findings = [f"{len(words):,} words in {len(lines):,} lines"]
    if terms:
        findings.append("key terms: " + ", ".join(f"{word} ({count})" for word, count in terms[:8]))
    levels = Counter(re.findall(r"\b(ERROR|WARN(?:ING)?|INFO|DEBUG|FATAL|CRITICAL)\b", text))
    if sum(levels.values()) > 5:
        findings.append("log levels: " + ", ".join(f"{level} {count:,}" for level, count in levels.most_common()))
    body = ["### Outline", *(f"- {heading}" for heading in headings[:30])] if headings else []
    numbers = [s for s in sentences if re.search(r"\d", s) and 20 < len(s) < 300][:8]
    body += ["### Sentences with figures", *(f"> {s}" for s in numbers)] if numbers else []
    gist = _gist(sentences, dict(terms))
    body += ["### What it is about, in its own words", *(f"> {s}" for s in gist)] if gist else []
    asked = _passages(sentences, directive) or (
        [f"“{s}”" for s in gist] if _ASKS_WHAT_IT_SAYS.search(directive) else []
    )
    return asked, findings, body


def _gist(sentences: list[str], terms: dict[str, int]) -> list[str]:
    """The three sentences with most of the key terms for their length, each once, in the text's order."""
    places = {sentence: place for place, sentence in reversed(list(enumerate(sentences[:20_000])))}
    scored = []
    for sentence, place in places.items():
        words = [word.lower() for word in re.findall(r"[^\W\d_]{2,}", sentence)]
        weight = sum(terms.get(word, 0) for word in set(words))
        if weight and 15 < len(sentence) < 400:
            scored.append((-weight / len(words) ** 0.5, place, sentence))
    return [sentence for _, _, sentence in sorted(sorted(scored)[:3], key=lambda item: item[1])]


def _passages(sentences: list[str], directive: str) -> list[str]:
    """Sentences that share the directive's words, best first, quoted and not rephrased."""
    asked = {word.lower() for word in re.findall(r"[^\W\d_]{4,}", directive)} - _STOP
    scored = []
    for place, sentence in enumerate(sentences[:20_000]):
        hits = {word for word in asked if word.rstrip("s") in sentence.lower()}
        if hits and 20 < len(sentence) < 400:
            scored.append((-len(hits), place, sentence))
    return [f"“{sentence}”" for _, _, sentence in sorted(scored)[:4]]


def _json(loaded: Loaded) -> tuple[list[str], list[str], list[str]]:
    counts: Counter[str] = Counter()
    depth = _walk(loaded.data, counts, 1)
    findings = [f"JSON, {depth} levels deep: " + ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common())]
    body = ["### Structure", "```", *_outline(loaded.data, 0)[:60], "```"]
    return [], findings, body


def _walk(value: Any, counts: Counter[str], depth: int) -> int:
    counts[type(value).__name__] += 1
    if depth > 200:
        return depth
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max([_walk(item, counts, depth + 1) for item in inner], default=depth)


def _outline(value: Any, level: int) -> list[str]:
    pad = "  " * level
    if level > 4:
        return [f"{pad}…"]
    if isinstance(value, dict):
        return [
            line
            for key, item in list(value.items())[:20]
            for line in (f"{pad}{key}: {_kind(item)}", *_below(item, level))
        ]
    if isinstance(value, list) and value:
        return [f"{pad}[0]: {_kind(value[0])}", *_below(value[0], level)]
    return []


def _below(item: Any, level: int) -> list[str]:
    return _outline(item, level + 1) if isinstance(item, dict | list) else []


def _kind(item: Any) -> str:
    if isinstance(item, dict):
        return f"object of {len(item)}"
    if isinstance(item, list):
        return f"list of {len(item)}"
    return f"{type(item).__name__} {str(item)[:40]!r}"


def _python(loaded: Loaded, directive: str) -> tuple[list[str], list[str], list[str]]:
    text = loaded.text or ""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        return [], [f"Python that does not parse: {error.msg} in line {error.lineno}"], []
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    findings = [f"{len(text.splitlines()):,} lines, {len(functions)} functions, {len(classes)} classes"]
    smells = _smells(tree, functions)
    findings += smells[:12]
    body = ["### Functions", "| function | line | lines | arguments |", "|---|---|---|---|"]
    body += [
        f"| `{node.name}` | {node.lineno} | {(node.end_lineno or node.lineno) - node.lineno + 1} | {len(node.args.args)} |"
        for node in sorted(functions, key=lambda node: node.lineno)[:60]
    ]
    asked = re.search(r"refactor|smell|clean|review|moderni|legacy|bug|quality|risk|audit", directive.lower())
    answers = [f"To refactor first: {smell}" for smell in smells[:6]] if asked else []
    return answers, findings, body


def _smells(tree: ast.Module, functions: list[ast.FunctionDef | ast.AsyncFunctionDef]) -> list[str]:
    found = []
    for node in functions:
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > _LONG_FUNCTION:
            found.append(f"`{node.name}` has {length} lines (line {node.lineno}): split it")
        if len(node.args.args) > 5:
            found.append(f"`{node.name}` takes {len(node.args.args)} arguments (line {node.lineno}): group them")
        if any(isinstance(default, ast.List | ast.Dict | ast.Set) for default in node.args.defaults):
            found.append(f"`{node.name}` has a mutable default argument (line {node.lineno}): calls share it")
        if not ast.get_docstring(node):
            found.append(f"`{node.name}` has no docstring (line {node.lineno})")
    for item in ast.walk(tree):
        if isinstance(item, ast.ExceptHandler) and item.type is None:
            found.append(f"a bare `except:` in line {item.lineno} hides every error")
        if isinstance(item, ast.Global):
            found.append(f"`global {', '.join(item.names)}` in line {item.lineno}: state that anybody can change")
        if isinstance(item, ast.Call) and isinstance(item.func, ast.Name) and item.func.id in ("eval", "exec"):
            found.append(f"`{item.func.id}` in line {item.lineno} runs whatever it is given")
    return sorted(found, key=lambda smell: "no docstring" in smell)
