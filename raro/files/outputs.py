"""Agents' outputs: hot in Redis for an hour, durable in the blob store.

Redis is never needed: when it is away or slow, reads go to the blob store, and Redis is left alone for a few
seconds so that its outage is paid for once, not on every call.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Literal

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from raro.files.blobs import BlobStore

logger = logging.getLogger(__name__)

_TIMEOUT_S = 0.25
_REST_S = 5.0
_MAX_BYTES = 4 * 1024 * 1024
_AWAY = (RedisError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Output:
    """An agent's full output and where it was found."""

    data: bytes
    source: Literal["redis", "blob"]


class Outputs:
    """Reads and keeps outputs; `url` None means that there is no Redis."""

    def __init__(self, blobs: BlobStore, url: str | None, *, ttl_s: int) -> None:
        self._blobs = blobs
        self._ttl_s = ttl_s
        self._rest_until = 0.0
        self._redis = _client(url) if url else None

    async def keep(self, run_id: str, agent_id: str, data: bytes) -> None:
        """Make it hot; the durable copy is the caller's."""
        if self._resting() or len(data) > _MAX_BYTES:
            return
        assert self._redis is not None
        try:
            await self._redis.set(key(run_id, agent_id), data, ex=self._ttl_s)
        except _AWAY as error:
            self._rest(error)

    async def read(self, run_id: str, agent_id: str, sha256: str) -> Output:
        """The output: from Redis, else from the blob store, which warms Redis again.

        Raises BlobMissing when the durable copy is gone.
        """
        if (hot := await self._hot(run_id, agent_id)) is not None:
            return Output(hot, "redis")
        data = await self._blobs.read(sha256)
        await self.keep(run_id, agent_id, data)
        return Output(data, "blob")

    async def is_up(self) -> bool:
        """Whether Redis answers now."""
        if self._redis is None:
            return False
        try:
            return bool(await self._redis.ping())
        except _AWAY:
            return False

    async def close(self) -> None:
        """Give the connections back."""
        if self._redis is not None:
            await self._redis.aclose()

    async def _hot(self, run_id: str, agent_id: str) -> bytes | None:
        if self._resting():
            return None
        assert self._redis is not None
        try:
            found = await self._redis.get(key(run_id, agent_id))
        except _AWAY as error:
            self._rest(error)
            return None
        return found if isinstance(found, bytes) else None

    def _resting(self) -> bool:
        return self._redis is None or time.monotonic() < self._rest_until

    def _rest(self, error: Exception) -> None:
        logger.warning("Redis is away (%s: %s); outputs come from the blob store", type(error).__name__, error)
        self._rest_until = time.monotonic() + _REST_S


def key(run_id: str, agent_id: str) -> str:
    """The key an agent's output has in Redis."""
    return f"run:{run_id}:agent:{agent_id}:output"


def _client(url: str) -> redis.asyncio.Redis:
    return redis.asyncio.Redis.from_url(
        url,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        max_connections=16,
    )
