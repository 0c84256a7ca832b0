"""/openapi.json: whole, stable, and true of what is answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from raro.api import answers
from raro.events.shapes import WorkflowConfig
from tests.api.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Clients are generated from these names: a change breaks them.
OPERATIONS = {
    "list_library", "upload_files", "put_file", "get_file", "delete_file", "list_versions", "link_file", "unlink_file",
    "restore_file", "start_run", "plan_run", "list_templates", "list_runs", "get_state", "stop_run", "pause_run",
    "resume_run",
    "get_policy", "compile_rule", "accept_rule", "reject_rule", "put_rules", "delete_rule", "restore_rule",
    "check_rules", "try_rules",
    "list_approvals", "decide_approval", "decide_approvals", "puppet_agent", "answer_for_agent", "get_turn_prompt",
    "get_agent_output", "get_session_file", "get_run_text", "get_run_report",
    "preview_file", "preview_artifact", "list_artifacts", "clear_artifacts", "get_run_artifacts",
    "delete_run_artifacts", "restore_run_artifacts", "get_archive", "get_artifact", "delete_artifact", "get_lineage",
    "get_library_lineage",
    "list_artifact_versions", "promote_artifact", "pin_artifact", "unpin_artifact", "restore_artifact", "stream_views",
    "list_events", "export_events", "get_event", "verify_log", "prove_event", "export_proof", "get_crate",
    "replay", "diff_points", "diff_runs",
    "list_reports", "get_schema", "run_sql", "get_report", "get_health", "get_ready", "get_metrics",
}  # fmt: skip


async def _schema(stage: Stage) -> dict[str, Any]:
    async with stage.client() as client:
        found: dict[str, Any] = (await client.get("/openapi.json")).json()
        return found


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == "$ref" and isinstance(value, str))
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _references(item)


async def test_every_operation_has_its_stable_name_and_says_what_it_does(stage: Stage) -> None:
    operations = list(_operations(await _schema(stage)))
    assert {operation["operationId"] for _, _, operation in operations} == OPERATIONS
    assert all(operation["description"] and operation["tags"] for _, _, operation in operations)


async def test_an_operation_id_is_used_once(stage: Stage) -> None:
    names = [operation["operationId"] for _, _, operation in _operations(await _schema(stage))]
    assert len(names) == len(set(names)), sorted({name for name in names if names.count(name) > 1})


async def test_every_reference_leads_somewhere(stage: Stage) -> None:
    schema = await _schema(stage)
    for reference in set(_references(schema)):
        node: Any = schema
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


async def test_every_operation_documents_its_problems(stage: Stage) -> None:
    for path, method, operation in _operations(await _schema(stage)):
        for status in ("400", "404", "409", "422", "503"):
            content = operation["responses"][status]["content"]
            assert "application/problem+json" in content, (method, path, status)


async def test_answers_fit_the_models_that_document_them(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"a.txt": b"a"})

    def fits(answer: httpx.Response, model: type[answers.Answer] | type[WorkflowConfig]) -> None:
        model.model_validate(answer.raise_for_status().json())

    async with stage.client(me) as client:
        file, artifact = "/runtime/library/files/a.txt", f"/runtime/artifacts/{run_id}/files/a.txt"
        await client.put(file, content=b"a")
        fits(await client.get("/runtime/library"), answers.LibraryListing)
        fits(await client.post("/runtime/library/upload", files={"f": ("b.txt", b"b")}), answers.UploadAnswer)
        fits(await client.put(f"{file}/link"), answers.Done)
        fits(await client.delete(f"{file}/link"), answers.Done)
        fits(await client.delete(file), answers.Done)
        fits(await client.post(f"{file}/restore"), answers.Done)
        fits(await client.post("/runtime/plan", json={"directive": "x", "attached_files": ["a.txt"]}), WorkflowConfig)
        fits(await client.get("/runtime/artifacts"), answers.ArtifactListing)
        fits(await client.get(f"/runtime/artifacts/{run_id}"), answers.RunArtifacts)
        fits(await client.post(f"{artifact}/pin"), answers.Done)
        fits(await client.post(f"{artifact}/unpin"), answers.Done)
        fits(await client.post(f"{artifact}/promote", params={"as": "kept.txt"}), answers.Saved)
        fits(await client.delete(artifact), answers.Done)
        fits(await client.post(f"{artifact}/restore"), answers.Done)
        fits(await client.get(f"/runtime/{run_id}/artifact/analyze_it"), answers.AgentOutput)
        fits(await client.get("/audit/events"), answers.EventPage)
        fits(
            await client.post("/runtime/artifacts/clear", json={"older_than_hours": 0, "dry_run": True}),
            answers.ClearAnswer,
        )
        fits(await client.post("/runtime/start", json={"directive": "x"}), answers.RunStarted)
        fits(await client.delete(f"/runtime/artifacts/{run_id}"), answers.Done)
        fits(await client.post(f"/runtime/artifacts/{run_id}/restore"), answers.Done)


async def test_the_same_fields_in_every_place_an_artifact_shows(stage: Stage, me: str) -> None:
    run_id = await stage.run(me, {"a.txt": b"a"})
    async with stage.client(me) as client:
        listed = (await client.get("/runtime/artifacts")).json()["artifacts"][0]["metadata"]
        one = (await client.get(f"/runtime/artifacts/{run_id}")).json()["metadata"]
    assert listed == one
    assert set(one["artifacts"][0]) >= {
        "filename", "agent_id", "generated_at", "size_bytes", "content_type", "sha256", "version",
    }  # fmt: skip


async def test_pages_follow_one_another_without_gap_or_repetition(stage: Stage, me: str) -> None:
    for _ in range(3):
        await stage.run(me, {f"{number}.txt": b"x" for number in range(7)})
    async with stage.client(me) as client:
        for sort in ("date", "agent", "type"):
            found, cursor = [], None
            while True:
                params = {"limit": 4, "sort": sort} | ({"cursor": cursor} if cursor else {})
                page = (await client.get("/runtime/artifacts", params=params)).json()
                found += [
                    (run["run_id"], row["filename"])
                    for run in page["artifacts"]
                    for row in run["metadata"]["artifacts"]
                ]
                cursor = page["next"]
                if cursor is None:
                    break
            assert len(found) == len(set(found)) == 21
        events: list[int] = []
        page = {"next": 0}
        while page["next"] is not None:
            page = (await client.get("/audit/events", params={"after": page["next"], "limit": 10})).json()
            events += [event["seq"] for event in page["events"]]
        assert events == sorted(set(events))
        assert len(events) == 3 * 12


async def test_metrics_are_in_the_text_format(stage: Stage) -> None:
    async with stage.client() as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    for line in answer.text.splitlines():
        if not line.startswith("# TYPE "):
            name, _, value = line.rpartition(" ")
            assert name.startswith("raro_")
            float(value)
