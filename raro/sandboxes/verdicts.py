"""How a run of code ended, in words for the agent: a stable code, what happened, and what to do about it.

wall_time_limit cpu_limit memory_limit process_limit output_limit file_count_limit folder_depth_limit
file_size_limit total_size_limit disk_full: a limit.
python_error exit_status crashed: the code itself. closed: the host.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass

from raro.sandboxes.sandbox import ExecutionError, Limits, MiB, Result

CAUSES = {
    "memory": "memory_limit",
    "file_size": "file_size_limit",
    "space": "disk_full",
    "processes": "process_limit",
}
HINTS = {
    "read_only": "Only output/ (kept) and /tmp (scratch) can be written to; input/ is read-only.",
    "network": "There is no network in the sandbox: work with the files in input/.",
}
SIGNALS = {signal.SIGXCPU: "cpu_limit", signal.SIGKILL: "memory_limit", signal.SIGXFSZ: "file_size_limit"}
LAST_WORDS = {
    "bad_alloc": "memory_limit",
    "MemoryError": "memory_limit",
    "Cannot allocate memory": "memory_limit",
    "Memory allocation": "memory_limit",
    "pthread_create failed": "process_limit",
    "Resource temporarily unavailable": "process_limit",
}
SIGNAL_BASE = 128
MOST_CHARACTERS = 10_000
"""A little more than `inside/execute.py` sends; only code that forges its report sends more."""


@dataclass(frozen=True)
class Report:
    """What the code's own process says about its end: nothing in it is to be trusted, only shown."""

    kind: str
    value: str = ""
    cause: str = ""
    text: str = ""


def parse_report(data: bytes) -> Report | None:
    """The report in `data`; None when there is none, or none that makes sense."""
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not all(isinstance(field, str) for field in fields.values()):
        return None
    known = {name: _shown(fields[name]) for name in ("kind", "value", "cause", "text") if name in fields}
    return Report(**known) if known.get("kind") in ("ok", "exit", "error") else None


def _shown(text: str) -> str:
    # Lone surrogates cannot be written as UTF-8, neither to the log nor to a client.
    return text[:MOST_CHARACTERS].encode(errors="replace").decode()


def limit_error(code: str, limits: Limits, cause_text: str = "") -> ExecutionError:
    """The error for a limit that was passed."""
    before = f"{cause_text.rstrip()}\n" if cause_text else ""
    return ExecutionError(code, before + _limit_text(code, limits))


def judge(report: Report | None, status: int, stderr: str, limits: Limits) -> ExecutionError | None:
    """The error of a run that ended by itself, with exit status `status`; None when it went well."""
    if report is None:
        return _without_report(status, stderr, limits)
    if report.kind == "error":
        return _of_exception(report, limits)
    if report.kind == "exit":
        return ExecutionError("exit_status", f"The code called sys.exit({report.text!r}).")
    return _without_report(status, stderr, limits) if status != 0 else None


def results_of(report: Report | None) -> tuple[Result, ...]:
    """The value of the last expression, if there was one."""
    return (Result(report.value),) if report is not None and report.value else ()


def _of_exception(report: Report, limits: Limits) -> ExecutionError:
    if report.cause in CAUSES:
        return limit_error(CAUSES[report.cause], limits, report.text)
    hint = HINTS.get(report.cause)
    return ExecutionError("python_error", f"{report.text.rstrip()}\n{hint}" if hint else report.text)


def _without_report(status: int, stderr: str, limits: Limits) -> ExecutionError:
    number = -status if status < 0 else status - SIGNAL_BASE
    if number in SIGNALS:
        return limit_error(SIGNALS[signal.Signals(number)], limits)
    for words, code in LAST_WORDS.items():
        if words in stderr:
            return limit_error(code, limits, stderr[-500:])
    if number in signal.valid_signals():
        name = signal.Signals(number).name
        text = f"The interpreter was ended by {name}, mostly a fault in a native library. Try another way."
        return ExecutionError("crashed", text)
    return ExecutionError("exit_status", f"The process ended with exit status {status}.")


def _limit_text(code: str, limits: Limits) -> str:
    texts = {
        "wall_time_limit": f"Stopped after {limits.wall_s:g} s, the time limit of one run. "
        "Do the work in smaller steps, or on a sample.",
        "cpu_limit": f"Stopped after {limits.cpu_s:g} s of processor time, the limit of one run. "
        "Use vectorised operations or DuckDB, or work on a sample.",
        "memory_limit": f"The memory limit of {_size(limits.memory_bytes)} was reached. "
        "Read fewer columns or rows at once, or query the file with DuckDB.",
        "process_limit": f"The limit of {limits.processes} processes and threads was reached. "
        "Start fewer of them, and wait for each to end.",
        "output_limit": f"Stopped because more than {_size(limits.output_bytes)} was printed. "
        "Print summaries, and write long results to a file in output/.",
        "file_count_limit": f"output/ has more than {limits.files} files and folders, the limit of a run. "
        "Delete some, or put many small ones into one file.",
        "folder_depth_limit": f"Folders in output/ are nested more than {limits.depth} deep; those below were "
        "removed. Use fewer levels.",
        "file_size_limit": f"A file is larger than {_size(limits.file_bytes)}, the limit of a single file. "
        "Write less, a compressed format such as Parquet, or several files.",
        "total_size_limit": f"output/ holds more than {_size(limits.total_bytes)}, the limit of a run. "
        "Delete what is not needed, and use compressed formats.",
        "disk_full": f"No space is left: /tmp holds {_size(limits.scratch_bytes)} and output/ what the host's "
        "disk has free. Delete scratch files, and write less.",
        "closed": "Stopped, because the run was stopped.",
    }
    return texts[code]


def _size(size_bytes: int) -> str:
    return f"{size_bytes / MiB:g} MiB"
