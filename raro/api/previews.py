"""…/preview of a library file and of an artifact: a page of a table, a piece of text, or the first bytes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import JSONResponse

from raro.api import answers
from raro.api.answers import Answer
from raro.api.downloads import artifact_called, no_artifact
from raro.api.problems import DOCUMENTED
from raro.api.session import CallerIs, ServicesAre
from raro.errors import BytesErased, FileNotFound
from raro.files.names import checked_filename, checked_path
from raro.files.previews import is_table, preview
from raro.files.tables import ROWS_MAX, Page
from raro.projections import library

router = APIRouter(prefix="/runtime", tags=["previews"], responses=DOCUMENTED)
# A large table takes a core for seconds: others wait instead of taking all of them. Texts do not wait behind tables.
_TABLES = ThreadPoolExecutor(2, thread_name_prefix="preview")

Version = Annotated[int | None, Query(ge=1)]
Offset = Annotated[int, Query(ge=0, le=2**50, description="the first row of a table, the first byte of a text")]
Limit = Annotated[int, Query(ge=1, le=ROWS_MAX, description="rows on a page")]
Sort = Annotated[str | None, Query(max_length=1000, description="a column's name")]
Figures = Annotated[bool, Query(description="without them a page comes sooner, and the rows are not counted")]


class PreviewBar(Answer):
    """One bar of a column's histogram."""

    label: str
    count: int


class PreviewColumn(Answer):
    """A column; the figures are of the sampled rows."""

    name: str = Field(examples=["body_mass_g"])
    type: str = Field(examples=["DOUBLE"])
    nulls: int
    distinct: int | None = None
    min: str | None = None
    max: str | None = None
    bars: list[PreviewBar]


class PreviewLine(Answer):
    """Sixteen bytes."""

    offset: int
    hex: str
    ascii: str


class PreviewAnswer(Answer):
    """What can be seen; `kind` says which fields count. `none`: a browser shows the file itself."""

    kind: Literal["table", "text", "hex", "none"]
    filename: str
    content_type: str
    size_bytes: int
    sha256: str = Field(examples=[answers.SHA])
    version: int
    note: str | None = None
    columns: list[PreviewColumn]
    rows: list[list[str | None]]
    total_rows: int | None = None
    sampled_rows: int | None = None
    text: str
    encoding: str | None = None
    next_offset: int | None = None
    lines: list[PreviewLine]


@router.get("/library/files/{filename}/preview", operation_id="preview_file", response_model=PreviewAnswer)
async def preview_file(
    filename: str,
    caller: CallerIs,
    services: ServicesAre,
    version: Version = None,
    offset: Offset = 0,
    limit: Limit = 100,
    sort: Sort = None,
    descending: bool = False,
    figures: Figures = True,
) -> Any:
    """See a library file without downloading it."""
    row = await services.views.ask(library.file, caller.client_id, checked_filename(filename), version)
    if row is None:
        raise FileNotFound(f"the library has no file {filename!r}. See GET /runtime/library for its files.")
    return await _answer(services, row, Page(offset, limit, sort, descending, figures))


@router.get(
    "/artifacts/{run_id}/files/{path:path}/preview", operation_id="preview_artifact", response_model=PreviewAnswer
)
async def preview_artifact(
    request: Request,
    run_id: str,
    path: str,
    caller: CallerIs,
    services: ServicesAre,
    version: Version = None,
    offset: Offset = 0,
    limit: Limit = 100,
    sort: Sort = None,
    descending: bool = False,
    figures: Figures = True,
) -> Any:
    """See an artifact without downloading it."""
    row = await services.views.artifact(caller.client_id, run_id, checked_path(path), version)
    if row is None:
        return await artifact_called(request, services, caller.client_id, run_id, path, "preview")
    if row["gone"] and services.blobs.exists(row["sha256"]):
        raise no_artifact(run_id, path)
    if row["gone"]:
        raise BytesErased(f"{path!r} was {row['gone']} and its bytes are erased; the record stays.")
    return await _answer(services, row, Page(offset, limit, sort, descending, figures))


async def _answer(services: ServicesAre, row: dict[str, Any], page: Page) -> JSONResponse:
    path, kind = services.blobs.path(row["sha256"], verified=True), row["content_type"]
    threads = _TABLES if is_table(kind) else None
    try:
        seen = await asyncio.get_running_loop().run_in_executor(threads, preview, path, kind, page)
    except FileNotFoundError:
        services.blobs.path(row["sha256"], verified=True)
        raise
    facts = {name: row[name] for name in ("filename", "content_type", "size_bytes", "sha256", "version")}
    return JSONResponse({**facts, **asdict(seen)}, headers={"Cache-Control": "private, no-store"})
