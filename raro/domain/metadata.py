"""metadata.json: a run and its live artifacts, with the same fields as the rows of REST and SSE."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from raro.domain.artifact import Artifact
from raro.domain.run import Run
from raro.events.envelope import rfc3339


def metadata_of(run_id: str, run: Run) -> dict[str, Any]:
    """The content of a run's metadata.json; `expires_at` is when the last unpinned artifact goes."""
    begun = run.begun
    live = sorted((artifact for artifact in run.artifacts.values() if artifact.live), key=lambda item: item.path)
    expiries = [artifact.expires_at for artifact in live if artifact.expires_at and not artifact.pinned]
    return {
        "run_id": run_id,
        "workflow_id": begun.workflow.id,
        "user_directive": begun.directive,
        "created_at": _text(run.started_at),
        "expires_at": _text(max(expiries, default=None)),
        "status": run.status,
        "artifacts": [_row(run_id, artifact) for artifact in live],
    }


def _row(run_id: str, artifact: Artifact) -> dict[str, Any]:
    current = artifact.versions[-1].artifact
    return {
        "run_id": run_id,
        "filename": artifact.path,
        "agent_id": current.agent_id,
        "generated_at": _text(current.generated_at),
        "size_bytes": current.size_bytes,
        "content_type": current.content_type,
        "sha256": current.sha256,
        "version": current.version,
        "pinned": artifact.pinned,
        "expires_at": _text(artifact.expires_at),
        "saved_as": artifact.saved_as,
    }


def _text(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
