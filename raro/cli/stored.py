"""Opens a storage folder that no server holds: its servers, its log and its views, for the time of one command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from raro.embedded.lock import hold_storage
from raro.projections.views import Views, set_aside
from raro.settings import Settings
from raro.wiring.auditing import archive_of
from raro.wiring.core import Core, core
from raro.wiring.links import projection_path


@asynccontextmanager
async def stored(storage: Path, *, anew: bool = False, from_archive: bool = True) -> AsyncIterator[tuple[Core, Views]]:
    """The folder's parts with its views level with the log; `anew` makes the views again.

    What is missing of them comes from the archive first, as far as that goes, unless `from_archive` is off.

    Raises StorageInUse naming the holder, StartFailed, LogDamaged.
    """
    settings = Settings(storage=storage)
    with hold_storage(storage) as lock:
        async with core(settings, lock, cache=False) as built:
            path = projection_path(storage)
            if anew and path.exists():
                set_aside(path)
            views = Views(path, built.log, archive_of(settings, built.log).restore if from_archive else None)
            await views.start()
            try:
                await views.caught_up()
                yield built, views
            finally:
                await views.close()
