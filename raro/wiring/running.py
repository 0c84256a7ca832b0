"""Whole processes: everything on one machine (`up`), the API alone (`serve`), reactors alone (`work`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from raro.analytics.desk import Desk
from raro.analytics.process import Caps
from raro.api.app import create_app
from raro.api.services import Services
from raro.embedded.lock import StorageLock, hold_storage
from raro.handlers.agents import AgentParts, Agents
from raro.handlers.approvals import Approvals
from raro.handlers.housekeeping import Housekeeping
from raro.handlers.machines import Machines
from raro.handlers.promotion import Promotion
from raro.handlers.reactor import Reactor, ReactorLoop
from raro.handlers.retention import Retention
from raro.handlers.runs import Runs
from raro.handlers.trees import TreeKeeper
from raro.projections.views import Views
from raro.replay.past import Past
from raro.replay.replay import Caps as ReplayCaps
from raro.replay.replay import Replay
from raro.settings import MIB, Settings
from raro.tasks import end
from raro.wiring.auditing import Auditing, archivist_of, auditing
from raro.wiring.core import Core, core
from raro.wiring.health import parts_of
from raro.wiring.kept import archive_of, level_views
from raro.wiring.links import ProposalsOfViews, expected_trees

logger = logging.getLogger(__name__)

_AGAIN_S = 1.0
_RULES_LOOK_S = 1.0


@dataclass(frozen=True)
class Running:
    """A process that serves: its ASGI application and the lock on its storage."""

    asgi: Any
    lock: StorageLock
    core: Core
    views: Views


@asynccontextmanager
async def running(settings: Settings, *, work: bool = True) -> AsyncIterator[Running]:
    """The API and the views over a storage folder; with `work` the reactors too.

    Raises StorageInUse naming the holder, StartFailed, LogDamaged.
    """
    async with AsyncExitStack() as stack:
        lock = stack.enter_context(hold_storage(settings.storage))
        built = await stack.enter_async_context(core(settings, lock))
        views = await stack.enter_async_context(level_views(settings, built.log))
        desk = desk_of(settings, views)
        stack.push_async_callback(desk.close)
        past = past_of(built, views)
        stack.push_async_callback(past.close)
        audit = auditing(settings, built.log, built.blobs, views)
        beside = [desk.run, past.run, built.sandboxes.warm]
        tasks = [*_keepers(built, views, audit), *beside] + (_reactors(built) if work else [])
        await stack.enter_async_context(_background(tasks))
        yield Running(create_app(_services(built, views, desk, past, audit)), lock, built, views)


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[Core]:
    """Reactors alone, beside a `raro serve` elsewhere. Raises StartFailed."""
    async with core(settings, None) as built, _background([built.sandboxes.warm, *_reactors(built)]):
        yield built


Task = Callable[[], Awaitable[object]]


def _services(built: Core, views: Views, desk: Desk, past: Past, audit: Auditing) -> Services:
    return Services(
        settings=built.settings,
        log=built.log,
        views=views,
        blobs=built.blobs,
        outputs=built.outputs,
        library=built.library,
        runs=built.runs,
        artifacts=built.artifacts,
        policy=built.policy,
        desk=desk,
        past=past,
        auditor=audit.auditor,
        prover=audit.prover,
        parts=partial(parts_of, built, views, audit),
    )


def _keepers(built: Core, views: Views, audit: Auditing) -> list[Task]:
    settings = built.settings
    housekeeping = Housekeeping(
        built.log,
        built.library,
        built.blobs,
        built.trees,
        partial(expected_trees, views),
        limit_bytes=settings.max_upload_bytes,
    )
    retention = retention_of(built, views)
    archivist = archivist_of(settings, built.log, views)
    return [
        partial(housekeeping.run, settings.tree_interval_s),
        partial(retention.run, settings.retention_interval_s),
        partial(built.policy.watch, _RULES_LOOK_S),
        audit.sealer.run,
        *([audit.verify_at_start] if settings.verify_at_start else []),
        *([partial(archivist.run, settings.archive_interval_s)] if settings.archive_interval_s else []),
    ]


def desk_of(settings: Settings, views: Views) -> Desk:
    """Where SQL is asked, over these views."""
    caps = Caps(
        wall_s=settings.sql_timeout_s,
        memory_bytes=settings.sql_memory_mb * MIB,
        rows=settings.sql_rows,
        body_bytes=settings.sql_result_kb * 1024,
    )
    folder, cache_bytes = settings.storage / "cache" / "sql", settings.sql_cache_mb * MIB
    return Desk(views, folder, caps, at_once=settings.sql_at_once, cache_bytes=cache_bytes)


def past_of(built: Core, views: Views) -> Past:
    """Where the past of this log is asked about."""
    settings = built.settings
    caps = ReplayCaps(
        every=settings.replay_every,
        cache_bytes=settings.replay_cache_mb * MIB,
        memory_mb=settings.replay_memory_mb,
        at_once=settings.replay_at_once,
    )
    replay = Replay(built.log, settings.storage / "cache" / "replay", caps, archive_of(settings, built.log))
    return Past(built.log, views, built.blobs, replay, timeout_s=settings.project_timeout_s)


def retention_of(built: Core, views: Views) -> Retention:
    """Retention over these views."""
    return Retention(
        built.run_states,
        built.artifacts,
        built.blobs,
        built.sessions,
        ProposalsOfViews(views),
        grace=timedelta(hours=built.settings.grace_hours),
        session_age=timedelta(hours=built.settings.session_hours),
    )


def _reactors(built: Core) -> list[Task]:
    within = timedelta(seconds=built.settings.approval_timeout_s)
    parts = AgentParts(
        built.run_states,
        built.blobs,
        built.sessions,
        built.sandboxes,
        built.outputs,
        built.minds.of,
        built.limits,
        built.search,
        built.rules.current,
        within,
    )
    reactors: list[Reactor] = [
        *Runs(built.run_states, built.blobs, built.sessions, built.rules.current, within).reactors(),
        Approvals(built.run_states).reactor(),
        Machines(built.run_states, built.sandboxes).reactor(),
        Agents(parts, at_once=built.settings.agents_at_once).reactor(),
        Promotion(built.run_states, built.blobs, built.sessions).reactor(),
        TreeKeeper(built.slots, built.run_states, built.trees).reactor(),
    ]
    settings = built.settings
    return [
        ReactorLoop(built.log, reactor, ack_wait_s=settings.ack_wait_s, max_deliveries=settings.max_deliveries).run
        for reactor in reactors
    ]


@asynccontextmanager
async def _background(tasks: list[Task]) -> AsyncIterator[None]:
    running_tasks = [asyncio.create_task(_forever(task)) for task in tasks]
    try:
        yield
    finally:
        await end(*running_tasks)


async def _forever(task: Task) -> None:
    """A background task outlives its own failures; one that ends by itself is done."""
    while True:
        try:
            await task()
        except Exception:
            logger.exception("a background task broke off; it begins again")
            await asyncio.sleep(_AGAIN_S)
        else:
            return
