"""Copies of the views for verification: of those that are served, or of a file that nobody has open."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import duckdb

from raro.analytics.exporting import export
from raro.audit.verify import CopyViews
from raro.errors import AuditDamaged, ViewsUnavailable
from raro.projections import statements
from raro.projections.views import Views


def copy_served(views: Views) -> CopyViews:
    """Of the views of this process, in one transaction."""

    async def copy(target: Path) -> int:
        try:
            return await views.ask(export, None, target)
        except duckdb.Error as error:
            raise _unreadable(error) from error

    return copy


def copy_file(path: Path) -> CopyViews:
    """Of a file that no process has open."""

    async def copy(target: Path) -> int:
        return await asyncio.to_thread(_copy_file, path, target)

    return copy


def _copy_file(path: Path, target: Path) -> int:
    if not path.exists():
        raise ViewsUnavailable("there are none; they are built from the log at the next start.")
    target.parent.mkdir(parents=True)
    shutil.copyfile(path, target)
    wal = path.with_name(f"{path.name}.wal")
    if wal.exists():
        shutil.copyfile(wal, target.with_name(f"{target.name}.wal"))
    try:
        with duckdb.connect(str(target)) as connection:
            row = connection.execute("SELECT version, seq FROM cursor").fetchone()
            connection.execute("CHECKPOINT")
    except (duckdb.Error, RuntimeError, ValueError) as error:
        raise _unreadable(error) from error
    if row is None or row[0] != statements.version():
        raise ViewsUnavailable("they are of another version of RARO and are built anew at the next start.")
    return int(row[1])


def _unreadable(error: Exception) -> AuditDamaged:
    return AuditDamaged(f"the views' file cannot be read ({type(error).__name__}); `raro rebuild` makes it anew.")
