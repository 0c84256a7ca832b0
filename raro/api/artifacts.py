"""/runtime/artifacts: list, one run, one file, versions, archive, promote, pin, delete, restore, clear."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from raro.api import answers
from raro.api.downloads import artifact_called, blob_response, no_artifact
from raro.api.problems import DOCUMENTED
from raro.api.session import CallerIs, ServicesAre
from raro.commands.library import Done
from raro.errors import RunNotFound
from raro.files.archive import ArchiveEntry, zip_stream
from raro.files.names import checked_path
from raro.projections import artifacts as query
from raro.projections import keeping

router = APIRouter(prefix="/runtime/artifacts", tags=["artifacts"], responses=DOCUMENTED)
_FILE = "/{run_id}/files/{path:path}"
# A century: what a date can reach back.
_AGES_HOURS = 876_000


class ClearBody(BaseModel):
    """Which runs' artifacts to delete: those that ended longer ago than this. Pinned ones stay."""

    older_than_hours: float = Field(ge=0, le=_AGES_HOURS, examples=[24])
    dry_run: bool = False


@router.get("", operation_id="list_artifacts", response_model=answers.ArtifactListing)
async def list_artifacts(
    caller: CallerIs,
    services: ServicesAre,
    filter: Literal["all", "current", "recent"] = "all",
    run_id: str | None = None,
    agent: str | None = None,
    type: Annotated[str | None, Query(description="content type, its first half, or a file ending")] = None,
    q: str | None = None,
    sort: Literal["date", "agent", "type"] = "date",
    limit: Annotated[int, Query(ge=1, le=5000, description="files on a page")] = 200,
    cursor: str | None = None,
) -> Any:
    """Live artifacts grouped by run."""
    seq = services.views.seq
    wanted = query.Wanted(filter, run_id, agent, type, q, sort, limit, cursor)
    found, following = await services.views.ask(query.page, caller.client_id, wanted)
    return JSONResponse({"artifacts": found, "seq": seq, "next": following})


@router.post("/clear", operation_id="clear_artifacts", response_model=answers.ClearAnswer)
async def clear_artifacts(body: ClearBody, caller: CallerIs, services: ServicesAre) -> Any:
    """Delete the artifacts of old runs, or tell with a dry run what would go."""
    age, now = timedelta(hours=body.older_than_hours), datetime.now(UTC)
    await services.projected(await services.log.head())
    runs = await services.views.ask(keeping.clear_candidates, caller.client_id, age, now)
    seq = services.views.seq
    for run in [] if body.dry_run else runs:
        seq = (await services.artifacts.clear(caller, run["run_id"])).seq
    services.acknowledge(seq)
    sums = {name: sum(run[name] for run in runs) for name in ("files", "size_bytes")}
    return JSONResponse({"dry_run": body.dry_run, "runs": runs, **sums, "seq": seq})


@router.get("/{run_id}", operation_id="get_run_artifacts", response_model=answers.RunArtifacts)
async def get_run_artifacts(run_id: str, caller: CallerIs, services: ServicesAre) -> Any:
    """One run's metadata and artifacts."""
    return JSONResponse({"run_id": run_id, "metadata": await _metadata(services, caller.client_id, run_id)})


@router.delete("/{run_id}", operation_id="delete_run_artifacts", response_model=answers.Done)
async def delete_run_artifacts(run_id: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Delete all artifacts of a run; restorable for the grace period."""
    return await _done(services, await services.artifacts.delete(caller, run_id, None))


@router.post("/{run_id}/restore", operation_id="restore_run_artifacts", response_model=answers.Done)
async def restore_run_artifacts(run_id: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Bring back every artifact of a run that still can be."""
    return await _done(services, await services.artifacts.restore(caller, run_id, None))


@router.get("/{run_id}/archive", operation_id="get_archive", response_class=Response)
async def get_archive(run_id: str, caller: CallerIs, services: ServicesAre) -> Response:
    """Everything of a run as a zip, made while it is sent."""
    metadata = await _metadata(services, caller.client_id, run_id)
    entries = [
        ArchiveEntry(row["filename"], services.blobs.path(row["sha256"]), _unix(row["generated_at"]))
        for row in metadata["artifacts"]
    ]
    pieces = zip_stream(entries, metadata=json.dumps(metadata, ensure_ascii=False, indent=2).encode())
    # Asked for here, so that missing bytes are a problem and not a broken answer.
    first = await anext(pieces)
    disposition = f"attachment; filename*=UTF-8''{quote(f'{run_id}.zip', safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return StreamingResponse(_behind(first, pieces), media_type="application/zip", headers=headers)


@router.get(_FILE + "/versions", operation_id="list_artifact_versions", response_model=answers.ArtifactVersions)
async def list_artifact_versions(
    request: Request, run_id: str, path: str, caller: CallerIs, services: ServicesAre
) -> Any:
    """Every version of an artifact, newest first."""
    versions = await services.views.ask(query.versions, caller.client_id, run_id, checked_path(path))
    if not versions:
        return await artifact_called(request, services, caller.client_id, run_id, path, "versions")
    return JSONResponse({"run_id": run_id, "filename": path, "versions": versions})


@router.post(_FILE + "/promote", operation_id="promote_artifact", response_model=answers.Saved)
async def promote_artifact(
    run_id: str,
    path: str,
    caller: CallerIs,
    services: ServicesAre,
    name: Annotated[str | None, Query(alias="as", description="the name in the library")] = None,
    version: Annotated[int | None, Query(ge=1)] = None,
) -> Any:
    """Save an artifact to the library, by reference."""
    saved = await services.artifacts.promote(caller, run_id, path, filename=name, version=version)
    services.acknowledge(saved.seq)
    body = {
        "success": True,
        "filename": saved.filename,
        "library_version": saved.library_version,
        "sha256": saved.sha256,
        "seq": saved.seq,
    }
    return JSONResponse(body, headers={"Raro-Seq": str(saved.seq)})


@router.post(_FILE + "/pin", operation_id="pin_artifact", response_model=answers.Done)
async def pin_artifact(run_id: str, path: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Keep an artifact until it is unpinned."""
    return await _done(services, await services.artifacts.pin(caller, run_id, path))


@router.post(_FILE + "/unpin", operation_id="unpin_artifact", response_model=answers.Done)
async def unpin_artifact(run_id: str, path: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Let an artifact expire again, a whole retention period from now."""
    return await _done(services, await services.artifacts.unpin(caller, run_id, path))


@router.post(_FILE + "/restore", operation_id="restore_artifact", response_model=answers.Done)
async def restore_artifact(run_id: str, path: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Undo a deletion or an expiry within the grace period."""
    return await _done(services, await services.artifacts.restore(caller, run_id, path))


@router.head(_FILE, include_in_schema=False)
@router.get(_FILE, operation_id="get_artifact", response_class=Response)
async def get_artifact(
    request: Request,
    run_id: str,
    path: str,
    caller: CallerIs,
    services: ServicesAre,
    version: Annotated[int | None, Query(ge=1)] = None,
    download: bool = False,
) -> Response:
    """An artifact's bytes; every version has its own address."""
    row = await services.views.artifact(caller.client_id, run_id, checked_path(path), version)
    if row is None or (row["gone"] and services.blobs.exists(row["sha256"])):
        raise no_artifact(run_id, path)
    return blob_response(request, services.blobs, row, download=download)


@router.delete(_FILE, operation_id="delete_artifact", response_model=answers.Done)
async def delete_artifact(run_id: str, path: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Delete one artifact; restorable for the grace period."""
    return await _done(services, await services.artifacts.delete(caller, run_id, path))


async def _behind(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def _metadata(services: ServicesAre, client_id: str, run_id: str) -> dict[str, Any]:
    metadata = await services.views.ask(query.metadata, client_id, run_id)
    if metadata is None:
        raise RunNotFound(f"there is no run {run_id!r}. See GET /runtime/runs.", run_id=run_id)
    return metadata


async def _done(services: ServicesAre, done: Done) -> Response:
    services.acknowledge(done.seq)
    return JSONResponse({"success": True, "seq": done.seq}, headers={"Raro-Seq": str(done.seq)})


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
