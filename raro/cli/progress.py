"""Progress of transfers: a bar on a terminal, nothing elsewhere (each finished file is a line anyway)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from raro.cli.output import Output
from raro.cli.text import one_line


class Transfer:
    """Names the file in transit and counts its bytes."""

    def __init__(self, say: Callable[[str], None], advance: Callable[[int], None]) -> None:
        self.say = say
        self.advance = advance


@contextmanager
def transfer(out: Output, total_bytes: int | None) -> Iterator[Transfer]:
    """Show the progress of `total_bytes` (None: not known) until the block ends.

    What `out` prints meanwhile goes above the bar.
    """
    bar = Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(binary_units=True),
        TransferSpeedColumn(), TimeRemainingColumn(),
        console=out.console, transient=True, disable=not out.live,
    )  # fmt: skip
    with bar:
        task = bar.add_task("", total=total_bytes)
        yield Transfer(
            say=lambda name: bar.update(task, description=one_line(name, 32)),
            advance=lambda size_bytes: bar.advance(task, size_bytes),
        )
