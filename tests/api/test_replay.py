"""Time travel over HTTP: what is answered of a moment is what the API answered at that moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from raro.client import RaroClient
from raro.commands.aggregates import Caller
from raro.errors import MomentAhead
from raro.wiring.running import retention_of
from tests.api.conftest import AGENT, Stage, staged

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = ("a.csv", "Größe 📈.txt", "shared.csv")
PATHS = ("report.md", "sub/figure.png")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """An application whose snapshots of the past are near one another, so that histories cross them."""
    async with staged(tmp_path_factory.mktemp("replay") / "storage", replay_every=100, grace_hours=0) as made:
        yield made


@dataclass
class Seen:
    """What the API said, and up to which event that is everything."""

    seq: int
    library: list[Any]
    artifacts: list[Any]
    runs: list[Any]
    states: dict[str, Any]


@dataclass
class History:
    """A client's doings, each followed by a look at everything it sees."""

    stage: Stage
    client: httpx.AsyncClient
    public: httpx.AsyncClient
    client_id: str
    runs: list[str] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    async def do(self, what: str, pick: random.Random) -> None:
        """One thing, which may well be refused: then nothing happened."""
        name, path = pick.choice(NAMES), pick.choice(PATHS)
        file = f"/runtime/library/files/{name}"
        run_id = pick.choice(self.runs) if self.runs else "run_none"
        artifact = f"/runtime/artifacts/{run_id}/files/{path}"
        data = f"{name} {pick.random()}".encode()
        match what:
            case "upload":
                await self.client.put(file, content=data)
            case "publish":
                await self.public.put(file, content=data)
            case "withdraw":
                await self.public.delete(file)
            case "link" | "unlink":
                await self.client.request("PUT" if what == "link" else "DELETE", f"{file}/link")
            case "delete":
                await self.client.delete(file)
            case "restore":
                await self.client.post(f"{file}/restore")
            case "run":
                self.runs.append(await self.stage.run(self.client_id, dict.fromkeys(PATHS, data)))
            case "again":
                if self.runs:
                    made = await self.stage.promoted(path, data, version=2)
                    await self.stage.append(self.client_id, run_id, made)
            case "expire":
                await self._expire(run_id)
            case "erase":
                await retention_of(self.stage.raro.core, self.stage.raro.views).erase(
                    datetime.now(UTC) + timedelta(days=30), young_s=0
                )
            case "remove":
                await self.client.delete(artifact)
            case _:
                await self.client.post(f"{artifact}/{what}")

    async def _expire(self, run_id: str) -> None:
        """What retention does to every file that is due, in eight days."""
        due = await self.stage.raro.views.due(datetime.now(UTC) + timedelta(days=8), timedelta(days=99))
        for item in due:
            if item.client_id == self.client_id and item.run_id == run_id:
                await self.stage.raro.core.artifacts.expire(Caller(self.client_id, actor="system"), run_id, item.paths)

    async def look(self) -> None:
        """Note what the API says now."""
        await self.stage.raro.views.caught_up(30)
        library = (await self.client.get("/runtime/library")).json()
        artifacts = (await self.client.get("/runtime/artifacts", params={"limit": 1000})).json()
        runs = (await self.client.get("/runtime/runs", params={"limit": 1000})).json()
        states = {
            run_id: (await self.client.get("/runtime/state", params={"run_id": run_id})).json() for run_id in self.runs
        }
        self.seen.append(Seen(library["seq"], library["files"], artifacts["artifacts"], runs["runs"], states))


async def replayed(client: httpx.AsyncClient, at: int | str, **params: Any) -> Any:
    answer = await client.get("/audit/replay", params={"at": str(at), **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def own(past: Any) -> list[str]:
    """Names of the client's own files."""
    return [row["filename"] for row in past["library"] if row["scope"] == "private"]


def unmarked(answer: Any) -> Any:
    """The rows without the mark that their bytes are gone."""
    for row in answer["library"]:
        row.pop("erased", None)
    for run in answer["artifacts"]:
        for row in run["metadata"]["artifacts"]:
            row.pop("erased", None)
    return answer


DOINGS = ("upload", "upload", "publish", "withdraw", "link", "unlink", "delete", "restore", "run", "run", "again",
          "pin", "unpin", "promote", "remove", "restore", "expire", "erase")  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
async def test_replay_says_what_the_api_said_at_every_moment(stage: Stage, me: str, seed: int) -> None:
    pick = random.Random(seed)
    async with stage.client(me) as client, stage.client("public") as public:
        history = History(stage, client, public, me)
        await history.look()
        for what in ["upload", "run", "expire", "erase", *pick.choices(DOINGS, k=14)]:
            await history.do(what, pick)
            await history.look()
        for seen in pick.sample(history.seen, len(history.seen)):
            past = unmarked(await replayed(client, seen.seq))
            assert past["library"] == seen.library
            assert past["artifacts"] == seen.artifacts
            assert past["runs"] == seen.runs
            for run_id, state in seen.states.items():
                assert (await replayed(client, seen.seq, run_id=run_id, views="runs"))["state"] == state


async def test_a_time_means_everything_up_to_then(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        seqs = [(await client.put(f"/runtime/library/files/{n}.txt", content=b"x")).json()["seq"] for n in range(3)]
        events = {event["seq"]: event for event in (await client.get("/audit/events")).json()["events"]}
        for number, seq in enumerate(seqs):
            past = await replayed(client, events[seq]["time"])
            assert (past["seq"] >= seq, past["time"]) == (True, events[seq]["time"])
            assert own(past)[: number + 1] == [f"{n}.txt" for n in range(number + 1)]
        first = datetime.fromisoformat(events[seqs[0]]["time"])
        before = await replayed(client, (first - timedelta(milliseconds=1)).isoformat().replace("+00:00", "Z"))
        assert (before["seq"] < seqs[0], own(before)) == (True, [])
        assert (await replayed(client, "1970-01-01T00:00:00Z"))["seq"] == 0


async def test_before_the_first_event_there_was_nothing(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        past = await replayed(client, 0)
        assert past.pop("head") >= 0
        assert past == {
            "seq": 0, "time": None, "library": [], "artifacts": [], "runs": [], "erased": 0,
            "next": {"artifacts": None, "runs": None},
        }  # fmt: skip


@pytest.mark.parametrize(
    ("at", "status", "code"),
    [
        ("soon", 400, "bad_moment"),
        ("", 400, "bad_moment"),
        ("-1", 400, "bad_moment"),
        ("1" * 4000, 400, "bad_moment"),
        ("2026-01-01", 400, "bad_moment"),
        ("2026-01-01T00:00:00+02:00\0", 400, "bad_moment"),
        ("999999999999999999", 422, "moment_ahead"),
        ("9999-12-31T23:59:59Z", 422, "moment_ahead"),
    ],
)
async def test_what_is_no_point_of_the_log_is_refused(stage: Stage, me: str, at: str, status: int, code: str) -> None:
    async with stage.client(me) as client:
        for path, params in (
            ("replay", {"at": at}),
            ("diff", {"from": "0", "to": at}),
            ("diff", {"from": at, "to": "0"}),
        ):
            answer = await client.get(f"/audit/{path}", params=params)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert at[:20] in answer.json()["detail"] or "\0" in at


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({}, 422, "invalid_request"),
        ({"at": "0", "views": "library,secrets"}, 400, "bad_request"),
        ({"at": "0", "limit": "0"}, 422, "invalid_request"),
        ({"at": "0", "run_id": "run_none"}, 404, "run_not_found"),
        ({"at": "0", "artifacts_cursor": "x"}, 400, "bad_cursor"),
        ({"at": "0", "runs_cursor": "WzFd"}, 400, "bad_cursor"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    stage: Stage, me: str, params: dict[str, str], status: int, code: str
) -> None:
    async with stage.client(me) as client:
        answer = await client.get("/audit/replay", params=params)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_run_that_had_not_begun_is_not_there(stage: Stage, me: str) -> None:
    before = await stage.raro.core.log.head()
    run_id = await stage.run(me, {"a.txt": b"x"})
    async with stage.client(me) as client:
        answer = await client.get("/audit/replay", params={"at": before, "run_id": run_id})
        assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


async def test_bytes_that_are_gone_are_known_and_marked(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"kept.txt": b"kept", "gone.txt": f"gone {me}".encode()})
    async with stage.client(me) as client:
        put = await client.put("/runtime/library/files/gone.txt", content=f"gone too {me}".encode())
        seq = put.json()["seq"]
        assert (await replayed(client, seq))["erased"] == 0
        await client.delete(f"/runtime/artifacts/{run_id}/files/gone.txt")
        await client.delete("/runtime/library/files/gone.txt")
        await stage.raro.views.caught_up(30)
        later = datetime.now(UTC) + timedelta(days=2)
        await retention_of(stage.raro.core, stage.raro.views).erase(later, young_s=0)
        past = await replayed(client, seq)
        marks = {row["filename"]: row.get("erased") for row in past["artifacts"][0]["metadata"]["artifacts"]}
        assert marks == {"kept.txt": None, "gone.txt": True}
        assert [row.get("erased") for row in past["library"] if row["filename"] == "gone.txt"] == [True]
        assert past["erased"] == 2
        difference = (await client.get("/audit/diff", params={"from": seq, "to": stage.raro.views.seq})).json()
        assert [(row["filename"], row.get("erased")) for row in difference["artifacts"]["removed"]] == [
            ("gone.txt", True)
        ]


async def test_long_lists_come_in_pages(stage: Stage, me: str) -> None:
    runs = [await stage.run(me, {f"{n}.txt": b"x" for n in range(3)}) for _ in range(3)]
    seq = stage.raro.views.seq
    await stage.run(me, {"later.txt": b"x"})
    async with stage.client(me) as client:
        whole = await replayed(client, seq)
        files: list[Any] = []
        ids: list[str] = []
        cursors: dict[str, str | None] = {"artifacts": None, "runs": None}
        while cursors:
            asked = {f"{view}_cursor": cursor for view, cursor in cursors.items() if cursor}
            page = await replayed(client, seq, limit=2, views=",".join(cursors), **asked)
            files += [row for run in page.get("artifacts", ()) for row in run["metadata"]["artifacts"]]
            ids += [row["run_id"] for row in page.get("runs", ())]
            cursors = {view: cursor for view, cursor in page["next"].items() if cursor}
        assert sorted(ids) == sorted(runs)
        assert files == [row for run in whole["artifacts"] for row in run["metadata"]["artifacts"]]


async def test_only_the_views_that_are_wanted_are_answered(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        run_id = await stage.run(me, {"a.txt": b"x"})
        alone = await replayed(client, stage.raro.views.seq, views="", run_id=run_id)
        assert set(alone) == {"seq", "time", "head", "state", "next", "erased"}
        assert set(await replayed(client, 0, views="runs,library")) >= {"runs", "library"}


async def test_the_client_asks_the_same(stage: Stage, me: str) -> None:
    first, second = [await stage.run(me, {"a.txt": str(n).encode()}) for n in range(2)]
    seq = stage.raro.views.seq
    async with RaroClient(stage.url, me) as raro, stage.client(me) as client:
        found = await raro.past.at(seq, views=["runs"], run_id=first, limit=5)
        assert found == await replayed(client, seq, views="runs", run_id=first, limit=5)
        points = await raro.past.between(0, seq)
        assert {row["run_id"] for row in points["runs"]["added"]} == {first, second}
        runs = await raro.past.between_runs(first, second)
        assert runs["files"]["changed"][0]["difference"]["unified"].startswith("@@ -1,1 +1,1 @@")
        with pytest.raises(MomentAhead):
            await raro.past.at(10**17)


async def test_many_look_at_once_while_others_work(stage: Stage, me: str) -> None:
    head = await stage.raro.core.log.head()
    async with stage.client(me) as client:
        looks = [client.get("/audit/replay", params={"at": head * n // 12}) for n in range(12)]
        puts = [client.put(f"/runtime/library/files/{n}.txt", content=b"x") for n in range(12)]
        answers = await asyncio.gather(*looks, *puts)
    assert {answer.status_code for answer in answers} <= {200, 201}


async def test_a_runs_events_are_there_in_order_to_be_played_again(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"a.txt": b"x"})
    async with stage.client(me) as client:
        events: list[Any] = []
        after: int | None = 0
        while after is not None:
            page = (await client.get(f"/audit/events?run_id={run_id}&after={after}&limit=3")).json()
            events, after = [*events, *page["events"]], page["next"]
        assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
        assert [event["type"].split(".")[2] for event in events] == [
            "started", "agent_scheduled", "agent_started", "artifact_promoted", "agent_finished", "completed"
        ]  # fmt: skip
        assert events[1]["data"]["agent_id"] == AGENT
        statuses = [
            (await replayed(client, event["seq"], views="", run_id=run_id))["state"]["agents"][0]["status"]
            for event in events
        ]
        assert statuses == ["idle", "scheduled", "running", "running", "finished", "finished"]
