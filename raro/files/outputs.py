"""Agents' outputs: hot in Redis for an hour, durable in the blob store.

Redis is never needed: when it is away or slow, reads go to the blob store, and Redis is left alone for a few
seconds so that its outage is paid for once, not on every call.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from raro.files.blobs import BlobStore

if TYPE_CHECKING:
    from raro.files.hot import Hot

logger = logging.getLogger(__name__)

_REST_S = 5.0
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Output:
    """An agent's full output and where it was found."""

    data: bytes
    source: Literal["redis", "blob"]


class Outputs:
    """Reads and keeps outputs; `hot` None means that there is no Redis."""

    def __init__(self, blobs: BlobStore, hot: Hot | None, *, ttl_s: int) -> None:
        self._blobs = blobs
        self._ttl_s = ttl_s
        self._rest_until = 0.0
        self._hot = hot

    async def keep(self, run_id: str, agent_id: str, data: bytes) -> None:
        """Make it hot; the durable copy is the caller's."""
        if self._resting() or len(data) > _MAX_BYTES:
            return
        assert self._hot is not None
        try:
            await self._hot.set(key(run_id, agent_id), data, self._ttl_s)
        except ConnectionError as error:
            self._rest(error)

    async def read(self, run_id: str, agent_id: str, sha256: str) -> Output:
        """The output: from Redis, else from the blob store, which warms Redis again.

        Raises BlobMissing when the durable copy is gone.
        """
        if (hot := await self._kept(run_id, agent_id)) is not None:
            return Output(hot, "redis")
        data = await self._blobs.read(sha256)
        await self.keep(run_id, agent_id, data)
        return Output(data, "blob")

    async def is_up(self) -> bool:
        """Whether Redis answers now."""
        return self._hot is not None and await self._hot.is_up()

    async def close(self) -> None:
        """Give the connections back."""
        if self._hot is not None:
            await self._hot.close()

    async def _kept(self, run_id: str, agent_id: str) -> bytes | None:
        if self._resting():
            return None
        assert self._hot is not None
        try:
            return await self._hot.get(key(run_id, agent_id))
        except ConnectionError as error:
            self._rest(error)
            return None

    def _resting(self) -> bool:
        return self._hot is None or time.monotonic() < self._rest_until

    def _rest(self, error: ConnectionError) -> None:
        logger.warning("Redis is away (%s); outputs come from the blob store", error)
        self._rest_until = time.monotonic() + _REST_S


def key(run_id: str, agent_id: str) -> str:
    """The key an agent's output has in Redis."""
    return f"run:{run_id}:agent:{agent_id}:output"
