"""Row patches: what changed in a client's views since an event, handed to every subscriber once it is committed.

A patch is computed once per client and view, however many streams are open. A subscriber that does not keep up is
dropped: it resumes from its cursor, and no event is lost.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import duckdb

from raro.errors import ViewsUnavailable
from raro.projections import artifacts, library, runs
from raro.projections.queries import Connection, Row

logger = logging.getLogger(__name__)

# The tables whose rows each view shows.
TABLES: dict[str, frozenset[str]] = {
    "library": frozenset({"library_files"}),
    "artifacts": frozenset({"artifacts"}),
    "runs": frozenset({"runs", "agents"}),
    "approvals": frozenset({"approvals"}),
}
VIEWS = tuple(TABLES)


@dataclass(frozen=True)
class Patch:
    """Rows of a view that are new or changed, and keys of rows that went."""

    view: str
    upserts: list[Row]
    removes: list[Any]

    @cached_property
    def json(self) -> str:
        """The patch as text, made once however many streams send it."""
        body = {"view": self.view, "upserts": self.upserts, "removes": self.removes}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, eq=False, slots=True)
class Round:
    """Everything that events up to `seq` changed in a subscriber's views; only its end is a place to resume from.

    Subscribers of one client with the same views get the same object.
    """

    patches: tuple[Patch, ...]
    seq: int


def changed_rows(connection: Connection, view: str, client_id: str, after: int) -> tuple[list[Row], list[Any]]:
    """Upserts and removes of a view by events above `after`; `after` 0 gives the whole view."""
    match view:
        case "library":
            return library.changes(connection, client_id, after)
        case "artifacts":
            return artifacts.changes(connection, client_id, after)
        case "runs":
            return runs.changes(connection, client_id, after)
        case _:
            return runs.approvals(connection, client_id, after), []


@dataclass(eq=False)
class Subscription:
    """One stream's rounds and live activity, in order. `dropped` is set when it fell behind and gets no more."""

    client_id: str
    views: frozenset[str]
    size: int
    dropped: bool = False
    _queue: asyncio.Queue[Round | Row | None] = field(default_factory=asyncio.Queue)

    def offer(self, change: Round) -> None:
        """Hand over a round, or drop the subscriber."""
        if self.dropped:
            return
        if self._queue.qsize() >= self.size:
            self.end()
        else:
            self._queue.put_nowait(change)

    def tell(self, activity: Row) -> None:
        """Hand over live activity; a busy stream misses some."""
        if not self.dropped and self._queue.qsize() < self.size // 2:
            self._queue.put_nowait(activity)

    async def next(self) -> Round | Row | None:
        """The next round or activity; None when no more will come."""
        return await self._queue.get()

    def end(self) -> None:
        """No more comes: the stream fell behind, or the views start over."""
        self.dropped = True
        self._queue.put_nowait(None)


Ask = Callable[[str, str, int], Awaitable[tuple[list[Row], list[Any]]]]


class Broadcaster:
    """Computes and hands out patches behind the projector, joining what comes while it is at work."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._subscriptions: set[Subscription] = set()
        self._dirty: dict[tuple[str, str], int] = {}
        self._wake = asyncio.Event()
        self._seq = 0
        self._starts = 0

    def subscribe(self, client_id: str, views: Iterable[str], size: int) -> Subscription:
        """Patches from now on."""
        subscription = Subscription(client_id, frozenset(views), size)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """No more patches for it."""
        self._subscriptions.discard(subscription)

    @property
    def streams(self) -> int:
        """How many subscribers there are."""
        return len(self._subscriptions)

    def committed(self, clients: frozenset[str], tables: frozenset[str], before: int, seq: int) -> None:
        """Events (before, seq] of these clients touched these tables."""
        self._seq = seq
        for client_id in {subscription.client_id for subscription in self._subscriptions}:
            for view, shown in TABLES.items():
                concerned = client_id in clients or (view == "library" and library.PUBLIC in clients)
                if concerned and shown & tables:
                    self._dirty.setdefault((client_id, view), before)
        if self._dirty:
            self._wake.set()

    def end_all(self) -> None:
        """Every stream starts over."""
        self._dirty.clear()
        self._seq, self._starts = 0, self._starts + 1
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()

    async def run(self) -> None:
        """Hand out patches for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            dirty, self._dirty, seq, starts = self._dirty, {}, self._seq, self._starts
            try:
                patches = await self._patches(dirty)
            except (ViewsUnavailable, duckdb.Error) as error:
                logger.warning("every stream starts over: %s", error)
                self.end_all()
                continue
            if starts != self._starts:
                # Asked before everything started over: its `seq` would make new streams skip what comes now.
                continue
            _hand_out(tuple(self._subscriptions), patches, seq)

    async def _patches(self, dirty: dict[tuple[str, str], int]) -> dict[str, dict[str, Patch]]:
        patches: dict[str, dict[str, Patch]] = {}
        for (client_id, view), after in dirty.items():
            upserts, removes = await self._ask(view, client_id, after)
            if upserts or removes:
                patches.setdefault(client_id, {})[view] = Patch(view, upserts, removes)
        return patches


def _hand_out(subscriptions: Iterable[Subscription], patches: dict[str, dict[str, Patch]], seq: int) -> None:
    # The rows may be newer than `seq`; a later round then repeats them, which changes nothing.
    rounds: dict[tuple[str, frozenset[str]], Round] = {}
    for subscription in subscriptions:
        kind = (subscription.client_id, subscription.views)
        if kind not in rounds:
            found = patches.get(subscription.client_id, {})
            rounds[kind] = Round(tuple(patch for view, patch in found.items() if view in subscription.views), seq)
        if rounds[kind].patches:
            subscription.offer(rounds[kind])
