"""/audit/events: filters, files, and chains of causes over HTTP; SQL that nobody waits for ends."""

from __future__ import annotations

import asyncio
import io
import json
import time

import httpx
import pyarrow.parquet as pq
import pytest

from raro.api import answers
from tests.api.conftest import AGENT, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENTS = "/audit/events"


async def test_filters_go_together(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"a.txt": b"a", "b.txt": b"b"})
    await stage.run(me, {"b.txt": b"c"})
    async with stage.client(me) as client:
        wanted = {"run_id": run_id, "agent": AGENT, "q": "ANALYZE", "from": "2020-01-01", "to": "2999-01-01T00:00:00Z"}
        found = (await client.get(EVENTS, params=wanted)).json()["events"]
        assert [event["subject"].rpartition(".")[2] for event in found] == [
            "agent_scheduled", "agent_started", "agent_finished",
        ]  # fmt: skip
        assert (await client.get(EVENTS, params={"to": "2020-01-01"})).json() == {"events": [], "next": None}
        assert (await client.get(EVENTS, params={"from": "9999-12-31T23:59:59-14:00"})).json()["events"] == []


async def test_files_hold_what_the_pages_show(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"größe.txt": b"a"})
    await stage.run(me, {"b.txt": b"c"})
    async with stage.client(me) as client:
        shown = (await client.get(EVENTS, params={"run_id": run_id})).json()["events"]

        async def file(format: str) -> httpx.Response:
            answer = await client.get(f"{EVENTS}/export", params={"run_id": run_id, "format": format})
            assert answer.headers["raro-truncated"] == "false"
            assert "attachment" in answer.headers["content-disposition"]
            return answer.raise_for_status()

        assert [json.loads(line) for line in (await file("jsonl")).text.splitlines()] == shown
        assert [event["data"] for event in (await file("cloudevents")).json()] == [event["data"] for event in shown]
        table = pq.read_table(io.BytesIO((await file("parquet")).content))
        assert table.column("seq").to_pylist() == [event["seq"] for event in shown]


async def test_a_file_ends_before_the_event_that_is_named(stage: Stage, me: str) -> None:
    await stage.run(me, {"a.txt": b"a"})
    async with stage.client(me) as client:
        seqs = [event["seq"] for event in (await client.get(EVENTS)).json()["events"]]
        answer = await client.get(f"{EVENTS}/export", params={"after": seqs[0], "before": seqs[3]})
        assert [json.loads(line)["seq"] for line in answer.text.splitlines()] == seqs[1:3]
        none = await client.get(f"{EVENTS}/export", params={"before": 0, "format": "cloudevents"})
        assert none.json() == []


async def test_an_event_tells_its_causes(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"a.txt": b"a"})
    async with stage.client(me) as client:
        started = (await client.get(EVENTS, params={"run_id": run_id, "type": "started"})).json()["events"][0]
        answer = (await client.get(f"{EVENTS}/{started['id']}")).raise_for_status().json()
        answers.EventCausation.model_validate(answer)
        assert answer["event"] == started
        assert (await client.get(f"{EVENTS}/{started['seq']}")).json() == answer
        missing = await client.get(f"{EVENTS}/nothing%00%20ä")
    assert (missing.status_code, missing.json()["code"]) == (404, "event_not_found")
    async with stage.client("nobody") as stranger:
        assert (await stranger.get(f"{EVENTS}/{started['id']}")).status_code == 404


@pytest.mark.parametrize("query", ["format=xml", "from=yesterday", "to=", f"q={'x' * 1001}", "after=-1"])
async def test_what_cannot_be_meant_is_refused(stage: Stage, me: str, query: str) -> None:
    async with stage.client(me) as client:
        answer = await client.get(f"{EVENTS}/export?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_query_that_nobody_waits_for_makes_room_for_the_next(stage: Stage, me: str) -> None:
    endless = {"sql": "SELECT max(a.range * b.range % 7) FROM range(10000000) AS a, range(10000000) AS b"}
    async with stage.client(me) as client:
        await client.post("/analytics/sql", json={"sql": "SELECT 1"})
        for _ in range(4):
            asking = asyncio.create_task(client.post("/analytics/sql", json=endless))
            await asyncio.sleep(0.3)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        began = time.monotonic()
        answer = await client.post("/analytics/sql", json={"sql": "SELECT 42 AS answer"})
    assert answer.json()["rows"] == [[42]]
    # One of them alone would have taken all of its time, and this client's queries follow one another.
    assert time.monotonic() - began < stage.raro.core.settings.sql_timeout_s
