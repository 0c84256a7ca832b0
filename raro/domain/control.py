"""The operator's controls of a run: stop, pause, resume."""

from __future__ import annotations

from raro.domain.run import Run
from raro.errors import RunNotFound, WrongState
from raro.events.catalogue import Paused, Resumed, RunEvent, Stopped


def decide_stop(run: Run, run_id: str, reason: str) -> list[RunEvent]:
    """End it now. Raises RunNotFound, WrongState when it has ended otherwise."""
    _check_there(run, run_id)
    if run.status == "stopped":
        return []
    _check_going(run, run_id)
    return [Stopped(reason=reason)]


def decide_pause(run: Run, run_id: str, reason: str) -> list[RunEvent]:
    """Begin no new turn until it is resumed. Raises RunNotFound, WrongState."""
    _check_there(run, run_id)
    _check_going(run, run_id)
    return [] if run.status == "paused" else [Paused(reason=reason)]


def decide_resume(run: Run, run_id: str) -> list[RunEvent]:
    """Go on. Raises RunNotFound, WrongState when it has ended."""
    _check_there(run, run_id)
    _check_going(run, run_id)
    return [Resumed()] if run.status == "paused" else []


def _check_there(run: Run, run_id: str) -> None:
    if run.status == "missing":
        raise RunNotFound(f"there is no run {run_id!r}. See `raro runs`.", run_id=run_id)


def _check_going(run: Run, run_id: str) -> None:
    if run.ended:
        raise WrongState(
            f"run {run_id} has ended already ({run.status}); start a new one.", run_id=run_id, status=run.status
        )
