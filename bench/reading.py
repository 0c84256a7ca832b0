"""What a measure yields: a name, a number, its target, and a peer's figure where there is one."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One measured number. A target is a limit from above, or from below with `at_least`.

    `peer` is the figure of comparable software doing the same work on a machine like this one.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    peer: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is met; None when there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of 100 do not exceed."""
    if percent == 50:
        return statistics.median(values)
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
