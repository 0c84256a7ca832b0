"""JetStream's request API and message headers, as RARO uses them on the wire.

nats-py covers neither atomic batches nor batched direct gets; both are plain requests (ADR-50 and ADR-31 of
nats-architecture-and-design). Nothing outside `raro/events` imports this module.
"""

from __future__ import annotations

import json
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from raro.errors import LogUnavailable
from raro.tasks import heed

REQUEST_TIMEOUT_S = 5.0

MSG_ID = "Nats-Msg-Id"
EXPECTED_SEQ = "Nats-Expected-Last-Subject-Sequence"
EXPECTED_SUBJECT = "Nats-Expected-Last-Subject-Sequence-Subject"
BATCH_ID = "Nats-Batch-Id"
BATCH_SEQ = "Nats-Batch-Sequence"
BATCH_COMMIT = "Nats-Batch-Commit"

_DISCONNECTED = (
    nats.errors.TimeoutError,
    nats.errors.NoRespondersError,
    nats.errors.ConnectionClosedError,
    nats.errors.OutboundBufferLimitError,
    ConnectionError,
)


class ApiError(Exception):
    """The server refused a JetStream request: `code` is its err_code."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{description} ({code})")
        self.code = code
        self.description = description


async def js_request(nc: Client, api: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One call of `$JS.API`. Raises ApiError when refused, LogUnavailable when nobody answers."""
    payload = json.dumps(body).encode() if body is not None else b""
    reply = await request(nc, f"$JS.API.{api}", payload)
    return checked(json.loads(reply.data))


async def request(nc: Client, subject: str, payload: bytes, headers: dict[str, str] | None = None) -> Msg:
    """A request with a time limit. Raises LogUnavailable: the outcome is then unknown."""
    try:
        return await heed(nc.request(subject, payload, timeout=REQUEST_TIMEOUT_S, headers=headers))
    except _DISCONNECTED as error:
        raise LogUnavailable(
            f"the event log did not answer within {REQUEST_TIMEOUT_S:.0f} s ({type(error).__name__}). "
            "Check that nats-server runs (`raro doctor`) and try again."
        ) from error


async def publish(nc: Client, subject: str, payload: bytes, headers: dict[str, str] | None = None) -> None:
    """Publish without an answer. Raises LogUnavailable when the connection is closed."""
    try:
        await nc.publish(subject, payload, headers=headers)
    except _DISCONNECTED as error:
        raise LogUnavailable(f"the event log is not connected ({type(error).__name__}); try again.") from error


def checked(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer itself, or ApiError when it carries an error."""
    if error := answer.get("error"):
        raise ApiError(int(error.get("err_code", 0)), str(error.get("description", "")))
    return answer
