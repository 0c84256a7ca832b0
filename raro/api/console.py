"""The console at `/`: the built page from the package, under a policy that lets it load nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).resolve().parent.parent / "console"
router = APIRouter()

# What an agent made is shown in this page: whatever slips through runs nothing and calls nobody.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_NOT_BUILT = (
    "The console is not built here. `make setup` builds it; the API and the command line work without: "
    "see /openapi.json and `raro --help`.\n"
)


@router.get("/", include_in_schema=False)
async def get_console() -> Response:
    """The page; it asks for everything else itself."""
    page = FOLDER / "index.html"
    if not page.is_file():
        return PlainTextResponse(_NOT_BUILT, 404)
    return FileResponse(page, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"})


@router.get("/icon.svg", include_in_schema=False)
async def get_icon() -> Response:
    """The page's icon."""
    return _beside("icon.svg")


@router.get("/theme.js", include_in_schema=False)
async def get_theme() -> Response:
    """Sets the theme before the first paint."""
    return _beside("theme.js")


def _beside(name: str) -> Response:
    file = FOLDER / name
    if not file.is_file():
        return PlainTextResponse(_NOT_BUILT, 404)
    return FileResponse(file, headers={"Cache-Control": "no-cache"})


class _Assets(StaticFiles):
    """Files whose names carry their content's hash, so that a browser never asks twice."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def assets() -> Mount:
    """`/assets`, compressed."""
    return Mount("/assets", GZipMiddleware(_Assets(directory=FOLDER / "assets", check_dir=False), minimum_size=1024))
