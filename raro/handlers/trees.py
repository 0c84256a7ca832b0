"""The trees reactor: `library/`, `artifacts/` and metadata.json on disk, equal to the log.

Consumes: file_* of the library; started, artifact_* and the ends of runs. Emits: nothing.
Effect: hard links to blobs. Safe twice: it makes the disk equal to the newest state, whatever was there.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from raro.commands.aggregates import Aggregates, Loaded
from raro.domain.library import Slot
from raro.domain.metadata import metadata_of
from raro.domain.run import Run
from raro.events.catalogue import ArtifactEvent, LibraryEvent
from raro.events.envelope import Recorded
from raro.events.subjects import event_filter
from raro.files.trees import ArtifactEntry, LibraryEntry, RunTree, Trees
from raro.handlers.reactor import Reactor, aggregate_id_of

_LIBRARY = ("file_uploaded", "file_deleted", "file_restored")
_RUN = (
    "artifact_promoted",
    "artifact_pinned",
    "artifact_unpinned",
    "artifact_deleted",
    "artifact_restored",
    "artifact_expired",
    "completed",
    "failed",
    "stopped",
)
_REMEMBERED = 1000


class TreeKeeper:
    """Keeps both trees; a run is written once for all events that were there when it was read."""

    def __init__(self, slots: Aggregates[Slot], runs: Aggregates[Run], trees: Trees) -> None:
        self._slots = slots
        self._runs = runs
        self._trees = trees
        self._written: OrderedDict[str, int] = OrderedDict()

    def reactor(self) -> Reactor:
        """One event at a time: two writers of one folder would undo each other."""
        filters = [event_filter("library", event) for event in _LIBRARY]
        return Reactor("trees", (*filters, *(event_filter("run", event) for event in _RUN)), self.handle)

    async def handle(self, recorded: Recorded) -> None:
        """Bring the file or the run of this event up to date on disk."""
        if isinstance(recorded.event.data, LibraryEvent):
            await self._library(recorded, recorded.event.data.filename)
        else:
            await self._run(recorded)

    async def _library(self, recorded: Recorded, filename: str) -> None:
        client_id = recorded.event.client_id
        # What came after this event has a delivery of its own.
        slot = (await self._slots.load(client_id, aggregate_id_of(recorded), at_least=recorded.seq)).state
        if slot.current is None:
            await asyncio.to_thread(self._trees.library.remove, client_id, filename)
        else:
            entry = LibraryEntry(client_id, filename, slot.current.sha256)
            await asyncio.to_thread(self._trees.library.put, entry)

    async def _run(self, recorded: Recorded) -> None:
        client_id, run_id = recorded.event.client_id, aggregate_id_of(recorded)
        if self._written.get(run_id, 0) >= recorded.seq:
            return
        loaded = await self._runs.load(client_id, run_id)
        tree = run_tree(client_id, run_id, loaded)
        if tree is None:
            await asyncio.to_thread(self._trees.artifacts.remove_run, client_id, run_id)
        else:
            await asyncio.to_thread(self._trees.artifacts.put_run, tree, changed=self._changed(recorded, loaded))
        self._written[run_id] = loaded.seq
        self._written.move_to_end(run_id)
        if len(self._written) > _REMEMBERED:
            self._written.popitem(last=False)

    def _changed(self, recorded: Recorded, loaded: Loaded[Run]) -> list[str] | None:
        """Only this event's path when nothing newer was read along with it; None: look at all."""
        if loaded.seq != recorded.seq:
            return None
        data = recorded.event.data
        return [data.path] if isinstance(data, ArtifactEvent) else []


def run_tree(client_id: str, run_id: str, loaded: Loaded[Run]) -> RunTree | None:
    """What a run's folder holds; None when nothing of it is live."""
    live = [artifact for artifact in loaded.state.artifacts.values() if artifact.live]
    if not live:
        return None
    entries = tuple(ArtifactEntry(artifact.path, artifact.versions[-1].artifact.sha256) for artifact in live)
    return RunTree(client_id, run_id, entries, metadata_of(run_id, loaded.state))
