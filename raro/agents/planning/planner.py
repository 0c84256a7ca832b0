"""What every planner does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from raro.events.shapes import InputFile, WorkflowConfig


@dataclass(frozen=True, slots=True)
class Planned:
    """A workflow that can run, and what was changed in it to that end, in sentences for people."""

    workflow: WorkflowConfig
    notes: tuple[str, ...] = ()


class Planner(Protocol):
    """Makes the agents of a run that was started without."""

    async def plan(self, directive: str, inputs: Sequence[InputFile]) -> Planned:
        """A workflow for the directive over the inputs. Raises PlanRefused, ModelUnavailable."""
