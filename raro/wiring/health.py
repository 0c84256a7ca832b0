"""Every part's state for /health and `raro doctor`: ok, degraded or broken, and what to do about it."""

from __future__ import annotations

import shutil
from typing import Any

from raro.errors import RaroError
from raro.projections.views import Views
from raro.wiring.auditing import Auditing
from raro.wiring.core import Core

Part = dict[str, Any]
_LOW_BYTES = 1024**3
_LAG = 1000


async def parts_of(built: Core, views: Views, audit: Auditing) -> dict[str, Part]:
    """The state of the log, the views, Redis, the sandbox, the rules, the disk, the reactors and the seal."""
    try:
        log = await _log(built)
        views_part = await _views(views)
        reactors = await _reactors(views)
    except RaroError as error:
        log = _part("broken", error.message, "Check nats-server; `raro doctor` tells more.")
        views_part = reactors = _part("degraded", "the log is away")
    return {
        "log": log,
        "views": views_part,
        "redis": await _redis(built),
        "sandbox": await _sandbox(built),
        "rules": _rules(built),
        "storage": _storage(built),
        "reactors": reactors,
        "audit": audit.part(),
    }


def _part(state: str, detail: str, advice: str = "", **more: Any) -> Part:
    return {"state": state, "detail": detail, "advice": advice, **more}


async def _log(built: Core) -> Part:
    state = await built.log.state()
    detail = f"{state.messages:,} events, {state.bytes:,} bytes"
    return _part("ok", detail, head=state.last_seq, incarnation=state.incarnation)


async def _views(views: Views) -> Part:
    health = await views.health()
    more: Part = {"seq": health.seq, "lag": health.lag, "version": health.version, "streams": health.streams}
    if health.fault:
        return _part("broken", health.fault, "Restore the log, or accept it as it is with `raro rebuild`.", **more)
    state = "degraded" if health.lag > _LAG else "ok"
    return _part(state, f"at event {health.seq}, {health.lag} behind", **more)


async def _reactors(views: Views) -> Part:
    parked = await views.parked()
    if not parked:
        return _part("ok", "nothing parked", parked=0)
    last = parked[-1]
    detail = f"{len(parked)} events parked, the last by {last['reactor']}: {last['error'][:200]}"
    return _part("degraded", detail, "See `raro events list --type event_parked`.", parked=len(parked))


async def _redis(built: Core) -> Part:
    if await built.outputs.is_up():
        return _part("ok", "answers")
    return _part("degraded", "away; outputs come from the blob store, slower", "Check RARO_REDIS_URL or valkey.")


async def _sandbox(built: Core) -> Part:
    report = await built.sandboxes.probe()
    if report.chosen is None:
        return _part("degraded", report.describe(), "Agents cannot run code; see docs/sandboxes.md.", tier=None)
    state = "degraded" if report.chosen == "unsafe" else "ok"
    return _part(
        state, report.describe(), "" if state == "ok" else "RARO_SANDBOX=unsafe keeps nothing in.", tier=report.chosen
    )


def _rules(built: Core) -> Part:
    standing = built.rules.standing()
    more: Part = {"path": str(built.rules.path.absolute()), "sha256": standing.rules.sha256}
    if not standing.faults:
        return _part("ok", f"{len(standing.rules.ids)} rules in force", **more)
    fault = standing.faults[0]
    where = f", line {fault.line}" if fault.line else ""
    detail = f"the rules from before are in force: {built.rules.path.name}{where}: {fault.message}"
    return _part("degraded", detail, "Correct the file; `raro rules check FILE` tells more.", line=fault.line, **more)


def _storage(built: Core) -> Part:
    free = shutil.disk_usage(built.settings.storage).free
    more: Part = {"path": str(built.settings.storage.absolute()), "free_bytes": free}
    if free < _LOW_BYTES:
        return _part("degraded", f"only {free:,} bytes free", "Free some space, or clear old runs.", **more)
    return _part("ok", f"{free:,} bytes free", **more)
