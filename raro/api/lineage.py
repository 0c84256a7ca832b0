"""…/lineage of an artifact and of a library file: what it was made from, and what was made from it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from raro.api.downloads import artifact_called
from raro.api.lineage_answers import ArtifactLineage, LibraryLineage
from raro.api.problems import DOCUMENTED
from raro.api.session import CallerIs, ServicesAre
from raro.errors import FileNotFound
from raro.files.names import checked_filename, checked_path
from raro.projections import artifacts, lineage
from raro.projections.holding import held
from raro.projections.queries import Connection, Row
from raro.projections.run_facts import Node

router = APIRouter(prefix="/runtime", tags=["lineage"], responses=DOCUMENTED)

Version = Annotated[int | None, Query(ge=1, description="a version; all of them when absent")]
Limit = Annotated[int, Query(ge=1, le=1000, description="files, agents and pages in each of the two graphs")]
Seen = Annotated[bool, Query(description="only what agents were seen to read, not what they were merely given")]


@router.get("/artifacts/{run_id}/files/{path:path}/lineage", operation_id="get_lineage", response_model=ArtifactLineage)
async def get_lineage(
    request: Request,
    run_id: str,
    path: str,
    caller: CallerIs,
    services: ServicesAre,
    version: Version = None,
    limit: Limit = 300,
    seen: Seen = False,
) -> Any:
    """What an artifact was made from, what was made from it, and where it was saved to."""
    seq = services.views.seq
    wanted = (caller.client_id, run_id, checked_path(path), version, limit, seen)
    found = await services.views.ask(_artifact, *wanted)
    if found is None:
        return await artifact_called(request, services, caller.client_id, run_id, path, "lineage")
    return JSONResponse({**found, "seq": seq})


@router.get("/library/files/{filename}/lineage", operation_id="get_library_lineage", response_model=LibraryLineage)
async def get_library_lineage(
    filename: str,
    caller: CallerIs,
    services: ServicesAre,
    version: Version = None,
    limit: Limit = 300,
    seen: Seen = False,
) -> Any:
    """What used a library file, and what it was made from."""
    seq = services.views.seq
    found = await services.views.ask(_file, caller.client_id, checked_filename(filename), version, limit, seen)
    if found is None:
        which = f"version {version} of {filename!r}" if version else f"file {filename!r}"
        raise FileNotFound(f"the library has no {which}. See GET /runtime/library for its files.", filename=filename)
    return JSONResponse({**found, "seq": seq})


def _artifact(
    connection: Connection, client_id: str, run_id: str, path: str, version: int | None, most: int, seen: bool
) -> Row | None:
    roots = lineage.artifact_roots(connection, client_id, run_id, path, version)
    short = artifacts.runs_before(connection, client_id, run_id, path)
    if not roots or short is None:
        return None
    itself = {"client_id": client_id, "run_id": run_id, "path": path}
    keepers = held(connection, [itself]).get((client_id, run_id, path), [])
    return {**short, **_graphs(connection, client_id, roots, most, seen), "kept_for": keepers}


def _file(
    connection: Connection, client_id: str, filename: str, version: int | None, most: int, seen: bool
) -> Row | None:
    roots = lineage.library_roots(connection, client_id, filename, version)
    return {"filename": filename, **_graphs(connection, client_id, roots, most, seen)} if roots else None


def _graphs(connection: Connection, client_id: str, roots: list[Node], most: int, seen: bool) -> Row:
    made_from, used_by = (
        lineage.as_rows(
            connection, client_id, lineage.walk(connection, client_id, roots, direction, most=most, seen=seen)
        )
        for direction in lineage.DIRECTIONS
    )
    return {"roots": [root.id for root in roots], "made_from": made_from, "used_by": used_by}
