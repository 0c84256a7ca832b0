"""docs/http-api.md: every route of the application is on the page, and the page has no other."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from raro import errors
from tests.api.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text()
_ROW = re.compile(r"^\| (GET|PUT|POST|DELETE) (/\S+) \|", re.MULTILINE)
# Errors that no answer over HTTP carries: of starting a process, of a backup, and of the client's own side.
_ELSEWHERE = {
    "start_failed", "storage_in_use", "storage_not_empty", "bad_backup", "server_unreachable", "bad_answer",
    "transfer_damaged", "archive_damaged",
}  # fmt: skip
# Roots of the tree whose leaves are raised, and errors that end in a run's own record.
_NEVER_RAISED = {"not_found", "conflict", "gone", "unprocessable", "unavailable"}
_IN_RUNS = {"sandbox_unavailable", "unsafe_file", "log_damaged"}


async def test_the_page_has_every_route_and_no_other(stage: Stage) -> None:
    async with stage.client() as client:
        served: httpx.Response = await client.get("/openapi.json")
    routes = {
        (method.upper(), path)
        for path, operations in served.json()["paths"].items()
        for method in operations
        if method != "head"
    }
    documented = {(method, path) for method, path in _ROW.findall(PAGE)} - {("GET", "/openapi.json")}
    assert documented == routes


async def test_the_page_has_every_code_that_an_answer_may_carry() -> None:
    def leaves(error: type[errors.RaroError]) -> set[str]:
        return {error.code}.union(*(leaves(child) for child in error.__subclasses__()))

    told = leaves(errors.RaroError) - _ELSEWHERE - _NEVER_RAISED - _IN_RUNS
    assert not told - set(re.findall(r"`([a-z_]+)`", PAGE))
