"""The cache of agents' outputs in Redis or Valkey.

Imported only where there is one: loading the client takes a quarter of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_TIMEOUT_S = 0.25
_AWAY = (RedisError, OSError, TimeoutError)


class Hot:
    """Values under keys, for a while; built without a connection."""

    def __init__(self, url: str) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            max_connections=16,
        )

    async def set(self, key: str, data: bytes, ttl_s: int) -> None:
        """Keep a value for so long. Raises ConnectionError."""
        with _told():
            await self._redis.set(key, data, ex=ttl_s)

    async def get(self, key: str) -> bytes | None:
        """The value; None when there is none (any more). Raises ConnectionError."""
        with _told():
            found = await self._redis.get(key)
        return found if isinstance(found, bytes) else None

    async def is_up(self) -> bool:
        """Whether it answers now."""
        try:
            return bool(await self._redis.ping())
        except _AWAY:
            return False

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except _AWAY as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from error
