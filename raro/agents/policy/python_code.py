"""What a Python program refers to and which commands it starts, read from its syntax tree, without running it.

A first line only: code can hide what it does, and what it made is judged by its bytes afterwards. But comments, texts
and names that only look alike (`df.drop`, `list.remove`) are no hits, and aliases (`import os as o`) are seen through.
"""

from __future__ import annotations

import ast
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from raro.agents.policy.patterns import glob_fits

# CPython 3.11 counts how deep a tree goes for all threads together (cpython#106905): one at a time.
_PARSING = threading.Lock()
_UNKNOWN = "<>"
_NEAR = 6
_NESTED_CODE = 3
_RUNNERS = (
    "os.system", "os.popen", "os.exec*", "os.spawn*", "os.posix_spawn*", "posix.*", "nt.*", "subprocess.*",
    "pty.spawn", "asyncio.create_subprocess_*", "asyncio.subprocess.*", "pexpect.*", "plumbum.*", "sh.*", "ctypes.*",
    "*.system", "*.popen", "*.getoutput", "*.run_cell_magic", "*.run_line_magic",
)  # fmt: skip
_EVALUATORS = ("exec", "eval", "compile", "builtins.exec", "builtins.eval", "builtins.compile")
_IMPORTERS = ("__import__", "importlib.import_module")
_WORD = re.compile(r"[^\s;&|`$(){}<>'\"=]+")
# Possessive, and never from within a word: in time linear to the text.
_DOTTED = re.compile(r"(?<![\w.])[A-Za-z_]\w*+(?:\.[A-Za-z_]\w*+)+")
# What a notebook runs in a shell: `!rm x`, `%rm x`, a cell that begins with %%bash.
_SHELL_LINE = re.compile(r"^([ \t]*)[!%](.*)$", re.MULTILINE)
_SHELL_CELL = re.compile(r"\s*%%(?:bash|sh|script|!|system)\b|\s*!!")


@dataclass(frozen=True, slots=True)
class Usage:
    """Dotted names as they are imported (`<>` is a value nobody can tell), and words of commands, without folders."""

    names: frozenset[str]
    commands: frozenset[str]

    def has_name(self, globs: Iterable[str]) -> bool:
        """Whether a name that fits is referred to."""
        globs = tuple(globs)
        return any(glob_fits(globs, name) for name in self.names)

    def has_command(self, globs: Iterable[str]) -> bool:
        """Whether a command that fits is started."""
        globs = tuple(globs)
        return any(glob_fits(globs, word) for word in self.commands)


@lru_cache(maxsize=8)
def usage_of(code: str) -> Usage:
    """What the program uses. One that does not parse is searched for dotted names, and its texts for commands."""
    return _usage(code, 0)


def command_words(text: str) -> frozenset[str]:
    """The words of a command line, each without the folder in front."""
    return frozenset(word.rpartition("/")[2] or word for word in _WORD.findall(text))


def _usage(code: str, nested: int) -> Usage:
    if _SHELL_CELL.match(code):
        return Usage(frozenset(), command_words(code))
    shell = [match[2] for match in _SHELL_LINE.finditer(code)]
    for text in (code, _SHELL_LINE.sub(r"\1pass", code)):
        tree = _parsed(text)
        if tree is not None:
            found = _Reader(tree, nested).usage()
            lines = shell if text != code else []
            return Usage(found.names, found.commands.union(*map(command_words, lines)))
    return _as_text(code)


def _parsed(code: str) -> ast.Module | None:
    try:
        with _PARSING:
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _as_text(code: str) -> Usage:
    names = frozenset(_DOTTED.findall(unicodedata.normalize("NFKC", code)))
    starts = any(glob_fits(_RUNNERS, name) for name in names) or _SHELL_LINE.search(code)
    return Usage(names, command_words(code) if starts else frozenset())


class _Reader:
    """Reads one tree; nothing in it recurses deeper than a few steps, whatever the program."""

    def __init__(self, tree: ast.Module, nested: int) -> None:
        self._nodes = list(ast.walk(tree))
        self._nested = nested
        self._aliases: dict[str, str] = {}
        self._texts: dict[str, set[str]] = {}
        self._open_imports: list[str] = []
        self._learn_imports()
        # Twice, for an alias of an alias.
        self._learn_assignments()
        self._learn_assignments()

    def usage(self) -> Usage:
        names: set[str] = set()
        started: set[str] = set()
        evaluated: set[str] = set()
        for node in self._nodes:
            if isinstance(node, ast.Attribute | ast.Name):
                names.update(self._names(node))
            elif isinstance(node, ast.Call):
                name = self._name(node.func)
                if self._is_lookup(node):
                    names.add(self._name(node))
                if glob_fits(_RUNNERS, name):
                    started |= self._texts_of(node)
                elif name in _EVALUATORS:
                    evaluated |= self._texts_of(node)
        inner = [_usage(text, self._nested + 1) for text in evaluated] if self._nested < _NESTED_CODE else []
        return Usage(
            frozenset(names).union(*(usage.names for usage in inner)),
            frozenset().union(*map(command_words, started), *(usage.commands for usage in inner)),
        )

    def _learn_imports(self) -> None:
        for node in self._nodes:
            if isinstance(node, ast.Import):
                for item in node.names:
                    top = item.name.partition(".")[0]
                    self._aliases.setdefault(item.asname or top, item.name if item.asname else top)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for item in node.names:
                    if item.name == "*":
                        self._open_imports.append(node.module)
                    else:
                        self._aliases.setdefault(item.asname or item.name, f"{node.module}.{item.name}")

    def _learn_assignments(self) -> None:
        for node in self._nodes:
            if isinstance(node, ast.Assign):
                targets, value = node.targets, node.value
            elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
                targets, value = [node.target], node.value
            else:
                continue
            known = self._name(value)
            for target in targets:
                if isinstance(target, ast.Name):
                    if not known.startswith(_UNKNOWN):
                        self._aliases.setdefault(target.id, known)
                    self._texts.setdefault(target.id, set()).update(_constant_texts([value]))

    def _names(self, node: ast.Attribute | ast.Name) -> Iterator[str]:
        name = self._name(node)
        yield name
        if isinstance(node, ast.Name):
            yield from (f"{module}.{name}" for module in self._open_imports)

    def _name(self, node: ast.AST) -> str:
        """The dotted name of an expression: what it was imported as, `<>` where that cannot be told."""
        ends: list[str] = []
        while len(ends) < _NEAR:
            if isinstance(node, ast.Attribute):
                ends.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Call) and self._is_lookup(node):
                ends.append(_constant(node.args[1]) or _UNKNOWN)
                node = node.args[0]
            else:
                return ".".join([self._base(node), *reversed(ends)])
        return ".".join([_UNKNOWN, *reversed(ends)])

    def _base(self, node: ast.AST) -> str:
        if isinstance(node, ast.Name):
            return self._aliases.get(node.id, node.id)
        if isinstance(node, ast.Call) and node.args and _plain_name(node.func, self._aliases) in _IMPORTERS:
            return _constant(node.args[0]) or _UNKNOWN
        return _UNKNOWN

    def _is_lookup(self, node: ast.Call) -> bool:
        """Whether it is `getattr(thing, "name")`."""
        return _plain_name(node.func, self._aliases) in ("getattr", "builtins.getattr") and len(node.args) > 1

    def _texts_of(self, call: ast.Call) -> set[str]:
        """Every text that goes into a call, also by way of a name."""
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        names = {node.id for value in values for node in ast.walk(value) if isinstance(node, ast.Name)}
        return _constant_texts(values).union(*(self._texts[name] for name in names if name in self._texts))


def _plain_name(node: ast.AST, aliases: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return aliases.get(node.id, node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{aliases.get(node.value.id, node.value.id)}.{node.attr}"
    return _UNKNOWN


def _constant_texts(values: Iterable[ast.AST]) -> set[str]:
    nodes = [node for value in values for node in ast.walk(value)]
    whole = [_constant(node) for node in nodes if isinstance(node, ast.Constant | ast.BinOp | ast.JoinedStr)]
    return {text for text in whole if text is not None}


def _constant(node: ast.AST) -> str | None:
    """A text that is written out, in one piece or in several that are joined; bytes as text."""
    pieces: list[str] = []
    waiting = [node]
    while waiting and len(pieces) < 1000:
        match waiting.pop():
            case ast.Constant(value=str(text)):
                pieces.append(text)
            case ast.Constant(value=bytes(data)):
                pieces.append(data.decode("utf-8", errors="replace"))
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                waiting += [right, left]
            case ast.JoinedStr(values=values):
                waiting += reversed(values)
            case ast.FormattedValue():
                pieces.append(" ")
            case _:
                return None
    return "".join(pieces)
