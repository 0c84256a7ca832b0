"""What a command prints, and where: its answer on stdout, progress and remarks beside it.

With --json stdout holds the answer as JSON and nothing else; everything said on the way goes to stderr.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console

# Without a terminal there is no width to fit: lines stay whole, for grep and logs.
_PIPE_COLUMNS = 200


class Output:
    """Prints for a person or, with `as_json`, for a program."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = _console(sys.stdout)
        self._aside = _console(sys.stderr) if as_json else self.console

    @property
    def live(self) -> bool:
        """Whether a person watches a terminal that can be redrawn."""
        return not self.as_json and self.console.is_terminal

    def answer(self, data: Any, show: Callable[[Console], None]) -> None:
        """Print the command's answer: `data` as JSON, or what `show` prints."""
        if self.as_json:
            print(json.dumps(data, indent=2, ensure_ascii=False, default=str), flush=True)
        else:
            show(self.console)

    def line(self, data: Any, text: str) -> None:
        """Print one item of an answer without an end: JSON Lines, or a line of text."""
        if self.as_json:
            print(json.dumps(data, ensure_ascii=False, default=str), flush=True)
        else:
            self.console.print(text, soft_wrap=True)
            sys.stdout.flush()

    def remark(self, text: str, *, style: str | None = None) -> None:
        """Say something that is not the answer."""
        self._aside.print(text, style=style, soft_wrap=True)
        self._aside.file.flush()


def _console(file: Any) -> Console:
    width = None if file.isatty() else max(_PIPE_COLUMNS, shutil.get_terminal_size().columns)
    # Names and outputs come from users and agents: nothing in them is markup.
    return Console(file=file, markup=False, emoji=False, highlight=False, width=width)
