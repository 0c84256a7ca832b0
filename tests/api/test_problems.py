"""What is told when something is wrong: RFC 9457 problems with stable codes, and never a traceback."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from raro.events.catalogue import Completed, Started
from raro.events.shapes import AgentSpec, WorkflowConfig
from tests.api.conftest import AGENT, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEMBERS = {"type", "title", "status", "code", "detail", "instance"}
SECURITY = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "SAMEORIGIN"}


def _cursor(*key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        ("GET", "/nowhere", {}, 404, "no_such_route"),
        ("GET", "/runtime/nowhere/at/all", {}, 404, "no_such_route"),
        ("PATCH", "/runtime/library", {}, 405, "method_not_allowed"),
        ("DELETE", "/runtime/start", {}, 405, "method_not_allowed"),
        ("POST", "/runtime/start", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 422, None),
        ("POST", "/runtime/start", {"content": b"\xff", "headers": {"Content-Type": "application/json"}}, 400, None),
        ("POST", "/runtime/start", {"json": [1]}, 422, "invalid_request"),
        ("POST", "/runtime/start", {"json": {"agents": [{"id": "a.b"}]}}, 422, "invalid_request"),
        ("POST", "/runtime/start", {"json": {"directive": "x" * 20_001}}, 422, "invalid_request"),
        ("POST", "/runtime/start", {"json": {"retention_days": 0}}, 422, "invalid_request"),
        ("POST", "/runtime/start", {"json": {"retention_days": 1e308}}, 422, "invalid_request"),
        ("POST", "/runtime/artifacts/clear", {"json": {}}, 422, "invalid_request"),
        ("POST", "/runtime/artifacts/clear", {"json": {"older_than_hours": -1}}, 422, "invalid_request"),
        ("POST", "/runtime/artifacts/clear", {"json": {"older_than_hours": 1e300}}, None, None),
        ("GET", "/runtime/artifacts?limit=0", {}, 422, "invalid_request"),
        ("GET", "/runtime/artifacts?limit=x", {}, 422, "invalid_request"),
        ("GET", "/runtime/artifacts?sort=size", {}, 422, "invalid_request"),
        ("GET", "/runtime/artifacts?filter=none", {}, 422, "invalid_request"),
        ("GET", "/runtime/artifacts?cursor=nonsense", {}, 400, "bad_cursor"),
        ("GET", "/runtime/runs?cursor=%C3%A9", {}, 400, "bad_cursor"),
        ("GET", "/runtime/runs?limit=99999999999999999999", {}, 422, "invalid_request"),
        ("GET", "/runtime/state", {}, 422, "invalid_request"),
        ("GET", "/runtime/state?run_id=nothing", {}, 404, "run_not_found"),
        ("GET", "/audit/events?after=-1", {}, 422, "invalid_request"),
        ("GET", "/audit/events?order=up", {}, 422, "invalid_request"),
        ("GET", "/runtime/library/files/a.txt?version=99999999999999999999999", {}, None, None),
        ("POST", "/runtime/library/files/a.txt/restore?version=7", {}, 404, "file_not_found"),
        ("PUT", "/runtime/library/files/nothing.txt/link", {}, 404, "file_not_found"),
        ("POST", "/runtime/nothing/stop", {}, 404, "run_not_found"),
    ],
)
async def test_a_problem_says_what_was_wrong(
    stage: Stage, me: str, method: str, path: str, sent: dict[str, Any], status: int | None, code: str | None
) -> None:
    async with stage.client(me) as client:
        answer = await client.request(method, path, **sent)
    assert 400 <= answer.status_code < 500, answer.text
    assert status in (None, answer.status_code)
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) >= MEMBERS
    assert body["status"] == answer.status_code
    assert code in (None, body["code"])
    assert body["instance"] == answer.request.url.path
    assert {name: answer.headers[name] for name in SECURITY} == SECURITY


@pytest.mark.parametrize("path", ["/runtime/runs", "/runtime/artifacts"])
@pytest.mark.parametrize(
    "cursor",
    [
        _cursor(),
        _cursor("a"),
        _cursor(1, 2, 3, 4),
        _cursor("a", "b", "c", "d"),
        _cursor("a", 10**30, "c", "d"),
        _cursor("2026-01-01", "x"),
        _cursor(1, 2),
        _cursor(True, None),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
        "=",
        "A",
        "\udcff".encode("utf-8", "surrogatepass").hex(),
    ],
)
async def test_a_made_up_cursor_is_refused_or_harmless(stage: Stage, me: str, path: str, cursor: str) -> None:
    async with stage.client(me) as client:
        answer = await client.get(path, params={"cursor": cursor})
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        assert answer.json()["code"] == "bad_cursor"


@pytest.mark.parametrize(
    "text", ["\0", "'; DROP TABLE runs; --", "%", "_", "\\", "$client", "ä" * 500, "\ud83d\ude00x"]
)
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/runtime/artifacts", "q"),
        ("/runtime/artifacts", "agent"),
        ("/runtime/artifacts", "type"),
        ("/runtime/artifacts", "run_id"),
        ("/runtime/runs", "q"),
        ("/runtime/runs", "status"),
        ("/runtime/state", "run_id"),
        ("/audit/events", "type"),
        ("/audit/events", "actor"),
        ("/audit/events", "run_id"),
        ("/audit/events", "agent"),
        ("/audit/events", "q"),
    ],
)
async def test_no_text_in_a_filter_is_an_error_of_ours(stage: Stage, me: str, path: str, name: str, text: str) -> None:
    async with stage.client(me) as client:
        answer = await client.get(path, params={name: text.encode("utf-16", "surrogatepass").decode("utf-16")})
    assert answer.status_code in (200, 404), answer.text


@pytest.mark.parametrize(
    "body",
    [
        {"directive": "lone \ud83d surrogate"},
        {"directive": "nul \0 inside", "agents": [{"id": "a"}]},
        {"id": "x", "agents": [{"id": "a", "prompt": "p" * 20_000}, {"id": "b", "prompt": "p" * 20_000}] * 1},
        {"agents": [{"id": f"a{number}", "prompt": "p" * 2_000} for number in range(60)]},
        {"agents": [{"id": "a"}, {"id": "a"}]},
        {"agents": [{"id": "a", "input_schema": {"deep": [[[[[[]]]]]]}}]},
        {"agents": [{"id": "a", "position": {"x": 1e308, "y": -1}}]},
        {"attached_files": [f"{number}.txt" for number in range(2_000)]},
        {"attached_artifacts": [{"run_id": "../x", "path": "a"}]},
        {"attached_artifacts": [{"run_id": "a.>", "path": "a"}]},
        {"attached_artifacts": [{"run_id": "*", "path": "a"}]},
        {"directive": "x", "timeout_ms": 10**30},
        {"directive": "x", "max_token_budget": 10**25},
        {"id": "w" * 128, "name": "ü" * 256, "directive": "x"},
    ],
)
async def test_whatever_is_to_be_started_it_is_started_or_refused(stage: Stage, me: str, body: dict[str, Any]) -> None:
    async with stage.client(me) as client:
        text = json.dumps(body).encode()
        answer = await client.post("/runtime/start", content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 400, 422), answer.text
        listed = (await client.get("/runtime/runs")).json()["runs"]
        assert len(listed) == (answer.status_code == 200)
        if listed:
            state = await client.get("/runtime/state", params={"run_id": listed[0]["run_id"]})
            assert state.json()["directive"] == body.get("directive", "")


async def test_the_graph_is_checked_before_anything_starts(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        agents = [{"id": "a", "depends_on": ["c"]}, {"id": "b", "depends_on": ["a"]}, {"id": "c", "depends_on": ["b"]}]
        circle = await client.post("/runtime/start", json={"agents": agents})
        assert (circle.status_code, circle.json()["code"]) == (422, "cyclic_workflow")
        assert all(f"{name}" in circle.json()["detail"] for name in "abc")
        unknown = await client.post("/runtime/start", json={"agents": [{"id": "a", "depends_on": ["ghost"]}]})
        assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_dependency")
        assert "ghost" in unknown.json()["detail"]
        assert (await client.get("/runtime/runs")).json()["runs"] == []


async def test_a_command_on_the_wrong_state_is_a_conflict(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"a.txt": b"a"})
    async with stage.client(me) as client:
        for command in ("stop", "pause", "resume"):
            answer = await client.post(f"/runtime/{run_id}/{command}")
            assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state"), command


async def test_an_agent_without_output_yet_says_so(stage: Stage, me: str) -> None:
    workflow = WorkflowConfig(agents=(AgentSpec(id=AGENT),))
    await stage.append(me, "run_early", Started(workflow=workflow, retention_days=7), Completed())
    async with stage.client(me) as client:
        answer = await client.get(f"/runtime/run_early/artifact/{AGENT}")
    assert (answer.status_code, answer.json()["code"]) == (404, "output_not_found")


async def test_options_and_other_origins_are_given_nothing(stage: Stage) -> None:
    async with stage.client() as client:
        headers = {"Origin": "http://elsewhere.example", "Access-Control-Request-Method": "DELETE"}
        asked = await client.options("/runtime/library", headers=headers)
        got = await client.get("/runtime/library", headers=headers)
    assert asked.status_code == 405
    assert not [name for answer in (asked, got) for name in answer.headers if name.startswith("access-control")]
