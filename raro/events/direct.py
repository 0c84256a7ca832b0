"""Direct gets: one message by sequence, or many by filter (ADR-31)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from raro.errors import LogUnavailable
from raro.events import wire
from raro.events.stream import STREAM

_PAGE = 1000
_SUBJECT = f"$JS.API.DIRECT.GET.{STREAM}"


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the stream keeps it, with the batch it was committed in."""

    seq: int
    subject: str
    body: bytes
    batch_id: str | None
    commits: bool


async def get_one(nc: Client, seq: int) -> StoredMessage | None:
    """The message at exactly this sequence."""
    return await _single(nc, {"seq": seq})


async def get_many(nc: Client, subject_filter: str, after: int) -> list[StoredMessage]:
    """Every message that matches the filter above a sequence, in order."""
    found: list[StoredMessage] = []
    while True:
        page, pending = await _page(nc, {"batch": _PAGE, "seq": after + 1, "next_by_subj": subject_filter})
        found += page
        if not page or not pending:
            return found
        after = page[-1].seq


async def _single(nc: Client, query: dict[str, Any]) -> StoredMessage | None:
    reply = await wire.request(nc, _SUBJECT, json.dumps(query).encode())
    status = (reply.headers or {}).get("Status")
    if status == "404":
        return None
    if status is not None:
        raise LogUnavailable(f"the event log could not look up {query}: status {status}. See `raro doctor`.")
    return stored_message(reply)


async def _page(nc: Client, query: dict[str, Any]) -> tuple[list[StoredMessage], int]:
    inbox = nc.new_inbox()
    answers: asyncio.Queue[Msg] = asyncio.Queue()
    subscription = await nc.subscribe(inbox, cb=answers.put)
    page: list[StoredMessage] = []
    try:
        await nc.publish(_SUBJECT, json.dumps(query).encode(), reply=inbox)
        while True:
            async with asyncio.timeout(wire.REQUEST_TIMEOUT_S):
                reply = await answers.get()
            status = (reply.headers or {}).get("Status")
            if status == "404":
                return page, 0
            if status == "204":
                return page, int((reply.headers or {}).get("Nats-Num-Pending", "0"))
            if status is not None:
                raise LogUnavailable(f"the event log could not read {query}: status {status}. See `raro doctor`.")
            page.append(stored_message(reply))
    except TimeoutError as error:
        raise LogUnavailable(
            f"the event log did not answer within {wire.REQUEST_TIMEOUT_S:.0f} s. Check nats-server with `raro doctor`."
        ) from error
    finally:
        await subscription.unsubscribe()


def stored_message(reply: Msg) -> StoredMessage:
    """Read a direct get's answer."""
    headers = reply.headers or {}
    return StoredMessage(
        seq=int(headers["Nats-Sequence"]),
        subject=headers["Nats-Subject"],
        body=reply.data,
        batch_id=headers.get(wire.BATCH_ID),
        commits=wire.BATCH_COMMIT in headers,
    )
