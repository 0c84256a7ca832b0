"""What the routers work with; `raro/wiring.py` builds it once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from raro.analytics.desk import Desk
from raro.audit.prover import Prover
from raro.audit.verify import Auditor
from raro.commands.artifacts import ArtifactCommands
from raro.commands.library import LibraryCommands
from raro.commands.policy import PolicyCommands
from raro.commands.runs import RunCommands
from raro.events.log import EventLog
from raro.files.blobs import BlobStore
from raro.files.outputs import Outputs
from raro.projections.views import Views
from raro.replay.past import Past
from raro.settings import Settings

Parts = Callable[[], Awaitable[dict[str, dict[str, Any]]]]


@dataclass(frozen=True)
class Services:
    """Everything a router may use; `parts` names each part's state for /health."""

    settings: Settings
    log: EventLog
    views: Views
    blobs: BlobStore
    outputs: Outputs
    library: LibraryCommands
    runs: RunCommands
    artifacts: ArtifactCommands
    policy: PolicyCommands
    desk: Desk
    auditor: Auditor
    prover: Prover
    past: Past
    parts: Parts

    async def projected(self, seq: int) -> None:
        """Wait until the views show an event. Raises ViewsUnavailable: it is recorded all the same."""
        await self.views.wait_for(seq, self.settings.project_timeout_s)

    def acknowledge(self, seq: int) -> None:
        """Answer for an event: it is on disk, and whatever is read from now on shows it (decision 025)."""
        self.views.owe(seq)

    async def level(self) -> None:
        """Wait until the views show every event that was answered for. Raises ViewsUnavailable."""
        await self.projected(self.views.owed)


async def services(request: Request) -> Services:
    """The services of the application that answers this request; async, or each request would pay for a thread."""
    found: Services = request.app.state.services
    return found
