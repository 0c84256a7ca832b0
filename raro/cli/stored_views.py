"""Opens the log and the views of a storage folder that no server holds, for the time of one command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from raro.embedded.lock import hold_storage
from raro.events.log import EventLog
from raro.projections.views import Views, set_aside
from raro.settings import Settings
from raro.wiring.kept import archive_of, projection_path
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


@asynccontextmanager
async def level_views(
    settings: Settings, log: EventLog, *, anew: bool = False, from_archive: bool = True
) -> AsyncIterator[Views]:
    """The views level with the log; `anew` makes them again.

    What is missing of them comes from the archive first, as far as that goes, unless `from_archive` is off.
    """
    path = projection_path(settings.storage)
    if anew and path.exists():
        set_aside(path)
    views = Views(path, log, archive_of(settings, log).restore if from_archive else None)
    await views.start()
    try:
        await views.caught_up()
        yield views
    finally:
        await views.close()
