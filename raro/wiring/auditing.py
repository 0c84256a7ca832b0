"""The parts of tamper evidence, built over one log and its views, and the archive; how they stand, for /health."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from raro.archive.archivist import Archivist
from raro.audit.copies import copy_served
from raro.audit.prover import Prover
from raro.audit.sealer import Rhythm, Sealer
from raro.audit.verify import Auditor, CopyViews
from raro.errors import RaroError
from raro.events.log import EventLog
from raro.files.blobs import BlobStore
from raro.projections.views import Views
from raro.settings import Settings
from raro.wiring.kept import archive_of, sealed_log

logger = logging.getLogger(__name__)

# Not in the first moment, when everything else starts as well.
_LATER_S = 5.0


@dataclass(frozen=True)
class Auditing:
    """Seals, verifies and proves one log."""

    sealer: Sealer
    auditor: Auditor
    prover: Prover

    async def verify_at_start(self) -> None:
        """Reread the log once, and say so when something is wrong."""
        await asyncio.sleep(_LATER_S)
        try:
            report = await self.auditor.verify(quick=True)
        except RaroError as error:
            logger.error("the log could not be verified: %s", error)
            return
        for check in report.checks:
            if not check.ok:
                logger.error("the log was changed (%s): %s", check.name, check.detail)

    def part(self) -> dict[str, Any]:
        """How it stands, as a part of /health."""
        report, sealer = self.auditor.last, self.sealer
        sealed = sealer.checkpoint.size if sealer.checkpoint else 0
        if report is not None and not report.ok:
            wrong = next(check for check in report.checks if not check.ok)
            return _part("degraded", f"{wrong.name}: {wrong.detail}", "Run `raro audit verify`.", sealed)
        if sealer.fault:
            return _part("degraded", f"not sealed any further: {sealer.fault}", "Run `raro audit verify`.", sealed)
        if sealer.second_fault:
            return _part("degraded", sealer.second_fault, "Check RARO_CHECKPOINTS.", sealed)
        verified = f", verified up to {report.size:,}" if report else ""
        return _part("ok", f"sealed up to event {sealed:,}{verified}", "", sealed)


def auditor_of(settings: Settings, log: EventLog, blobs: BlobStore, copy_views: CopyViews) -> Auditor:
    """Verifies the log of these settings."""
    return Auditor(log, sealed_log(settings, log), blobs, copy_views, cache_folder(settings.storage))


def archivist_of(settings: Settings, log: EventLog, views: Views) -> Archivist:
    """Extends the archive while these views are served."""
    age = timedelta(days=settings.archive_days)
    return Archivist(archive_of(settings, log), log, views, age=age, least=settings.archive_events)


def cache_folder(storage: Path) -> Path:
    """Where verification works."""
    return storage / "cache" / "audit"


def auditing(settings: Settings, log: EventLog, blobs: BlobStore, views: Views) -> Auditing:
    """The parts, beside views that are served."""
    sealer = Sealer(
        log,
        sealed_log(settings, log),
        lambda: views.seq,
        Rhythm(settings.seal_events, settings.seal_s),
    )
    return Auditing(sealer, auditor_of(settings, log, blobs, copy_served(views)), Prover(log, sealer))


def _part(state: str, detail: str, advice: str, sealed: int) -> dict[str, Any]:
    return {"state": state, "detail": detail, "advice": advice, "sealed": sealed}
