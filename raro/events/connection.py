"""The connection to nats-server: never given up, quick to come back."""

from __future__ import annotations

import asyncio
import logging

import nats
import nats.errors
from nats.aio.client import Client

from raro.errors import StartFailed

logger = logging.getLogger(__name__)
_START_TIMEOUT_S = 10.0


async def connect(url: str, *, user: str | None = None, password: str | None = None) -> Client:
    """Connect and stay connected: the client reconnects for ever (its default gives up after 60 tries).

    Raises StartFailed when no server answers within 10 seconds.
    """

    async def on_error(error: Exception) -> None:
        logger.debug("nats: %s", error)

    try:
        return await asyncio.wait_for(
            nats.connect(
                url,
                user=user,
                password=password,
                name="raro",
                error_cb=on_error,
                connect_timeout=2,
                reconnect_time_wait=0.1,
                max_reconnect_attempts=-1,
                ping_interval=10,
                max_outstanding_pings=2,
            ),
            _START_TIMEOUT_S,
        )
    except (TimeoutError, OSError, nats.errors.Error) as error:
        raise StartFailed(
            f"no nats-server at {_without_secret(url)} ({type(error).__name__}: {error}). "
            "Check RARO_NATS_URL and that the server runs with JetStream.",
        ) from error


def _without_secret(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
