"""What has no event to wait for: files dropped into the library by hand, and trees that somebody damaged.

Emits: file_uploaded. Effect: the trees are made equal to the views, now and then and at the start.
Safe twice: a dropped file whose bytes are the current version already adds no version.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from raro.commands.aggregates import Caller
from raro.commands.library import LibraryCommands
from raro.errors import RaroError
from raro.events.log import EventLog
from raro.events.shapes import BlobRef, Origin
from raro.files.blobs import BlobStore
from raro.files.content_types import content_type
from raro.files.drops import DropWatch
from raro.files.library_tree import DroppedFile
from raro.files.safe_open import capture_beneath
from raro.files.trees import ExpectedTrees, Trees

logger = logging.getLogger(__name__)

_RECONCILE_EVERY = 12
_LOOKS = 5

# What the views say the trees hold, once they have seen the event of this sequence.
Expected = Callable[[int], Awaitable[ExpectedTrees]]


class Housekeeping:
    """Looks at the trees on a timer."""

    def __init__(
        self,
        log: EventLog,
        library: LibraryCommands,
        blobs: BlobStore,
        trees: Trees,
        expected: Expected,
        *,
        limit_bytes: int,
    ) -> None:
        self._log = log
        self._library = library
        self._blobs = blobs
        self._trees = trees
        self._expected = expected
        self._limit_bytes = limit_bytes
        self._drops = DropWatch(trees.library)
        self._told: set[str] = set()

    async def run(self, interval_s: float) -> None:
        """Restore the trees at the start, then pick up dropped files and restore the trees, for ever."""
        rounds = 0
        while True:
            try:
                if rounds % _RECONCILE_EVERY == 0:
                    await self.restore_trees()
                await self.pick_up()
            except (RaroError, OSError) as error:
                logger.warning("looking after the trees: %s", error)
            rounds += 1
            await asyncio.sleep(interval_s)

    async def restore_trees(self) -> None:
        """Make the trees on disk equal to the views.

        Looks again when the log went on meanwhile: what the trees reactor did in between may have been undone.
        """
        for _ in range(_LOOKS):
            head = await self._log.head()
            report = await asyncio.to_thread(self._trees.reconcile, await self._expected(head))
            if not report.is_clean:
                logger.info("trees restored: %s", report)
            if await self._log.head() == head:
                return

    async def pick_up(self) -> int:
        """Upload the dropped files that did not change since the last look; returns how many."""
        look = await asyncio.to_thread(self._drops.look)
        for refused in look.refused:
            if refused.path not in self._told:
                self._told.add(refused.path)
                logger.warning("library/%s is not picked up: %s", refused.path, refused.reason)
        for drop in look.ready:
            await self._upload(drop)
        return len(look.ready)

    async def _upload(self, drop: DroppedFile) -> None:
        root = self._trees.library.root / drop.client_id
        captured = await capture_beneath(root, drop.disk_name, self._blobs, self._limit_bytes, single_link=False)
        blob = BlobRef(sha256=captured.blob.sha256, size_bytes=captured.blob.size_bytes)
        await self._library.upload(
            Caller(drop.client_id, actor="user:dropped"),
            drop.filename,
            blob,
            content_type(drop.filename, captured.head),
            Origin(kind="dropped"),
        )
        await asyncio.to_thread(self._trees.library.accept, drop, captured.blob.sha256)
