"""Run the code as a script would run, and say in one JSON object how it ended. Leaves confinement to others.

The object goes to a pipe that the code itself could write to as well: the host trusts nothing in it.
"""

from __future__ import annotations

import _ast
import errno
import os
import sys
from _json import encode_basestring_ascii
from types import CodeType, ModuleType

FILENAME = "<code>"
MOST_CHARACTERS = 8000
ONLY_AST = 0x400
"""ast.PyCF_ONLY_AST; importing ast for it would cost 7 ms."""


def run(source: bytes, result_fd: int) -> int:
    """Execute `source` as `__main__`; returns the process's exit status."""
    started_by = os.getpid()
    text = source.decode()
    try:
        value = _evaluate(text)
        report, status = _object(kind="ok", value=_shown(value)), 0
    except SystemExit as stop:
        report, status = _exit_report(stop)
    except BaseException as error:  # noqa: BLE001 - whatever the code raises is its result
        report, status = _failure_report(error, text), 1
    if os.getpid() == started_by:
        _flush()
        _send(result_fd, report)
    return status


def _evaluate(text: str) -> object:
    main = ModuleType("__main__")
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    body, last = _split(text)
    exec(body, main.__dict__)
    return None if last is None else eval(last, main.__dict__)


def _split(text: str) -> tuple[CodeType, CodeType | None]:
    tree = compile(text, FILENAME, "exec", ONLY_AST, dont_inherit=True)
    assert isinstance(tree, _ast.Module)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, _ast.Expr):
        return compile(tree, FILENAME, "exec", dont_inherit=True), None
    tree.body.pop()
    expression = _ast.Expression(body=last.value)
    return (
        compile(tree, FILENAME, "exec", dont_inherit=True),
        compile(expression, FILENAME, "eval", dont_inherit=True),
    )


def _shown(value: object) -> str:
    return "" if value is None else _cut(repr(value))


def _exit_report(stop: SystemExit) -> tuple[str, int]:
    if stop.code is None or stop.code == 0:
        return _object(kind="ok", value=""), 0
    return _object(kind="exit", text=_cut(str(stop.code))), 1


def _failure_report(error: BaseException, text: str) -> str:
    return _object(kind="error", cause=_cause(error), text=_traceback(error, text))


def _cause(error: BaseException) -> str:
    """Which limit, if any, stands behind an exception; libraries wrap errors, so the chain is searched."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, MemoryError) or "OutOfMemory" in type(link).__name__:
            return "memory"
        if isinstance(link, OSError) and (cause := _cause_of_errno(link)):
            return cause
        for words, cause in _WORDS.items():
            if words in str(link):
                return cause
        link = link.__cause__ or link.__context__
    return ""


def _cause_of_errno(error: OSError) -> str:
    if error.errno == errno.EACCES:
        # Landlock refuses a path, seccomp a socket, and only the former has a name.
        return "read_only" if error.filename is not None else "network"
    return _CAUSES.get(error.errno or 0, "")


_CAUSES = {
    errno.EFBIG: "file_size",
    errno.ENOSPC: "space",
    errno.EDQUOT: "space",
    errno.EAGAIN: "processes",
    errno.ENOMEM: "memory",
    errno.EROFS: "read_only",
    errno.ENETUNREACH: "network",
}
_WORDS = {
    "can't start new thread": "processes",
    "File too large": "file_size",
    "No space left on device": "space",
    "Read-only file system": "read_only",
    "Temporary failure in name resolution": "network",
    "bad_alloc": "memory",
}


def _traceback(error: BaseException, text: str) -> str:
    """The traceback with the lines of the code alone: what libraries did on the way is noise to its author."""
    # Here, not above: both are needed for errors only and cost 9 ms.
    import linecache
    import traceback

    linecache.cache[FILENAME] = (len(text), None, text.splitlines(keepends=True), FILENAME)
    report = traceback.TracebackException.from_exception(error, compact=True)
    seen: set[int] = set()
    links = [report]
    while links:
        link = links.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        own = [frame for frame in link.stack if frame.filename == FILENAME]
        link.stack = traceback.StackSummary.from_list(own)
        links += [other for other in (link.__cause__, link.__context__) if other is not None]
    return _cut("".join(report.format()))


def _cut(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    half = MOST_CHARACTERS // 2
    return f"{text[:half]}\n… {len(text) - MOST_CHARACTERS} characters left out …\n{text[-half:]}"


def _object(**fields: str) -> str:
    pairs = [f"{encode_basestring_ascii(name)}:{encode_basestring_ascii(text)}" for name, text in fields.items()]
    return "{" + ",".join(pairs) + "}"


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue


def _send(fd: int, text: str) -> None:
    data = text.encode("ascii")
    while data:
        data = data[os.write(fd, data) :]
    os.close(fd)
