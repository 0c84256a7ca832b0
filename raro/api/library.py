"""/runtime/library: list, upload, download, versions, link, delete, restore."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from raro.api import answers, uploads
from raro.api.downloads import blob_response
from raro.api.problems import DOCUMENTED
from raro.api.session import CallerIs, ServicesAre
from raro.commands.library import Done, Uploaded
from raro.errors import FileNotFound
from raro.files.names import checked_filename
from raro.projections import library as query

router = APIRouter(prefix="/runtime/library", tags=["library"], responses=DOCUMENTED)
_FILE = "/files/{filename}"
Version = Annotated[int | None, Query(ge=1, description="a version; the newest when absent")]
Download = Annotated[bool, Query(description="answer as an attachment")]


@router.get("", operation_id="list_library", response_model=answers.LibraryListing)
async def list_library(caller: CallerIs, services: ServicesAre) -> Any:
    """Every file the client sees: its own, and public ones that no own file hides."""
    seq = services.views.seq
    return JSONResponse({"files": await services.views.library(caller.client_id), "seq": seq})


@router.post("/upload", operation_id="upload_files", response_model=answers.UploadAnswer)
async def upload_files(request: Request, caller: CallerIs, services: ServicesAre) -> Any:
    """Upload one or many files as multipart/form-data. A file that is refused does not hinder the others."""
    uploads.refuse_too_large(request, services.settings.max_upload_bytes)
    received = await uploads.keep_form(services, caller, request)
    kept = [item.uploaded for item in received if item.uploaded]
    seq = max((item.seq for item in kept), default=services.views.seq)
    services.acknowledge(seq)
    if not kept:
        raise next(item.error for item in received if item.error)
    body = {"success": len(kept) == len(received), "files": [_result(item) for item in received], "seq": seq}
    return JSONResponse(body, headers=_seq(seq))


@router.put(_FILE, operation_id="put_file", response_model=answers.Kept)
async def put_file(request: Request, filename: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Upload a raw body under a name; a new version when the name exists."""
    checked_filename(filename)
    uploads.refuse_too_large(request, services.settings.max_upload_bytes)
    uploaded = await uploads.keep(services, caller, filename, uploads.body_of(request))
    services.acknowledge(uploaded.seq)
    body = {**_fields(uploaded), "success": True, "created": uploaded.created, "seq": uploaded.seq}
    return JSONResponse(body, 201 if uploaded.version == 1 and uploaded.created else 200, _seq(uploaded.seq))


@router.get(_FILE + "/versions", operation_id="list_versions", response_model=answers.LibraryVersions)
async def list_versions(filename: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Every version of a file, newest first."""
    seq = services.views.seq
    versions = await services.views.ask(query.versions, caller.client_id, checked_filename(filename))
    if not versions:
        raise _missing(filename)
    return JSONResponse({"filename": filename, "versions": versions, "seq": seq})


@router.put(_FILE + "/link", operation_id="link_file", response_model=answers.Done)
async def link_file(filename: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Give the file to the client's next runs."""
    return await _done(services, await services.library.link(caller, filename))


@router.delete(_FILE + "/link", operation_id="unlink_file", response_model=answers.Done)
async def unlink_file(filename: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Give it to no more runs."""
    return await _done(services, await services.library.unlink(caller, filename))


@router.post(_FILE + "/restore", operation_id="restore_file", response_model=answers.Done)
async def restore_file(filename: str, caller: CallerIs, services: ServicesAre, version: Version = None) -> Any:
    """Undo a deletion, or make an older version the newest."""
    return await _done(services, await services.library.restore(caller, filename, version))


@router.head(_FILE, include_in_schema=False)
@router.get(_FILE, operation_id="get_file", response_class=Response)
async def get_file(
    request: Request,
    filename: str,
    caller: CallerIs,
    services: ServicesAre,
    version: Version = None,
    download: Download = False,
) -> Response:
    """A file's bytes, with Range and ETag; every version has its own address."""
    row = await services.views.ask(query.file, caller.client_id, checked_filename(filename), version)
    if row is None:
        raise _missing(filename, version)
    return blob_response(request, services.blobs, row, download=download)


@router.delete(_FILE, operation_id="delete_file", response_model=answers.Done)
async def delete_file(filename: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Delete a file of the client's own; restorable for the grace period."""
    return await _done(services, await services.library.delete(caller, filename))


async def _done(services: ServicesAre, done: Done) -> Response:
    services.acknowledge(done.seq)
    return JSONResponse({"success": True, "seq": done.seq}, headers=_seq(done.seq))


def _seq(seq: int) -> dict[str, str]:
    return {"Raro-Seq": str(seq)}


def _fields(uploaded: Uploaded) -> dict[str, Any]:
    return {
        "filename": uploaded.filename,
        "version": uploaded.version,
        "sha256": uploaded.sha256,
        "size_bytes": uploaded.size_bytes,
        "content_type": uploaded.content_type,
    }


def _result(item: uploads.Received) -> dict[str, Any]:
    if item.uploaded:
        return {"success": True, **_fields(item.uploaded), "created": item.uploaded.created}
    assert item.error is not None
    return {"success": False, "filename": item.filename, "code": item.error.code, "detail": item.error.message}


def _missing(filename: str, version: int | None = None) -> FileNotFound:
    which = f"version {version} of {filename!r}" if version else f"file {filename!r}"
    return FileNotFound(f"the library has no {which}. See GET /runtime/library for its files.", filename=filename)
