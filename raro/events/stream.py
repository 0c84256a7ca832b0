"""Set-up of the event stream: created once, and its configuration compared at every start.

JetStream changes some settings silently (FACTS.md), so what came back is what counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client

from raro.errors import StartFailed
from raro.events.subjects import PREFIX
from raro.events.wire import ApiError, js_request

STREAM = "RARO_EVENTS"
_NOT_FOUND = 10059

# Named even where they are the server's defaults: the comparison covers them.
_FIXED: dict[str, Any] = {
    "subjects": [f"{PREFIX}.>"],
    "storage": "file",
    "retention": "limits",
    "deny_delete": True,
    "deny_purge": True,
    "allow_direct": True,
    "allow_atomic": True,
    "compression": "s2",
    "max_age": 0,
    "max_msgs": -1,
    "max_bytes": -1,
    "max_msgs_per_subject": -1,
    "max_consumers": -1,
    "duplicate_window": 120_000_000_000,
}
# Absent means off. Each of these would let the server drop or rewrite events.
_OFF = ("allow_rollup_hdrs", "allow_msg_ttl", "allow_msg_schedules", "no_ack", "sealed", "mirror", "sources")


@dataclass(frozen=True, slots=True)
class StreamState:
    """What the server says of the stream."""

    incarnation: str
    first_seq: int
    last_seq: int
    messages: int
    bytes: int


def wanted_config(replicas: int) -> dict[str, Any]:
    """The stream's configuration; `replicas` is 1 embedded and 3 in a cluster."""
    return {"name": STREAM, "num_replicas": replicas, **_FIXED}


def differences(wanted: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """Every setting that is not as asked, as `name: wanted X, is Y`."""
    wrong = [
        f"{name}: wanted {value!r}, is {actual.get(name)!r}"
        for name, value in wanted.items()
        if actual.get(name) != value
    ]
    return wrong + [f"{name}: wanted off, is {actual[name]!r}" for name in _OFF if actual.get(name)]


async def ensure_stream(nc: Client, replicas: int) -> StreamState:
    """Create the stream when it is missing, compare it when it is there.

    Raises StartFailed naming each setting that differs: the log's promises would not hold.
    """
    try:
        info = await js_request(nc, f"STREAM.INFO.{STREAM}")
    except ApiError as error:
        if error.code != _NOT_FOUND:
            raise
        info = await js_request(nc, f"STREAM.CREATE.{STREAM}", wanted_config(replicas))
    if wrong := differences(wanted_config(replicas), info["config"]):
        raise StartFailed(
            f"stream {STREAM} is not set up as RARO needs it ({'; '.join(wrong)}). "
            f"Correct it with `nats stream edit {STREAM}`, or give RARO a JetStream account of its own.",
            differences=wrong,
        )
    return _state(info)


async def stream_state(nc: Client) -> StreamState:
    """The stream's state now. Raises LogUnavailable when no server answers."""
    return _state(await js_request(nc, f"STREAM.INFO.{STREAM}"))


def _state(info: dict[str, Any]) -> StreamState:
    state = info["state"]
    return StreamState(
        incarnation=re.sub(r"\D", "", info["created"]),
        first_seq=state["first_seq"],
        last_seq=state["last_seq"],
        messages=state["messages"],
        bytes=state["bytes"],
    )
