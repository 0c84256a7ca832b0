"""given(events).when(command).then(events): how pure decisions are tested.

A history is written as event data; the scenario stamps each with an id, a time one second after the one
before, and the client. `then` compares what was decided, `fails` the error that was raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from raro.errors import RaroError
from raro.events.catalogue import EventData
from raro.events.envelope import Cause, Event, new_event

State = TypeVar("State")
START = datetime(2026, 1, 1, tzinfo=UTC)
CLIENT = "acme"


def at(seconds: float) -> datetime:
    """A moment that many seconds into the history."""
    return START + timedelta(seconds=seconds)


def stamp(data: EventData, index: int, *, aggregate_id: str = "run_1", client_id: str = CLIENT) -> Event:
    """The event that carries this data as the history's `index`th."""
    return new_event(client_id, aggregate_id, data, Cause(f"cause-{index}", "user:test", aggregate_id, at(index)))


def fold(initial: State, evolve: Callable[[State, Event], State], history: Sequence[EventData]) -> State:
    """The state after a history."""
    state = initial
    for index, data in enumerate(history):
        state = evolve(state, stamp(data, index))
    return state


@dataclass(frozen=True)
class Given(Generic[State]):
    """A state that a history led to."""

    state: State

    def when(self, decide: Callable[[State], Sequence[EventData]]) -> Decided:
        """Decide upon it."""
        try:
            return Decided(list(decide(self.state)), None)
        except RaroError as error:
            return Decided([], error)


@dataclass(frozen=True)
class Decided:
    """What came of it."""

    events: list[EventData]
    error: RaroError | None

    def then(self, *expected: EventData) -> None:
        """Exactly these events were decided."""
        assert self.error is None, self.error
        assert self.events == list(expected)

    def fails(self, error: type[RaroError], *words: str) -> None:
        """It was refused with this error, whose message names these words."""
        assert type(self.error) is error, (self.events, self.error)
        for word in words:
            assert word in self.error.message
