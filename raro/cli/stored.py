"""Opens a storage folder that no server holds: its servers, its log and its views, for the time of one command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from raro.embedded.lock import hold_storage
from raro.projections.views import Views
from raro.settings import Settings
from raro.wiring.core import Core, core
from raro.wiring.kept import level_views


@asynccontextmanager
async def stored(storage: Path) -> AsyncIterator[tuple[Core, Views]]:
    """The folder's parts with its views level with the log.

    Raises StorageInUse naming the holder, StartFailed, LogDamaged.
    """
    settings = Settings(storage=storage)
    with hold_storage(storage) as lock:
        async with core(settings, lock, cache=False) as built, level_views(settings, built.log) as views:
            yield built, views
