"""Another client's things: for every route, what it tells somebody who is not the owner, which is nothing."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from tests.api.conftest import AGENT, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWNER, INTRUDER = "owner", "intruder"
SECRET = "secret.txt"
BYTES = b"what only the owner may know"
# What the run of Stage.run said.
SAID = hashlib.sha256(b"done").hexdigest()

# 404 as if it were not there; nothing of the owner's in the answer; or an answer that is the same for all.
# MODEL: as it is answered where no key for a language model is set.
MISSING, NOTHING, OPEN, MODEL = "missing", "nothing", "open", "model"
LIBRARY, RUN, ARTIFACT = (
    "/runtime/library/files/{filename}",
    "/runtime/artifacts/{run_id}",
    "/runtime/artifacts/{run_id}/files/{path:path}",
)
CASES: dict[tuple[str, str], tuple[str, Any]] = {
    ("GET", "/runtime/library"): (NOTHING, None),
    ("POST", "/runtime/library/upload"): (NOTHING, None),
    ("PUT", LIBRARY): (NOTHING, None),
    ("GET", LIBRARY): (MISSING, None),
    ("HEAD", LIBRARY): (MISSING, None),
    ("DELETE", LIBRARY): (MISSING, None),
    ("GET", LIBRARY + "/versions"): (MISSING, None),
    ("GET", LIBRARY + "/preview"): (MISSING, None),
    ("GET", LIBRARY + "/lineage"): (MISSING, None),
    ("PUT", LIBRARY + "/link"): (MISSING, None),
    ("DELETE", LIBRARY + "/link"): (MISSING, None),
    ("POST", LIBRARY + "/restore"): (MISSING, None),
    ("POST", "/runtime/start"): (NOTHING, {"directive": "x", "attached_files": [SECRET]}),
    ("POST", "/runtime/plan"): (NOTHING, {"directive": "x", "attached_files": []}),
    ("GET", "/runtime/templates"): (OPEN, None),
    ("GET", "/runtime/runs"): (NOTHING, None),
    ("GET", "/runtime/state"): (MISSING, None),
    ("POST", "/runtime/{run_id}/stop"): (MISSING, None),
    ("POST", "/runtime/{run_id}/pause"): (MISSING, None),
    ("POST", "/runtime/{run_id}/resume"): (MISSING, None),
    ("GET", "/runtime/approvals"): (NOTHING, None),
    ("POST", "/runtime/{run_id}/approvals"): (MISSING, {"approval_ids": ["a"], "decision": "allow"}),
    ("POST", "/runtime/{run_id}/approvals/{approval_id}"): (MISSING, {"decision": "allow"}),
    ("POST", "/runtime/{run_id}/agents/{agent_id}/puppet"): (MISSING, {"on": True}),
    ("POST", "/runtime/{run_id}/agents/{agent_id}/answer"): (MISSING, {"turn": 1}),
    ("GET", "/runtime/{run_id}/agents/{agent_id}/turns/{turn}/prompt"): (MISSING, None),
    ("GET", "/runtime/{run_id}/artifact/{agent_id}"): (MISSING, None),
    ("GET", "/runtime/{run_id}/texts/{sha256}"): (MISSING, None),
    ("GET", "/runtime/{run_id}/report"): (MISSING, None),
    ("GET", "/runtime/{run_id}/files/{path:path}"): (MISSING, None),
    ("HEAD", "/runtime/{run_id}/files/{path:path}"): (MISSING, None),
    ("GET", "/runtime/artifacts"): (NOTHING, None),
    ("POST", "/runtime/artifacts/clear"): (NOTHING, {"older_than_hours": 0}),
    ("GET", RUN): (MISSING, None),
    ("DELETE", RUN): (MISSING, None),
    ("POST", RUN + "/restore"): (MISSING, None),
    ("GET", RUN + "/archive"): (MISSING, None),
    ("GET", ARTIFACT): (MISSING, None),
    ("HEAD", ARTIFACT): (MISSING, None),
    ("DELETE", ARTIFACT): (MISSING, None),
    ("GET", ARTIFACT + "/lineage"): (MISSING, None),
    ("GET", ARTIFACT + "/preview"): (MISSING, None),
    ("GET", ARTIFACT + "/versions"): (MISSING, None),
    ("POST", ARTIFACT + "/promote"): (MISSING, None),
    ("POST", ARTIFACT + "/pin"): (MISSING, None),
    ("POST", ARTIFACT + "/unpin"): (MISSING, None),
    ("POST", ARTIFACT + "/restore"): (MISSING, None),
    ("GET", "/runtime/policy"): (OPEN, None),
    ("POST", "/runtime/policy/compile"): (MODEL, {"sentence": "no spreadsheets"}),
    ("POST", "/runtime/policy/proposals/{proposal_id}/accept"): (MISSING, None),
    ("POST", "/runtime/policy/proposals/{proposal_id}/reject"): (MISSING, None),
    ("PUT", "/runtime/policy/rules"): (NOTHING, {"toml": "# nothing"}),
    ("DELETE", "/runtime/policy/rules/{rule_id}"): (MISSING, None),
    ("POST", "/runtime/policy/rules/{rule_id}/restore"): (MISSING, None),
    ("POST", "/runtime/policy/check"): (NOTHING, {"toml": ""}),
    ("POST", "/runtime/policy/try"): (NOTHING, {"trigger": "AgentFailed"}),
    # tests/api/test_stream.py reads it: it does not end.
    ("GET", "/runtime/stream"): (NOTHING, None),
    ("GET", "/audit/events"): (NOTHING, None),
    ("GET", "/audit/events/export"): (NOTHING, None),
    ("GET", "/audit/events/{event_id}"): (MISSING, None),
    ("GET", "/audit/verify"): (OPEN, None),
    ("GET", "/audit/proof/{event_id}"): (MISSING, None),
    ("GET", "/audit/export"): (MISSING, None),
    ("GET", "/runtime/artifacts/{run_id}/crate"): (MISSING, None),
    ("GET", "/audit/replay"): (NOTHING, None),
    ("GET", "/audit/diff"): (NOTHING, None),
    ("GET", "/audit/diff/runs"): (MISSING, None),
    ("GET", "/analytics"): (OPEN, None),
    ("GET", "/analytics/schema"): (OPEN, None),
    # tests/analytics asks every table.
    ("POST", "/analytics/sql"): (NOTHING, {"sql": "FROM events"}),
    ("GET", "/analytics/{report}"): (NOTHING, None),
    ("GET", "/"): (OPEN, None),
    ("GET", "/icon.svg"): (OPEN, None),
    ("GET", "/theme.js"): (OPEN, None),
    ("GET", "/health"): (OPEN, None),
    ("GET", "/ready"): (OPEN, None),
    ("GET", "/metrics"): (OPEN, None),
}


# What these cannot do without.
PARAMETERS = {
    "/runtime/state": {"run_id": "{run_id}"},
    "/audit/export": {"run_id": "{run_id}"},
    "/audit/replay": {"at": "{seq}"},
    "/audit/diff": {"from": "0", "to": "{seq}"},
    "/audit/diff/runs": {"from": "{run_id}", "to": "{run_id}"},
}


@dataclass(frozen=True)
class Owned:
    """The owner's run, and where the log stood when it was whole."""

    run_id: str
    seq: int


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owned(stage: Stage) -> AsyncIterator[Owned]:
    async with stage.client(OWNER) as client:
        (await client.put(f"/runtime/library/files/{SECRET}", content=BYTES)).raise_for_status()
        (await client.put(f"/runtime/library/files/{SECRET}/link")).raise_for_status()
    run_id = await stage.run(OWNER, {SECRET: BYTES})
    yield Owned(run_id, stage.raro.views.seq)


def _routes(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield from ((method, route.path) for method in route.methods or ())
        elif included := getattr(route, "original_router", None):
            yield from _routes(included.routes)


async def _ask(stage: Stage, client_id: str, method: str, template: str, body: Any, run_id: str) -> httpx.Response:
    names = {"run_id": run_id, "filename": SECRET, "agent_id": AGENT, "sha256": SAID, "approval_id": "a", "turn": 1}
    names |= {
        "proposal_id": "rule-0",
        "rule_id": "no-such-rule",
        "report": "clients",
        "seq": stage.raro.views.seq,
        "event_id": "1",
    }
    path = template.replace("{path:path}", SECRET).format(**names)
    sent: dict[str, Any] = {"json": body} if body else {}
    if template.endswith("/upload"):
        sent = {"files": {"file": (SECRET, b"the intruder's own")}}
    elif (method, template) == ("PUT", LIBRARY):
        sent = {"content": b"the intruder's own"}
    elif template in PARAMETERS:
        sent = {"params": {name: value.format(**names) for name, value in PARAMETERS[template].items()}}
    async with stage.client(client_id) as client:
        return await client.request(method, path, **sent)


async def test_every_route_has_a_denial_case(stage: Stage) -> None:
    assert set(_routes(stage.app.routes)) == set(CASES)


@pytest.mark.parametrize(("method", "template"), [key for key, (expected, _) in CASES.items() if expected == MISSING])
async def test_another_clients_thing_is_not_found(stage: Stage, owned: Owned, method: str, template: str) -> None:
    nobody = "nobody"  # who, unlike the intruder, has uploaded nothing of that name
    answer = await _ask(stage, nobody, method, template, CASES[method, template][1], owned.run_id)
    assert answer.status_code == 404, answer.text
    if method != "HEAD":
        assert answer.json()["code"].endswith("_not_found")
    made_up = await _ask(stage, nobody, method, template, CASES[method, template][1], "run_0000000000000000")
    assert (made_up.status_code, made_up.headers["content-type"]) == (404, answer.headers["content-type"])
    assert made_up.text.replace("run_0000000000000000", owned.run_id) == answer.text


@pytest.mark.parametrize(
    ("method", "template"),
    [key for key, (expected, _) in CASES.items() if expected == NOTHING and key[1] != "/runtime/stream"],
)
async def test_nothing_of_another_client_is_in_an_answer(
    stage: Stage, owned: Owned, method: str, template: str
) -> None:
    answer = await _ask(stage, INTRUDER, method, template, CASES[method, template][1], owned.run_id)
    assert answer.status_code in (200, 201), answer.text
    assert owned.run_id not in answer.text
    sha256 = (await stage.raro.core.blobs.put_bytes(BYTES)).sha256
    assert sha256 not in answer.text
    assert BYTES.decode() not in answer.text


@pytest.mark.parametrize(("method", "template"), [key for key, (expected, _) in CASES.items() if expected == OPEN])
async def test_operations_name_no_client(stage: Stage, owned: Owned, method: str, template: str) -> None:
    answer = await _ask(stage, INTRUDER, method, template, None, owned.run_id)
    assert answer.status_code == 200
    assert not {OWNER, SECRET, owned.run_id} & set(answer.text.replace('"', " ").split())


@pytest.mark.parametrize(("method", "template"), [key for key, (expected, _) in CASES.items() if expected == MODEL])
async def test_what_takes_a_model_says_so_and_nothing_else(
    stage: Stage, owned: Owned, method: str, template: str
) -> None:
    answer = await _ask(stage, INTRUDER, method, template, CASES[method, template][1], owned.run_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "model_needed")
    assert owned.run_id not in answer.text


async def test_a_run_is_not_given_another_clients_files_or_artifacts(stage: Stage, owned: Owned) -> None:
    async with stage.client("thief") as client:
        body = {
            "directive": "read",
            "attached_files": [SECRET],
            "attached_artifacts": [{"run_id": owned.run_id, "path": SECRET}],
        }
        run_id = (await client.post("/runtime/start", json=body)).json()["run_id"]
        state = (await client.get("/runtime/state", params={"run_id": run_id})).json()
        assert [item["sha256"] for item in state["inputs"]] == [None, None]


async def test_whatever_the_others_tried_changed_nothing(stage: Stage, owned: Owned) -> None:
    for method, template in CASES:
        if template != "/runtime/stream":
            await _ask(stage, INTRUDER, method, template, CASES[method, template][1], owned.run_id)
    async with stage.client(OWNER) as client:
        events = (await client.get("/audit/events", params={"after": owned.seq})).json()["events"]
        assert events == []
        assert (await client.get(f"/runtime/library/files/{SECRET}")).content == BYTES
        assert (await client.get(f"/runtime/artifacts/{owned.run_id}/files/{SECRET}")).content == BYTES
