"""What every reactor shares: consume, heartbeat, acknowledge, retry with backoff, park.

A handler must be safe to run twice for the same event: delivery is at least once. Its name is its durable
consumer's name and never changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from raro.errors import LogUnavailable
from raro.events.catalogue import EventParked
from raro.events.consumer import Delivery, DurableConsumer
from raro.events.envelope import Cause, Recorded, new_event, parse_event
from raro.events.log import EventLog
from raro.events.subjects import SYSTEM_CLIENT, SYSTEM_ID
from raro.events.wire import ApiError
from raro.tasks import end

logger = logging.getLogger(__name__)

_BACKOFF_S = (0.2, 1.0, 5.0, 15.0)
_MAX_PENDING = 20_000


class Later(Exception):
    """The event is not due yet: hand it out again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"due in {seconds:.1f} s")
        self.seconds = seconds


class TakenOver(Exception):
    """Another worker has the event now, and sees to it: this one's delivery is neither done nor to be repeated.

    An acknowledgement of an older delivery counts for the event (JetStream): it would be lost if the other one died.
    """


Handle = Callable[[Recorded], Awaitable[None]]
GiveUp = Callable[[Recorded, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reactor:
    """A durable consumer's name, what it listens to, what it does, and how many events at once.

    `give_up` is told why before an event is parked, so that nobody waits for it for ever. A worker that dies with an
    event raises nothing: after `suspect_after` deliveries the event itself is suspected. None: the handler sees to it,
    or its events wait in the queue for long.
    """

    name: str
    filters: tuple[str, ...]
    handle: Handle
    at_once: int = 1
    give_up: GiveUp | None = None
    suspect_after: int | None = 20


class ReactorLoop:
    """Runs one reactor until it is cancelled; outages of the log are waited out."""

    def __init__(self, log: EventLog, reactor: Reactor, *, ack_wait_s: float, max_deliveries: int) -> None:
        self._log = log
        self._reactor = reactor
        self._ack_wait_s = ack_wait_s
        self._max_deliveries = max_deliveries
        self.consumer = DurableConsumer(
            log.nc, reactor.name, reactor.filters, ack_wait_s=ack_wait_s, max_ack_pending=_MAX_PENDING
        )

    async def run(self) -> None:
        """Consume for ever."""
        await self._ensure()
        async with asyncio.TaskGroup() as group:
            for _ in range(self._reactor.at_once):
                group.create_task(self._consume())

    async def _ensure(self) -> None:
        while True:
            try:
                return await self.consumer.ensure()
            except (LogUnavailable, ApiError) as error:
                logger.warning("reactor %s waits for the log: %s", self._reactor.name, error)
                await asyncio.sleep(0.5)

    async def _consume(self) -> None:
        while True:
            try:
                delivery = await self.consumer.next()
                if delivery is not None:
                    await self._deliver(delivery)
            except LogUnavailable as error:
                logger.info("reactor %s: %s", self._reactor.name, error)
                await asyncio.sleep(0.5)
                await self._ensure()

    async def _deliver(self, delivery: Delivery) -> None:
        if not await self._log.is_committed(delivery.stored):
            return await delivery.ack()
        heartbeat = asyncio.create_task(self._heartbeat(delivery))
        try:
            await self._handle(delivery)
        finally:
            await end(heartbeat)

    async def _handle(self, delivery: Delivery) -> None:
        try:
            suspect_after = self._reactor.suspect_after
            if suspect_after is not None and delivery.deliveries > suspect_after:
                raise RuntimeError(f"workers died or gave up on it {delivery.deliveries - 1} times")
            await self._reactor.handle(self._parse(delivery))
        except Later as later:
            await delivery.retry_after(later.seconds)
        except TakenOver:
            logger.info("reactor %s: event %d was taken over", self._reactor.name, delivery.stored.seq)
        except LogUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  a reactor outlives whatever its handler raises; it is parked
            await self._failed(delivery, error)
        else:
            await delivery.ack()

    def _parse(self, delivery: Delivery) -> Recorded:
        body = self._log.upcasters.upcast(delivery.stored.body)
        return Recorded(delivery.stored.seq, parse_event(body), delivery.stored.body)

    async def _failed(self, delivery: Delivery, error: Exception) -> None:
        logger.error(
            "reactor %s failed on event %d (delivery %d)",
            self._reactor.name,
            delivery.stored.seq,
            delivery.deliveries,
            exc_info=error,
        )
        hopeless = isinstance(error, ValidationError | ValueError) and delivery.deliveries >= 2
        if delivery.deliveries < self._max_deliveries and not hopeless:
            await delivery.retry_after(_BACKOFF_S[min(delivery.deliveries, len(_BACKOFF_S)) - 1])
        else:
            await self._park(delivery, error)
            await delivery.ack()

    async def _park(self, delivery: Delivery, error: Exception) -> None:
        await self._give_up(delivery, error)
        parts = delivery.stored.subject.split(".")
        try:
            event_id = parse_event(delivery.stored.body).id
        except (ValueError, ValidationError):
            event_id = f"seq-{delivery.stored.seq}"
        parked = EventParked(
            reactor=self._reactor.name,
            seq=delivery.stored.seq,
            event_id=event_id,
            event_subject=delivery.stored.subject,
            client_id=parts[2],
            error=f"{type(error).__name__}: {error}"[:2000],
            deliveries=delivery.deliveries,
        )
        cause = Cause(f"{event_id}:{self._reactor.name}", "system", event_id, datetime.now(UTC))
        await self._log.append([new_event(SYSTEM_CLIENT, SYSTEM_ID, parked, cause)])

    async def _give_up(self, delivery: Delivery, error: Exception) -> None:
        if self._reactor.give_up is None:
            return
        try:
            await self._reactor.give_up(self._parse(delivery), f"{type(error).__name__}: {error}"[:1000])
        except LogUnavailable:
            raise
        except Exception:  # the event is parked all the same
            logger.exception("reactor %s could not give up event %d", self._reactor.name, delivery.stored.seq)

    async def _heartbeat(self, delivery: Delivery) -> None:
        while True:
            await asyncio.sleep(self._ack_wait_s / 3)
            with suppress(Exception):
                await delivery.working()


def caused_by(recorded: Recorded, actor: str = "system") -> Cause:
    """The cause of what a reactor appends because of an event; the run stays the correlation."""
    return Cause(recorded.event.id, actor, recorded.event.correlation_id, datetime.now(UTC))


def aggregate_id_of(recorded: Recorded) -> str:
    """The run or file an event is about."""
    return recorded.event.subject.split(".")[4]
