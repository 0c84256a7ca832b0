"""Load, decide, append, again on a conflict: the one way in which anything is appended to an aggregate.

A repeated `Idempotency-Key` finds the events its first use appended, because the key's id is their causation id:
the log itself remembers it, for ever.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import uuid4, uuid5
from weakref import WeakValueDictionary

from raro.errors import RaroError, TooMuchContention
from raro.events.catalogue import Aggregate, EventData
from raro.events.envelope import ID_NAMESPACE, Cause, Event, Recorded, new_event
from raro.events.log import TRIES, EventLog, WrongLastSequence
from raro.events.subjects import aggregate_filter

State = TypeVar("State")
_TRIES = 20
_CACHED = 512
_KEYED = "key-"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a command, and the key that makes repeating it safe."""

    client_id: str
    actor: str = "user:anonymous"
    idempotency_key: str | None = None
    traceparent: str | None = None

    def cause(self, command: str, correlation_id: str | None = None) -> Cause:
        """The cause of this command's events; the same key and command give the same cause."""
        if self.idempotency_key is None:
            cause_id = str(uuid4())
        else:
            name = "\n".join((self.client_id, command, self.idempotency_key))
            cause_id = f"{_KEYED}{uuid5(ID_NAMESPACE, name)}"
        return Cause(cause_id, self.actor, correlation_id or cause_id, datetime.now(UTC), self.traceparent)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[State]):
    """An aggregate as of `seq`, its last event; `keyed` are the events of commands that carried a key."""

    state: State
    seq: int
    keyed: dict[str, tuple[Recorded, ...]] = field(default_factory=dict)

    def done(self, cause: Cause) -> Appended[State] | None:
        """What an earlier command of the same key did."""
        recorded = self.keyed.get(cause.id)
        return Appended(self.state, recorded[-1].seq, tuple(one.event for one in recorded)) if recorded else None


@dataclass(frozen=True, slots=True)
class Appended(Generic[State]):
    """What a command did: the state after it, the sequence to wait for, its events (none: nothing to do)."""

    state: State
    seq: int
    events: tuple[Event, ...]


class Aggregates(Generic[State]):
    """All aggregates of one kind: a cache of folded states in front of the log.

    `optimistic` saves a look at the log before most commands; `decide` must then bear a state from before its cause.
    """

    def __init__(
        self,
        log: EventLog,
        kind: Aggregate,
        initial: State,
        evolve: Callable[[State, Event], State],
        *,
        optimistic: bool = False,
    ) -> None:
        self.log = log
        self._kind: Aggregate = kind
        self._initial = initial
        self._evolve = evolve
        self._optimistic = optimistic
        self._cache: OrderedDict[str, Loaded[State]] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def load(self, client_id: str, aggregate_id: str, *, at_least: int | None = None) -> Loaded[State]:
        """The state as of now; reads only what is new since the last look.

        With `at_least` a state in which that event is known is enough, and the log is not read where there is one.
        An id that could be no aggregate's (a wildcard, a dot) has no history: it never becomes a subject.
        """
        if not _ID.fullmatch(aggregate_id):
            return Loaded(self._initial, 0)
        subject = aggregate_filter(client_id, self._kind, aggregate_id)
        known = self._cache.get(subject) or Loaded(self._initial, 0)
        if at_least is not None and known.seq >= at_least:
            return known
        history = await self.log.read_aggregate(client_id, self._kind, aggregate_id, after=known.seq)
        return self._remember(subject, known, history.events, history.last_seq)

    async def execute(
        self, client_id: str, aggregate_id: str, cause: Cause, decide: Callable[[State], Sequence[EventData]]
    ) -> Appended[State]:
        """Append what `decide` says of the current state, deciding again whenever somebody was first.

        Raises whatever `decide` raises, LogUnavailable, and TooMuchContention after 20 conflicts.
        """
        subject = aggregate_filter(client_id, self._kind, aggregate_id)
        lock = self._locks.setdefault(subject, asyncio.Lock())
        async with lock:
            if self._optimistic and (appended := await self._unread(client_id, aggregate_id, cause, decide)):
                return appended
            for attempt in range(_TRIES):
                loaded = await self.load(client_id, aggregate_id)
                if done := loaded.done(cause):
                    return done
                events = [new_event(client_id, aggregate_id, data, cause) for data in decide(loaded.state)]
                if not events:
                    return Appended(loaded.state, loaded.seq, ())
                if appended := await self._append(client_id, aggregate_id, loaded, events):
                    return appended
                await asyncio.sleep(random.uniform(0, 0.002 * (attempt + 1)))
        raise TooMuchContention(f"others kept changing {aggregate_id} {_TRIES} times in a row; try again.")

    async def _unread(
        self, client_id: str, aggregate_id: str, cause: Cause, decide: Callable[[State], Sequence[EventData]]
    ) -> Appended[State] | None:
        """Append what `decide` says of the state as last seen: the log refuses it if that is an old one.

        None when it did, and when there is a refusal or nothing to append: those count only of the state as of now.
        """
        seen = self._cache.get(aggregate_filter(client_id, self._kind, aggregate_id)) or Loaded(self._initial, 0)
        if done := seen.done(cause):
            return done
        try:
            events = [new_event(client_id, aggregate_id, data, cause) for data in decide(seen.state)]
        except RaroError:
            return None
        # One try: it stands for the look at the log, which tells within a request's time that the log is away.
        return await self._append(client_id, aggregate_id, seen, events, tries=1) if events else None

    async def _append(
        self, client_id: str, aggregate_id: str, loaded: Loaded[State], events: Sequence[Event], *, tries: int = TRIES
    ) -> Appended[State] | None:
        try:
            expect = {aggregate_filter(client_id, self._kind, aggregate_id): loaded.seq}
            seq = await self.log.append(events, expect=expect, tries=tries)
        except WrongLastSequence:
            return None
        return Appended(self.note(client_id, aggregate_id, loaded, events, seq), seq, tuple(events))

    def note(
        self, client_id: str, aggregate_id: str, before: Loaded[State], events: Sequence[Event], last_seq: int
    ) -> State:
        """Fold events that were just appended behind `before`, the last of them at `last_seq`."""
        subject = aggregate_filter(client_id, self._kind, aggregate_id)
        first = last_seq - len(events) + 1
        recorded = [Recorded(first + index, event, b"") for index, event in enumerate(events)]
        return self._remember(subject, before, recorded, last_seq).state

    def _remember(
        self, subject: str, before: Loaded[State], events: Sequence[Recorded], last_seq: int
    ) -> Loaded[State]:
        if not events and last_seq == before.seq:
            return before
        state, keyed = before.state, dict(before.keyed)
        for recorded in events:
            state = self._evolve(state, recorded.event)
            cause_id = recorded.event.causation_id
            if cause_id.startswith(_KEYED):
                keyed[cause_id] = (*keyed.get(cause_id, ()), recorded)
        loaded = Loaded(state, last_seq, keyed)
        self._cache[subject] = loaded
        self._cache.move_to_end(subject)
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return loaded
