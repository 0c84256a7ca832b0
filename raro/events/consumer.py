"""Durable pull consumers: the work queues of the reactors.

One request asks for one message, so a worker never holds what it cannot handle yet. A durable keeps its old
configuration in silence when a new one is passed (FACTS.md): it is compared and updated at every start.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from raro.errors import LogUnavailable
from raro.events import wire
from raro.events.direct import StoredMessage
from raro.events.stream import STREAM

# Short, for a request dies with its server: after a restart a worker waits this long at the most.
_EXPIRES_S = 5.0
_GONE = {"409", "503"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message handed to a reactor, to be acknowledged by it."""

    nc: Client
    stored: StoredMessage
    deliveries: int
    ack_subject: str

    async def ack(self) -> None:
        """Done; waits until the server has noted it. Raises LogUnavailable when it does not answer."""
        await wire.request(self.nc, self.ack_subject, b"+ACK")

    async def retry_after(self, seconds: float) -> None:
        """Hand it out again after a while."""
        await self.nc.publish(self.ack_subject, b"-NAK " + json.dumps({"delay": int(seconds * 1e9)}).encode())

    async def working(self) -> None:
        """Still at it: do not hand it to another worker."""
        await self.nc.publish(self.ack_subject, b"+WPI")


class DurableConsumer:
    """A named place in the stream, shared by every worker that uses the same name."""

    def __init__(
        self, nc: Client, name: str, filters: Sequence[str], *, ack_wait_s: float, max_ack_pending: int
    ) -> None:
        self._nc = nc
        self.name = name
        self._arrived: asyncio.Queue[Msg] | None = None
        self._reply = ""
        self._config: dict[str, Any] = {
            "durable_name": name,
            "filter_subjects": sorted(filters),
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": int(ack_wait_s * 1e9),
            "max_ack_pending": max_ack_pending,
            "max_deliver": -1,
            "max_waiting": 2048,
            "replay_policy": "instant",
        }

    async def ensure(self) -> None:
        """Create the consumer, or bring its configuration up to date."""
        body = {"stream_name": STREAM, "config": self._config, "action": ""}
        await wire.js_request(self._nc, f"CONSUMER.DURABLE.CREATE.{STREAM}.{self.name}", body)
        info = await self.info()
        wrong = {
            key: info["config"].get(key) for key, value in self._config.items() if info["config"].get(key) != value
        }
        if wrong.pop("filter_subjects", None) and info["config"].get("filter_subject") != "".join(
            self._config["filter_subjects"]
        ):
            wrong["filter_subjects"] = info["config"].get("filter_subjects")
        if wrong:
            raise LogUnavailable(f"consumer {self.name} is not set up as asked: {wrong}. Delete it and start again.")

    async def info(self) -> dict[str, Any]:
        """The server's view: `num_pending`, `num_ack_pending`, `ack_floor` and the configuration."""
        return await wire.js_request(self._nc, f"CONSUMER.INFO.{STREAM}.{self.name}")

    async def next(self) -> Delivery | None:
        """The next message, None when there was none for a while.

        Raises LogUnavailable when the server or the consumer is away; call `ensure` before going on.
        """
        arrived = await self._inbox()
        ask = json.dumps({"batch": 1, "expires": int(_EXPIRES_S * 1e9)}).encode()
        try:
            await self._nc.publish(f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{self.name}", ask, reply=self._reply)
            # Requests are alike: any answer serves any of them.
            async with asyncio.timeout(_EXPIRES_S + 1):
                message = await arrived.get()
        except (nats.errors.Error, ConnectionError, TimeoutError) as error:
            raise LogUnavailable(f"consumer {self.name} does not answer ({type(error).__name__})") from error
        headers = message.headers or {}
        status = headers.get("Status")
        if status in _GONE:
            raise LogUnavailable(f"consumer {self.name} is gone ({status} {headers.get('Description', '')})")
        return None if status is not None else self._delivery(message, headers)

    def _delivery(self, message: Msg, headers: dict[str, str]) -> Delivery:
        # $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>
        fields = message.reply.split(".")
        stored = StoredMessage(
            seq=int(fields[5]),
            subject=message.subject,
            body=message.data,
            batch_id=headers.get(wire.BATCH_ID),
            commits=wire.BATCH_COMMIT in headers,
        )
        return Delivery(self._nc, stored, int(fields[4]), message.reply)

    async def _inbox(self) -> asyncio.Queue[Msg]:
        if self._arrived is None:
            # Messages keep their own subject, so a request's shared inbox would not recognise them.
            self._arrived = asyncio.Queue()
            self._reply = self._nc.new_inbox()
            await self._nc.subscribe(self._reply, cb=self._arrived.put)
        return self._arrived


async def delete_consumer(nc: Client, name: str) -> None:
    """Forget a durable's place; its next `ensure` begins at the start of the log."""
    await wire.js_request(nc, f"CONSUMER.DELETE.{STREAM}.{name}")
