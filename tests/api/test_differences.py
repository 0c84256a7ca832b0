"""What is different between two points of the log, and between two runs, over HTTP."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from raro.events.catalogue import AgentFinished, AgentScheduled, AgentStarted, Completed, Failed, Started
from raro.events.shapes import AgentSpec, BlobRef, InputFile, WorkflowConfig
from raro.wiring.running import retention_of
from tests.api.conftest import AGENT, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

_FILE = "/runtime/library/files/{}"


async def between(client: httpx.AsyncClient, first: object, second: object, **params: Any) -> Any:
    answer = await client.get("/audit/diff", params={"from": str(first), "to": str(second), **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def put(client: httpx.AsyncClient, name: str, data: bytes) -> int:
    return int((await client.put(_FILE.format(name), content=data)).json()["seq"])


async def test_what_came_went_and_changed_is_told_apart(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        await put(client, "same.txt", b"1")
        await put(client, "old.txt", b"1")
        first = await put(client, "changed.txt", b"1")
        await put(client, "brief.txt", b"came and went")
        await client.delete(_FILE.format("brief.txt"))
        await client.delete(_FILE.format("old.txt"))
        await put(client, "changed.txt", b"22")
        await client.put(_FILE.format("changed.txt") + "/link")
        run_id = await stage.run(me, {"a.txt": b"x"})
        second = await put(client, "new.txt", b"1")
        found = await between(client, first, second)
        library = found["library"]
        assert [row["filename"] for row in library["added"]] == ["new.txt"]
        assert [row["filename"] for row in library["removed"]] == ["old.txt"]
        (changed,) = library["changed"]
        assert set(changed["fields"]) == {"version", "sha256", "size_bytes", "uploaded_at", "linked"}
        assert (changed["before"]["version"], changed["after"]["version"]) == (1, 2)
        assert [row["filename"] for row in found["artifacts"]["added"]] == ["a.txt"]
        assert [row["run_id"] for row in found["runs"]["added"]] == [run_id]
        assert (found["from"]["seq"], found["to"]["seq"]) == (first, second)


async def test_a_difference_can_be_looked_at_from_both_sides(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        first = await put(client, "a.txt", b"1")
        await put(client, "a.txt", b"2")
        second = await put(client, "b.txt", b"1")
        there, back = await between(client, first, second), await between(client, second, first)
        assert (back["from"], back["to"]) == (there["to"], there["from"])
        assert back["library"]["removed"] == there["library"]["added"]
        assert back["library"]["changed"][0]["before"] == there["library"]["changed"][0]["after"]
        nothing = await between(client, second, second)
        assert all(not nothing["library"][kind] for kind in ("added", "removed", "changed"))


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_earlier_rows_with_the_difference_are_the_later_ones(stage: Stage, me: str, seed: int) -> None:
    pick = random.Random(seed)
    async with stage.client(me) as client, stage.client("public") as public:
        points = [stage.raro.views.seq]
        for _ in range(20):
            who, file = pick.choice((client, public)), _FILE.format(pick.choice("abc"))
            match pick.choice(("put", "put", "delete", "restore", "link", "run")):
                case "put":
                    await who.put(file, content=bytes([pick.randrange(256)]))
                case "delete":
                    await who.delete(file)
                case "restore":
                    await who.post(f"{file}/restore")
                case "link":
                    await who.put(f"{file}/link")
                case "run":
                    await stage.run(me, {"a.txt": b"x"})
            await stage.raro.views.caught_up(30)
            points.append(stage.raro.views.seq)
        for _ in range(5):
            first, second = pick.choice(points), pick.choice(points)
            found = (await between(client, first, second))["library"]
            before, after = [
                {row["filename"]: row for row in (await client.get(f"/audit/replay?at={at}")).json()["library"]}
                for at in (first, second)
            ]
            for row in found["removed"]:
                del before[row["filename"]]
            for row in [*found["added"], *(change["after"] for change in found["changed"])]:
                before[row["filename"]] = row
            assert [without_seq(row) for row in before.values()] == sorted_like(after, before)


def without_seq(row: dict[str, Any]) -> dict[str, Any]:
    """A row but for the event that touched it last."""
    return {name: value for name, value in row.items() if name != "seq"}


def sorted_like(rows: dict[str, Any], order: dict[str, Any]) -> list[Any]:
    """The rows in the other's order; every row of the other must be there."""
    assert rows.keys() == order.keys()
    return [without_seq(rows[name]) for name in order]


async def test_what_is_cut_is_counted(stage: Stage, me: str) -> None:
    async with stage.client(me) as client:
        begin = stage.raro.views.seq
        run_id = await stage.run(me, {f"{n}.txt": b"x" for n in range(5)})
        found = await between(client, begin, stage.raro.views.seq, limit=2)
        assert len(found["artifacts"]["added"]) == 2
        assert found["artifacts"]["cut"] == {"added": 3, "removed": 0, "changed": 0}
        assert {row["run_id"] for row in found["artifacts"]["added"]} == {run_id}


async def test_two_runs_are_told_apart_in_every_way(stage: Stage, me: str) -> None:
    blobs = stage.raro.core.blobs

    async def run(run_id: str, directive: str, version: int, said: bytes, files: dict[str, tuple[bytes, str]]) -> str:
        output = await blobs.put_bytes(said)
        given = InputFile(name="in.csv", version=version, sha256=f"{version:064}")
        agents = (AgentSpec(id=AGENT, prompt=directive), *([AgentSpec(id="writer_b")] if version == 2 else []))
        await stage.append(
            me,
            run_id,
            Started(
                workflow=WorkflowConfig(agents=agents, max_token_budget=version),
                directive=directive,
                inputs=(given, InputFile(name="same.csv", version=1, sha256="5" * 64)),
                retention_days=7,
            ),
            AgentScheduled(agent_id=AGENT),
            AgentStarted(agent_id=AGENT, model="fast", epoch=1, worker="test"),
            *[await stage.promoted(path, data, content_type=kind) for path, (data, kind) in files.items()],
            AgentFinished(agent_id=AGENT, output=BlobRef(sha256=output.sha256, size_bytes=output.size_bytes)),
            Completed() if version == 1 else Failed(code="x", reason="why"),
        )
        return run_id

    same = (b"same", "text/plain")
    first = await run(
        f"run_{me}_1", "one", 1, b"# Report\nfound 1\n",
        {"same.txt": same, "t.csv": (b"n,v\n1,a\n2,b\n", "text/csv"), "r.md": (b"a\nb\nc\n", "text/markdown"),
         "p.png": (b"\x89PNG\0\1", "image/png"), "only.txt": same},
    )  # fmt: skip
    second = await run(
        f"run_{me}_2", "two", 2, b"# Report\nfound 2\n",
        {"same.txt": same, "t.csv": (b"n,v\n2,b\n3,c\n", "text/csv"), "r.md": (b"a\nB\nc\n", "text/markdown"),
         "p.png": (b"\x89PNG\0\2", "image/png"), "new.txt": same},
    )  # fmt: skip
    async with stage.client(me) as client:
        found = (await client.get("/audit/diff/runs", params={"from": first, "to": second})).json()
        none = (await client.get("/audit/diff/runs", params={"from": first, "to": first})).json()
    assert {item["name"]: (item["before"], item["after"]) for item in found["parameters"]} == {
        "directive": ("one", "two"),
        "max_token_budget": (1, 2),
    }
    inputs = found["inputs"]
    assert (inputs["same"], [(row["name"], row["fields"]) for row in inputs["changed"]]) == (
        1,
        [("in.csv", ["version", "sha256"])],
    )
    assert ("status", "completed", "failed") in [
        (item["name"], item["before"], item["after"]) for item in found["results"]
    ]
    agents = found["agents"]
    assert (agents["added"], agents["changed"][0]["agent_id"]) == (["writer_b"], AGENT)
    assert [item["name"] for item in agents["changed"][0]["parameters"]] == ["prompt"]
    assert "-found 1\n+found 2" in agents["changed"][0]["output"]["unified"]
    files = found["files"]
    assert [row["filename"] for row in files["added"]] == ["new.txt"]
    assert [row["filename"] for row in files["removed"]] == ["only.txt"]
    differences = {row["name"]: row["difference"] for row in files["changed"]}
    assert {name: difference["kind"] for name, difference in differences.items()} == {
        "p.png": "bytes", "r.md": "text", "t.csv": "table"
    }  # fmt: skip
    assert differences["r.md"]["unified"] == "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c"
    assert (differences["t.csv"]["only_before"], differences["t.csv"]["only_after"]) == ([["1", "a"]], [["3", "c"]])
    assert [none["parameters"], none["results"], none["files"]["changed"], none["agents"]["changed"]] == [
        [],
        [],
        [],
        [],
    ]
    assert (none["files"]["same"], none["inputs"]["same"]) == (5, 2)


async def test_files_whose_bytes_are_gone_are_only_said_to_differ(stage: Stage, me: str) -> None:
    first, second = [await stage.run(me, {"a.txt": f"{n} {me}".encode()}) for n in range(2)]
    async with stage.client(me) as client:
        await client.delete(f"/runtime/artifacts/{first}/files/a.txt")
        await stage.raro.views.caught_up(30)
        later = datetime.now(UTC) + timedelta(days=5)
        await retention_of(stage.raro.core, stage.raro.views).erase(later, young_s=0)
        found = (await client.get("/audit/diff/runs", params={"from": first, "to": second})).json()["files"]
        (changed,) = found["changed"]
        assert (changed["before"]["erased"], changed["after"].get("erased")) == (True, None)
        assert changed["difference"]["kind"] == "erased"


async def test_more_files_than_are_compared_are_named(stage: Stage, me: str) -> None:
    first, second = [await stage.run(me, {f"{k:02}.txt": f"{n} {k}".encode() for k in range(25)}) for n in range(2)]
    async with stage.client(me) as client:
        found = (await client.get("/audit/diff/runs", params={"from": first, "to": second})).json()["files"]
    kinds = [row["difference"]["kind"] for row in found["changed"]]
    assert kinds == ["text"] * 20 + ["left_out"] * 5
    assert found["changed"][-1]["difference"]["notes"]
