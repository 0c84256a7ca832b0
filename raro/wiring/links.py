"""What fits one part's answer to another part's question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from raro.files.trees import ArtifactEntry, ExpectedTrees, LibraryEntry, RunTree
from raro.handlers.retention import DueRun
from raro.projections import keeping
from raro.projections.views import Views

_WAIT_S = 60


class ProposalsOfViews:
    """What retention may do, as the views see it."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def due(self, now: datetime, session_age: timedelta) -> Sequence[DueRun]:
        """Runs with something to expire."""
        found = await self._views.due(now, session_age)
        return [DueRun(item.client_id, item.run_id, item.paths, item.session) for item in found]

    async def referenced(self, now: datetime, grace: timedelta) -> frozenset[str]:
        """Hashes that must stay."""
        return await self._views.referenced(now, grace)


async def expected_trees(views: Views, seq: int) -> ExpectedTrees:
    """What the trees on disk should hold, as of an event at least."""
    await views.wait_for(seq, _WAIT_S)
    library = await views.ask(keeping.library_tree)
    runs = await views.ask(keeping.run_trees)
    return ExpectedTrees(
        tuple(LibraryEntry(row["client_id"], row["filename"], row["sha256"]) for row in library),
        tuple(_run_tree(client_id, metadata) for client_id, metadata in runs),
    )


def _run_tree(client_id: str, metadata: dict[str, Any]) -> RunTree:
    files = [{name: value for name, value in row.items() if name != "seq"} for row in metadata["artifacts"]]
    entries = tuple(ArtifactEntry(row["filename"], row["sha256"]) for row in files)
    return RunTree(client_id, metadata["run_id"], entries, {**metadata, "artifacts": files})
