"""The approvals reactor: what nobody decides in time is refused.

Consumes: approval_requested.
Emits: approval_denied, and what follows from it (failed when it was about going on at all).
Effect: none. Safe twice: a request that was decided is left alone.
"""

from __future__ import annotations

from datetime import UTC, datetime

from raro.commands.aggregates import Aggregates
from raro.domain.approvals import decide_timeout
from raro.domain.run import Run
from raro.events.catalogue import ApprovalRequested
from raro.events.envelope import Recorded
from raro.events.subjects import event_filter
from raro.handlers.reactor import Later, Reactor, aggregate_id_of, caused_by

# Woken at least hourly: the server forgets a delay when it restarts.
_LOOK_AGAIN_S = 3600.0


class Approvals:
    """Waits with each request until its time is over."""

    def __init__(self, runs: Aggregates[Run]) -> None:
        self._runs = runs

    def reactor(self) -> Reactor:
        """Listens to approval_requested."""
        filters = (event_filter("run", "approval_requested"),)
        return Reactor("approvals", filters, self.handle, at_once=4, suspect_after=None)

    async def handle(self, recorded: Recorded) -> None:
        """Refuse it when its time is over; wait in the queue until then."""
        request = recorded.event.data
        assert isinstance(request, ApprovalRequested)
        client_id, run_id = recorded.event.client_id, aggregate_id_of(recorded)
        run = (await self._runs.load(client_id, run_id)).state
        approval = run.approvals.get(request.approval_id)
        if run.ended or request.expires_at is None or approval is None or not approval.pending:
            return
        left_s = (request.expires_at - datetime.now(UTC)).total_seconds()
        if left_s > 0:
            raise Later(min(left_s + 0.01, _LOOK_AGAIN_S))
        await self._runs.execute(
            client_id, run_id, caused_by(recorded), lambda run: decide_timeout(run, request.approval_id)
        )
