"""What a storage folder keeps beside its log, all made from that: the views' file, the sealed tree, the archive.

Apart from the rest of the wiring, for commands that need no more than this start in half the time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from raro.archive.archive import Archive
from raro.audit.sealed import SealedLog
from raro.events.log import EventLog
from raro.projections.views import Views, set_aside
from raro.settings import Settings

PROJECTION = "raro.duckdb"


def projection_path(storage: Path) -> Path:
    """Where the views' file lies."""
    return storage / "projections" / PROJECTION


def sealed_log(settings: Settings, log: EventLog) -> SealedLog:
    """What is kept of the log's tree."""
    folder = settings.storage / "audit"
    return SealedLog(folder, log.incarnation, key=settings.audit_key, second=settings.checkpoints)


def archive_of(settings: Settings, log: EventLog) -> Archive:
    """What is archived of the log."""
    return Archive(settings.storage / "archive", sealed_log(settings, log))


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
