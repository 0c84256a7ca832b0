"""Opens the log and the views of a storage folder that no server holds, for the time of one command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from raro.embedded.lock import hold_storage
from raro.events.log import EventLog
from raro.projections.views import Views
from raro.settings import Settings
from raro.wiring.kept import level_views
from raro.wiring.opening import opened


@asynccontextmanager
async def stored_views(
    storage: Path, *, anew: bool = False, from_archive: bool = True
) -> AsyncIterator[tuple[EventLog, Views]]:
    """The folder's log, and its views level with that (`level_views`).

    Raises StorageInUse naming the holder, StartFailed, LogDamaged.
    """
    settings = Settings(storage=storage)
    with hold_storage(storage) as lock:
        async with (
            opened(settings, lock, cache=False) as (_, log),
            level_views(settings, log, anew=anew, from_archive=from_archive) as views,
        ):
            yield log, views
