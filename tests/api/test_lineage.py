"""Lineage over HTTP: both directions, over runs and the library, and nothing of anybody else's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from raro.api.lineage_answers import ArtifactLineage, LibraryLineage
from raro.events.catalogue import Started, ToolReturned
from raro.events.shapes import AgentSpec, InputFile, WorkflowConfig
from tests.api.conftest import AGENT, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def later_run(stage: Stage, client_id: str, run_id: str, given: InputFile, made: str) -> None:
    """A run that was given a file, read it, and made another of it."""
    await stage.append(
        client_id,
        run_id,
        Started(workflow=WorkflowConfig(agents=(AgentSpec(id=AGENT),)), inputs=(given,), retention_days=7),
        ToolReturned(agent_id=AGENT, turn=1, call_id="c", name="read_file", ok=True, reads=(f"input/{given.name}",)),
        await stage.promoted(made, made.encode()),
    )


async def lineage_of(client: httpx.AsyncClient, address: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"{address}/lineage", params=params)
    found: dict[str, Any] = answer.raise_for_status().json()
    (ArtifactLineage if "run_id" in found else LibraryLineage).model_validate(found)
    return found


def names(graph: dict[str, Any]) -> list[str]:
    return [node["name"] for node in graph["nodes"]]


async def test_a_file_is_followed_from_run_to_run_through_the_library(stage: Stage, me: str) -> None:
    first = await stage.run(me, {"Größe.csv": b"x"})
    async with stage.client(me) as client:
        saved = (await client.post(f"/runtime/artifacts/{first}/files/Größe.csv/promote")).json()
        given = InputFile(name="Größe.csv", scope="private", version=1, sha256=saved["sha256"])
        await later_run(stage, me, f"{me}-2", given, "sub/end.md")
        library = await lineage_of(client, "/runtime/library/files/Größe.csv")
        artifact = await lineage_of(client, f"/runtime/artifacts/{me}-2/files/sub/end.md")
    assert names(library["used_by"]) == ["Größe.csv", AGENT, "sub/end.md"]
    assert names(library["made_from"]) == ["Größe.csv", "Größe.csv", AGENT]
    assert names(artifact["made_from"]) == ["sub/end.md", AGENT, "Größe.csv", "Größe.csv", AGENT]
    assert [edge["relation"] for edge in artifact["made_from"]["edges"]] == ["made", "read", "saved", "made"]
    assert artifact["read"] == [{"version": 1, "source": "input/Größe.csv"}]
    assert artifact["seq"] == library["seq"] == stage.raro.views.seq


async def test_a_pinned_artifact_is_named_as_what_its_input_is_kept_for(stage: Stage, me: str) -> None:
    first = await stage.run(me, {"x.csv": b"x"})
    given = InputFile(name="x.csv", kind="artifact", run_id=first, path="x.csv", version=1, sha256="0" * 64)
    await later_run(stage, me, f"{me}-2", given, "y.md")
    async with stage.client(me) as client:
        address = f"/runtime/artifacts/{first}/files/x.csv"
        assert (await lineage_of(client, address))["kept_for"] == []
        await client.post(f"/runtime/artifacts/{me}-2/files/y.md/pin")
        assert (await lineage_of(client, address))["kept_for"] == [
            {"kind": "artifact", "run_id": f"{me}-2", "name": "y.md"}
        ]


async def test_a_cut_graph_says_so_and_versions_are_chosen(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"x.csv": b"1"})
    await stage.append(me, run_id, await stage.promoted("x.csv", b"2", version=2))
    async with stage.client(me) as client:
        address = f"/runtime/artifacts/{run_id}/files/x.csv"
        both, one = await lineage_of(client, address), await lineage_of(client, address, version=1)
        cut = await lineage_of(client, address, version=1, limit=1)
        assert (await client.get(f"{address}/lineage", params={"version": 9})).status_code == 404
        assert (await client.get(f"{address}/lineage", params={"limit": 0})).status_code == 422
    assert [root.rpartition("@")[2] for root in both["roots"]] == ["2", "1"]
    assert [root.rpartition("@")[2] for root in one["roots"]] == ["1"]
    assert not cut["made_from"]["truncated"]
    assert names(cut["made_from"]) == ["x.csv", AGENT]


async def test_others_runs_with_a_public_file_are_nobodys_business(stage: Stage, me: str) -> None:
    shared = InputFile(name=f"{me}.csv", scope="public", version=1, sha256="0" * 64)
    async with stage.client() as anybody:
        await anybody.put(f"/runtime/library/files/{me}.csv", content=b"x")
    await later_run(stage, "somebody-else", f"{me}-else", shared, "their.md")
    await later_run(stage, me, f"{me}-own", shared, "mine.md")
    async with stage.client(me) as client:
        found = await lineage_of(client, f"/runtime/library/files/{me}.csv")
        assert names(found["used_by"]) == [f"{me}.csv", AGENT, "mine.md"]
        assert found["used_by"]["nodes"][0]["scope"] == "public"
        theirs = await client.get(f"/runtime/artifacts/{me}-else/files/their.md/lineage")
        assert theirs.status_code == 404
