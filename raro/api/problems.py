"""Errors as RFC 9457 problems: `application/problem+json` with a stable `code`; never a traceback."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from raro.errors import RaroError, Unavailable

logger = logging.getLogger(__name__)

_RETRY_AFTER_S = "2"
_LATER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class Problem(BaseModel):
    """RFC 9457 with RARO's stable `code`; further members say what was wrong."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(examples=["file_not_found"])
    detail: str = Field(examples=["the library has no file 'a.csv'. Upload it first."])
    instance: str = Field(examples=["/runtime/library/files/a.csv"])


def problem(request: Request, status: int, code: str, detail: str, **more: Any) -> Response:
    """An answer that says what was wrong and what to do."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": request.url.path,
        **more,
    }
    headers = {"Retry-After": _RETRY_AFTER_S} if status in _LATER else None
    return JSONResponse(jsonable_encoder(body), status, headers, "application/problem+json")


async def on_raro_error(request: Request, error: Exception) -> Response:
    """Every error of RARO's own tree."""
    assert isinstance(error, RaroError)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, Unavailable):
        logger.error("%s %s: %s", request.method, request.url.path, error)
    reserved = {"type", "title", "status", "code", "detail", "instance"}
    more = {name: value for name, value in error.detail.items() if name not in reserved}
    return problem(request, error.status, error.code, error.message, **more)


async def on_validation_error(request: Request, error: Exception) -> Response:
    """A body or parameter that does not fit its model."""
    assert isinstance(error, RequestValidationError)
    errors = [{"where": ".".join(str(part) for part in item["loc"]), "message": item["msg"]} for item in error.errors()]
    detail = "; ".join(f"{item['where']}: {item['message']}" for item in errors[:5])
    return problem(request, 422, "invalid_request", f"The request does not fit: {detail}.", errors=errors)


async def on_http_error(request: Request, error: Exception) -> Response:
    """No such route, or not with this method."""
    assert isinstance(error, HTTPException)
    codes = {404: "no_such_route", 405: "method_not_allowed"}
    detail = {404: "There is nothing at this address; see /openapi.json.", 405: "This address takes other methods."}
    answer = problem(
        request,
        error.status_code,
        codes.get(error.status_code, "bad_request"),
        detail.get(error.status_code, str(error.detail)),
    )
    answer.headers.update(error.headers or {})
    return answer


async def on_unexpected(request: Request, error: Exception) -> Response:
    """A defect: logged whole, told briefly."""
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(request, 500, "internal", "RARO met an error of its own; its log has the details.")


def install(app: FastAPI) -> None:
    """Make every error a problem."""
    app.add_exception_handler(RaroError, on_raro_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_error)


# By reference: a model of its own for each status of each route would be half of what a start has to build.
_DOCUMENT = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": _DOCUMENT}
    for status, text in (
        (400, "the client id, a cursor or the request is malformed"),
        (404, "no such thing belongs to this client"),
        (409, "the thing's state does not allow it"),
        (422, "a name, a body or a workflow is not acceptable"),
        (503, "the log or the views are away for a moment"),
    )
}
