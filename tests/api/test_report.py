"""A run as one HTML file: whole, and harmless whatever names, texts and bytes the run had."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from raro.events.catalogue import (
    AgentFailed,
    AgentTurnCompleted,
    ApprovalGranted,
    ApprovalRequested,
    Failed,
    PolicyMatched,
    Started,
    ToolReturned,
)
from raro.events.shapes import AgentSpec, InputFile, ToolCall, WorkflowConfig
from raro.report.material import MOST_EVENTS, facts_of
from tests.api.conftest import AGENT, Stage
from tests.projections.stories import CLIENT, folded, made, started
from tests.report.test_html import Parsed

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = "</pre></td><script>alert(1)</script><img src=x onerror=alert(2)>\"'`&amp;\u202e\x1b"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "dl", "dt", "dd", "nav", "a",
    "main", "section", "div", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre", "bdi", "span",
    "figure", "img", "figcaption", "footer",
}  # fmt: skip
_ATTRIBUTES = {
    "charset", "http-equiv", "content", "name", "lang", "class", "id", "href", "aria-label", "aria-labelledby", "scope",
    "tabindex", "open", "src", "alt",
}  # fmt: skip


async def report_of(stage: Stage, client_id: str, run_id: str) -> str:
    async with stage.client(client_id) as client:
        answer = await client.get(f"/runtime/{run_id}/report")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "sandbox" in answer.headers["content-security-policy"]
        return answer.raise_for_status().text


async def hostile_run(stage: Stage, client_id: str) -> str:
    """A run that says something hostile wherever it can say anything."""
    run_id = f"{client_id}-hostile"
    call = ToolCall(call_id="c", name=HOSTILE, args={HOSTILE: [HOSTILE]})
    await stage.append(
        client_id,
        run_id,
        Started(
            workflow=WorkflowConfig(name=HOSTILE, agents=(AgentSpec(id=AGENT),)),
            directive=HOSTILE,
            inputs=(
                InputFile(name=HOSTILE, kind="artifact", run_id=HOSTILE, path=HOSTILE, version=1, sha256="0" * 64),
            ),
            retention_days=7,
        ),
        AgentTurnCompleted(
            agent_id=AGENT, turn=1, model=HOSTILE, text=HOSTILE, tool_calls=(call,), answered_by=HOSTILE
        ),
        ToolReturned(
            agent_id=AGENT, turn=1, call_id="c", name=HOSTILE, ok=False, code=HOSTILE, result=HOSTILE, reads=(HOSTILE,)
        ),
        ApprovalRequested(approval_id="a", agent_id=AGENT, reason=HOSTILE, subject={"path": HOSTILE}),
        ApprovalGranted(approval_id="a", note=HOSTILE),
        PolicyMatched(rule_id=HOSTILE, action=HOSTILE, detail=HOSTILE, agent_id=AGENT),
        await stage.promoted(f"{HOSTILE}.md", HOSTILE.encode(), content_type="text/markdown"),
        AgentFailed(agent_id=AGENT, code="x", message=HOSTILE),
        Failed(code="x", reason=HOSTILE),
    )
    return run_id


async def test_nothing_in_a_run_becomes_a_part_of_the_page(stage: Stage, me: str) -> None:
    page = await report_of(stage, me, await hostile_run(stage, me))
    parsed = Parsed(page)
    assert {tag for tag, _ in parsed.tags} <= _TAGS
    assert {name for _, attributes in parsed.tags for name in attributes} <= _ATTRIBUTES
    assert all((given["href"] or "").startswith("#") for _, given in parsed.tags if "href" in given)
    assert page.count("&lt;script&gt;alert(1)") > 15
    assert "\u202e" not in page
    assert "\x1b" not in page


async def test_the_page_forbids_itself_everything_but_its_style(stage: Stage, me: str) -> None:
    page = await report_of(stage, me, await stage.run(me, {"a.txt": b"a"}))
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    policy = next(given["content"] or "" for tag, given in Parsed(page).tags if "http-equiv" in given)
    assert len(style) == 1
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not re.findall(r"url\(|@import|https?:", page)


async def test_it_tells_what_was_made_given_said_and_decided(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"sub/notes.txt": b"what was found"})
    async with stage.client(me) as client:
        await client.post(f"/runtime/artifacts/{run_id}/files/sub/notes.txt/promote")
        await client.post(f"/runtime/artifacts/{run_id}/files/sub/notes.txt/pin")
    text = Parsed(await report_of(stage, me, run_id)).text
    for part in (
        run_id, me, "look", AGENT, "done", "sub/notes.txt", hashlib.sha256(b"what was found").hexdigest(),
        "what was found", "saved as notes.txt v1", "pinned", "artifact_saved_to_library", "completed",
    ):  # fmt: skip
        assert part in text, part


async def test_pictures_are_what_their_bytes_are(stage: Stage, me: str) -> None:
    big = PIXEL + b"\0" * 500_000
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    run_id = f"{me}-pictures"
    gone = await stage.promoted("gone.png", b"\x89PNG erased", content_type="image/png")
    await stage.append(
        me,
        run_id,
        Started(workflow=WorkflowConfig(agents=(AgentSpec(id=AGENT),)), retention_days=7),
        await stage.promoted("dot.png", PIXEL, content_type="image/png"),
        await stage.promoted("big.png", big, content_type="image/png"),
        await stage.promoted("lie.png", b"<script>alert(1)</script>", content_type="image/png"),
        await stage.promoted("drawn.svg", svg, content_type="image/svg+xml"),
        gone,
    )
    stage.raro.core.blobs.remove(gone.artifact.sha256, older_than_s=0)
    page = await report_of(stage, me, run_id)
    parsed = Parsed(page)
    assert [given["src"] for tag, given in parsed.tags if tag == "img"] == [
        f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
    ]
    assert "big.png: too large to be shown here." in parsed.text
    assert "lie.png: not the picture its name promises." in parsed.text
    assert "gone.png: its bytes are not there any more." in parsed.text
    assert svg.decode() in parsed.text


async def test_a_long_text_is_cut_and_says_so(stage: Stage, me: str) -> None:
    page = await report_of(stage, me, await stage.run(me, {"a.txt": "ä".encode() * 50_000}))
    assert "60,000 more bytes are left out." in Parsed(page).text


async def test_a_long_history_is_counted() -> None:
    views = folded(started("r", [AgentSpec(id="one")]), [made("r", "one", 1, f"{n}") for n in range(MOST_EVENTS)])
    facts = facts_of(views, CLIENT, "r")
    assert facts is not None
    shown: list[Any] = list(facts.events)
    assert (len(shown), facts.counts["events"]) == (MOST_EVENTS, MOST_EVENTS + 1)
