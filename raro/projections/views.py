"""The views: the projection's file kept level with the log, and everything that is asked of it.

`start` opens the file or builds it anew (missing, damaged, of another version), a task folds the log into it for
ever, and queries run in a few threads beside. A file that breaks while it is used is moved aside and built again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import duckdb

from raro.errors import LogDamaged, LogUnavailable, ViewsUnavailable
from raro.events.log import EventLog
from raro.events.raw import endpoint_of
from raro.projections import artifacts, audit, keeping, library, runs, statements
from raro.projections.catching_up import catch_up
from raro.projections.changes import Broadcaster, Subscription, changed_rows
from raro.projections.queries import Connection, Row
from raro.projections.store import Folded, Store, Unusable
from raro.tasks import end

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
_READERS = 3
_BATCH = 20_000
_KEPT_ASIDE = 2
_LOOK_S = 1.0
# From here on it pays to read the log with a connection and a thread of its own.
_FAR = 20_000
_REST_S = 0.05


FromArchive = Callable[[Path, str], Store | None]
"""Makes views at a path for a log (its incarnation) from what is archived of it; None when nothing is. Blocks."""


@dataclass(frozen=True, slots=True)
class Health:
    """How the views stand: `lag` events behind `head`; `fault` says why they do not move."""

    version: str
    incarnation: str
    seq: int
    head: int
    lag: int
    fault: str | None
    streams: int
    rebuilt: int


class Views:
    """The projection at `path`; build one per process, for DuckDB lets no other process in."""

    def __init__(self, path: Path, log: EventLog, archive: FromArchive | None = None) -> None:
        self.path = path
        self._log = log
        self._archive = archive
        self._store: Store | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="projector")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="views")
        self._local = threading.local()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._wanted = asyncio.Event()
        self._broadcaster = Broadcaster(self._changed)
        self._tasks: list[asyncio.Task[None]] = []
        self.seq = 0
        self.owed = 0
        self.fault: str | None = None
        self.rebuilt = 0
        self._shown_from = 0

    async def start(self) -> None:
        """Open or build the file, and keep it level with the log from now on.

        Raises LogDamaged when the log is not the one the file was made from.
        """
        await self._open()
        assert self._store is not None
        await self._log.check(self._store.cursor)
        self._shown_from = await self._log.head() if self.rebuilt else 0
        self._tasks = [asyncio.create_task(self._keep_level()), asyncio.create_task(self._broadcaster.run())]

    async def close(self) -> None:
        """Stop and close the file."""
        await end(*self._tasks)
        self._broadcaster.end_all()
        self._readers.shutdown(wait=True)
        if self._store is not None:
            await self._in_writer(self._store.close)
        self._writer.shutdown(wait=True)

    async def caught_up(self, timeout_s: float = 600) -> None:
        """Wait until everything that is in the log now is in the views. Raises ViewsUnavailable."""
        await self.wait_for(await self._log.head(), timeout_s)

    async def wait_for(self, seq: int, timeout_s: float) -> None:
        """Wait until the views show an event. Raises ViewsUnavailable after `timeout_s` or on a fault."""
        if self.seq >= seq:
            return
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((seq, arrived))
        self._wanted.set()
        try:
            async with asyncio.timeout(timeout_s):
                await arrived
        except TimeoutError:
            raise ViewsUnavailable(
                f"the views are at event {self.seq}, {seq} is not there yet{f' ({self.fault})' if self.fault else ''}. "
                "What was recorded stays recorded: look again in a moment, or see `raro doctor`.",
                seq=seq,
                views_seq=self.seq,
            ) from None

    def owe(self, seq: int) -> None:
        """Somebody was told that this event happened: `owed` is the last such event, which reads wait for."""
        self.owed = max(self.owed, seq)

    async def health(self) -> Health:
        """How far behind, and why. Raises LogUnavailable."""
        head = await self._log.head()
        lag = max(0, head - self.seq)
        return Health(
            statements.version(),
            self._log.incarnation,
            self.seq,
            head,
            lag,
            self.fault,
            self._broadcaster.streams,
            self.rebuilt,
        )

    def subscribe(self, client_id: str, views: Iterable[str], size: int) -> Subscription:
        """Patches from now on; give it back to `unsubscribe`."""
        self._wanted.set()
        return self._broadcaster.subscribe(client_id, views, size)

    def unsubscribe(self, subscription: Subscription) -> None:
        """No more patches for it."""
        self._broadcaster.unsubscribe(subscription)

    async def changes(self, client_id: str, view: str, after: int) -> tuple[list[Row], list[Any], int]:
        """What changed in a view since an event, and the event up to which that is known."""
        seq = self.seq
        upserts, removes = await self.ask(changed_rows, view, client_id, after)
        return upserts, removes, seq

    async def ask(self, query: Callable[Concatenate[Connection, P], T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a query of this package in a thread. Raises ViewsUnavailable while the file is built anew."""
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, lambda: self._query(query, *arguments, **named)
        )

    async def library(self, client_id: str) -> list[Row]:
        """Every file the client sees."""
        return await self.ask(library.listing, client_id)

    async def linked_names(self, client_id: str) -> list[str]:
        """What a run is given when it names no files."""
        return await self.ask(library.linked_names, client_id)

    async def run_state(self, client_id: str, run_id: str) -> Row | None:
        """One run with its agents and invocations."""
        return await self.ask(runs.state, client_id, run_id)

    async def artifact(self, client_id: str, run_id: str, path: str, version: int | None = None) -> Row | None:
        """One version of an artifact."""
        return await self.ask(artifacts.version, client_id, run_id, path, version)

    async def due(self, now: datetime, session_age: timedelta) -> list[keeping.Due]:
        """What retention may carry out."""
        return await self.ask(keeping.due, now, session_age)

    async def referenced(self, now: datetime, grace: timedelta) -> frozenset[str]:
        """Hashes that must stay, as of everything that is in the log now. Raises ViewsUnavailable."""
        await self.caught_up(60)
        return await self.ask(keeping.referenced, now, grace)

    async def parked(self) -> list[Row]:
        """Events that reactors gave up on."""
        return await self.ask(audit.parked)

    def _query(self, query: Callable[Concatenate[Connection, P], T], *arguments: P.args, **named: P.kwargs) -> T:
        store = self._store
        if store is None or self.seq < self._shown_from:
            # A half-built file would show the past as if it were now.
            raise ViewsUnavailable("the views are being built anew from the log; try again in a moment.")
        if getattr(self._local, "store", None) is not store:
            self._local.store, self._local.connection = store, store.reader()
        return query(self._local.connection, *arguments, **named)

    async def _changed(self, view: str, client_id: str, after: int) -> tuple[list[Row], list[Any]]:
        return await self.ask(changed_rows, view, client_id, after)

    async def _open(self) -> None:
        if self.path.exists():
            try:
                self._store = await self._in_writer(Store.open, self.path)
            except Unusable as reason:
                logger.warning("the views at %s are built anew: %s", self.path, reason)
                set_aside(self.path)
        if self._store is None:
            self.rebuilt += 1
            self._store = await self._from_archive()
        if self._store is None:
            self._store = await self._in_writer(Store.create, self.path, self._log.incarnation)
        self.seq = self._store.cursor.seq

    async def _from_archive(self) -> Store | None:
        """Views that only lack what came after the archive; None unless their last event is in the log as it is now."""
        if self._archive is None:
            return None
        store: Store | None = await self._in_writer(self._archive, self.path, self._log.incarnation)
        if store is None:
            return None
        try:
            await self._log.check(store.cursor)
        except LogDamaged as reason:
            logger.warning("the archive is of another history than the log, and is not used: %s", reason)
            await self._in_writer(store.close)
            set_aside(self.path)
            return None
        logger.info("the views begin from the archive, at event %d", store.cursor.seq)
        return store

    async def _keep_level(self) -> None:
        while True:
            try:
                await self._follow()
            except LogDamaged as damage:
                self.fault = damage.message
                logger.error("the views stand still: %s", damage)
                return
            except (duckdb.Error, _Vanished) as error:
                logger.error("the views' file broke, it is built anew: %s", error)
                await self._start_over_at_last()
            except LogUnavailable as error:
                logger.warning("the views wait for the log: %s", error)
                await asyncio.sleep(0.5)

    async def _follow(self) -> None:
        store = self._store
        assert store is not None
        await self._catch_up(store)
        watch = asyncio.create_task(self._vanishing())
        batches = self._log.read(store.cursor, batch_max=_BATCH)
        try:
            while True:
                arriving = asyncio.ensure_future(anext(batches))
                await asyncio.wait((arriving, watch), return_when=asyncio.FIRST_COMPLETED)
                if watch.done():
                    await end(arriving)
                    watch.result()
                self._committed(await self._in_writer(store.fold, arriving.result()))
                await self._rest()
        finally:
            await end(watch)
            with contextlib.suppress(RuntimeError):
                await batches.aclose()

    async def _rest(self) -> None:
        """Let events gather while nobody waits for them: to fold many costs hardly more than to fold one.

        Whoever sends commands needs the processor more (decision 034).
        """
        self._wanted.clear()
        if self._waiting or self._broadcaster.streams:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_REST_S):
                await self._wanted.wait()

    async def _catch_up(self, store: Store) -> None:
        """Go through what is far behind at full speed; live reading does the rest."""
        await self._log.check(store.cursor)
        head = await self._log.head()
        if head - store.cursor.seq < _FAR:
            return
        loop, stop = asyncio.get_running_loop(), threading.Event()

        def told(folded: Folded) -> None:
            loop.call_soon_threadsafe(self._committed, folded)

        try:
            await self._in_writer(catch_up, store, endpoint_of(self._log.nc), head, told, stop)
        finally:
            stop.set()

    def _committed(self, folded: Folded) -> None:
        before, self.seq = self.seq, folded.cursor.seq
        if folded.unreadable:
            logger.error("events whose data breaks their type are only in `events`: %s", folded.unreadable)
        waiting, self._waiting = self._waiting, []
        for seq, arrived in waiting:
            if arrived.done():
                continue
            if seq <= self.seq:
                arrived.set_result(None)
            else:
                self._waiting.append((seq, arrived))
        self._broadcaster.committed(folded.clients, folded.tables, before, self.seq)

    async def _vanishing(self) -> None:
        """Notice that somebody deleted the file under us."""
        while self.path.exists():
            await asyncio.sleep(_LOOK_S)
        raise _Vanished("the file was deleted")

    async def _start_over_at_last(self) -> None:
        """Start over, however often the disk says no: a projector that ended here would never be missed."""
        while True:
            try:
                return await self._start_over()
            except (duckdb.Error, OSError) as error:
                logger.error("the views cannot be built anew, it is tried again: %s", error)
                await asyncio.sleep(_LOOK_S)

    async def _start_over(self) -> None:
        store, self._store = self._store, None
        self._broadcaster.end_all()
        self._shown_from, self.seq = self.seq, 0
        if store is not None:
            with contextlib.suppress(duckdb.Error):
                await self._in_writer(store.close)
        set_aside(self.path)
        await self._open()
        self._shown_from = await self._log.head()

    async def _in_writer(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, function, *arguments)


class _Vanished(Exception):
    """The file is no longer at its path."""


def set_aside(path: Path) -> None:
    """Move an unusable file and its WAL out of the way; the last two are kept."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    for part in (path, path.with_name(f"{path.name}.wal")):
        # DuckDB removes the WAL itself when the last reader lets go of a closed file, at any moment.
        with contextlib.suppress(FileNotFoundError):
            part.rename(part.with_name(f"{part.name}.{stamp}.aside"))
    for pattern in (f"{path.name}.2*.aside", f"{path.name}.wal.2*.aside"):
        for old in sorted(path.parent.glob(pattern))[:-_KEPT_ASIDE]:
            old.unlink(missing_ok=True)
