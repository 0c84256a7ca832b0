"""/health, /ready, /metrics: for the people and programs that keep RARO running."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from raro.api.problems import DOCUMENTED
from raro.api.session import ServicesAre
from raro.errors import ViewsUnavailable

router = APIRouter(tags=["operations"], responses=DOCUMENTED)
_READY_LAG = 1000


class Traffic:
    """Requests by method and status class, and the time they took."""

    def __init__(self) -> None:
        self._count: dict[tuple[str, str], int] = {}
        self._seconds = 0.0
        self.started = time.time()

    def note(self, method: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = (method, f"{status // 100}xx")
        self._count[key] = self._count.get(key, 0) + 1
        self._seconds += seconds

    def lines(self) -> Iterator[str]:
        """In Prometheus' text format."""
        yield "# TYPE raro_http_requests_total counter"
        for (method, status), count in sorted(self._count.items()):
            yield f'raro_http_requests_total{{method="{method}",status="{status}"}} {count}'
        yield "# TYPE raro_http_request_seconds_total counter"
        yield f"raro_http_request_seconds_total {self._seconds:.6f}"
        yield "# TYPE raro_started_timestamp_seconds gauge"
        yield f"raro_started_timestamp_seconds {self.started:.3f}"


@router.get("/health", operation_id="get_health", response_model=dict[str, Any])
async def get_health(services: ServicesAre) -> Any:
    """Every part's state: ok, degraded or broken, and what to do. 503 when a needed part is broken."""
    parts = await services.parts()
    states = {part["state"] for part in parts.values()}
    worst = next(state for state in ("broken", "degraded", "ok") if state in states)
    return JSONResponse({"state": worst, "parts": parts}, 503 if worst == "broken" else 200)


@router.get("/ready", operation_id="get_ready", response_model=dict[str, Any])
async def get_ready(services: ServicesAre) -> Any:
    """Whether commands and reads are served; a problem with what is missing otherwise."""
    health = await services.views.health()
    if health.fault or health.lag > _READY_LAG:
        reason = health.fault or f"the views are {health.lag} events behind"
        raise ViewsUnavailable(f"not ready: {reason}.", lag=health.lag)
    return JSONResponse({"ready": True, "seq": health.seq, "lag": health.lag})


@router.get("/metrics", operation_id="get_metrics", response_class=PlainTextResponse)
async def get_metrics(request: Request, services: ServicesAre) -> Response:
    """Counters and gauges in Prometheus' text format."""
    health, state = await services.views.health(), await services.log.state()
    parked = len(await services.views.parked())
    traffic: Traffic = request.app.state.traffic
    gauges = {
        "raro_log_last_sequence": state.last_seq,
        "raro_log_bytes": state.bytes,
        "raro_views_sequence": health.seq,
        "raro_views_lag_events": health.lag,
        "raro_views_faulty": int(health.fault is not None),
        "raro_views_rebuilt": health.rebuilt,
        "raro_streams_open": health.streams,
        "raro_events_parked": parked,
    }
    lines = [line for name, value in gauges.items() for line in (f"# TYPE {name} gauge", f"{name} {value}")]
    return PlainTextResponse("\n".join([*lines, *traffic.lines()]) + "\n")
