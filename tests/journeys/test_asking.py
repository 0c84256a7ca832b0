"""Runs that ask people, grow their graph and are answered for by a person, as an operator meets them over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.journeys.conftest import Server, ended, events_of, kinds, scripted, state, wait_for

Make = Callable[..., Server]
CALL = {"text": "on it", "tool_calls": [{"name": "write_file", "args": {"path": "a.md", "content": "# A"}}]}
DONE = {"text": "done", "final": True}
FAIL = {"fail": {"code": "model_unavailable", "message": "it is away"}}
DISGUISED = (
    "open('output/data.csv', 'wb').write(b'MZ' + bytes(200)); open('output/fine.csv', 'w').write('a,b\\n1,2\\n')"
)
LEADING = {
    "text": "others help",
    "tool_calls": [
        {"name": "delegate_agent", "args": {"agent_id": "analyze_costs", "prompt": "look at the costs"}},
        {"name": "delegate_agent", "args": {"agent_id": "master_two", "prompt": "rule"}},
        {"name": "prune_agent", "args": {"agent_id": "analyze_spare"}},
        {"name": "graft_dependency", "args": {"agent_id": "writer_end", "depends_on": ["writer_end"]}},
    ],
}
SCRIPT: dict[str, Any] = {
    "writer_fails_late": [CALL, FAIL],
    "writer_fails": [FAIL],
    "analyze_disguised": [
        {"text": "x", "tool_calls": [{"name": "execute_python", "args": {"code": DISGUISED}}]},
        DONE,
    ],
    "master_lead": [LEADING, DONE],
    "writer_puppet": [DONE],
    "writer_plain": [CALL, DONE],
    "writer_costly": [{**CALL, "tokens_in": 60, "tokens_out": 40}, DONE],
    "*": [{**DONE, "text": "I looked"}],
}


@pytest.fixture
def play(make_server: Make, tmp_path: Path) -> Callable[..., Server]:
    """A server whose agents follow a script, under these rules."""

    def make(agents: dict[str, Any], rules: str = "", **env: str) -> Server:
        return make_server(**scripted(tmp_path, {"agents": agents}, rules), **env)

    return make


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose agents follow one script without rules of ours, shared by tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("asking")
    with Server(folder / "storage", scripted(folder, {"agents": SCRIPT})) as server:
        yield server


@pytest.fixture
def caller(shared: Server, me: str) -> Iterator[httpx.Client]:
    """A client of the test's own there."""
    with shared.client(me) as client:
        yield client


def start(client: httpx.Client, *agents: dict[str, Any], **workflow: Any) -> str:
    answer = client.post("/runtime/start", json={"agents": list(agents), "directive": "do it", **workflow})
    assert answer.status_code == 200, answer.text
    run_id: str = answer.json()["run_id"]
    return run_id


def asked(client: httpx.Client, run_id: str, count: int = 1) -> list[dict[str, Any]]:
    """What the run waits for."""

    def look() -> list[dict[str, Any]] | None:
        answer = client.get("/runtime/approvals", params={"status": "pending", "run_id": run_id})
        rows: list[dict[str, Any]] = answer.json()["approvals"]
        return rows if len(rows) == count else None

    found: list[dict[str, Any]] = wait_for(look)
    return found


def decide(client: httpx.Client, run_id: str, decision: str, *rows: dict[str, Any], note: str = "") -> httpx.Response:
    ids = [row["approval_id"] for row in rows]
    body = {"approval_ids": ids, "decision": decision, "note": note}
    return client.post(f"/runtime/{run_id}/approvals", json=body)


ASK_FOR_WRITING = """
[[rule]]
id = "ask-for-writing"
description = "A person allows what is written."
trigger = "ToolCall"
action = "request_approval"
reason = "{agent} wants to write"
[rule.when]
tool = "write_file"
"""


def test_calls_of_a_turn_are_asked_about_together_and_wait_through_a_restart(play: Callable[..., Server]) -> None:
    both = {
        "text": "two",
        "tool_calls": [*CALL["tool_calls"], {"name": "write_file", "args": {"path": "b.md", "content": "B"}}],
    }
    server = play({"writer_x": [both, DONE]}, ASK_FOR_WRITING)
    with server.client() as client:
        run_id = start(client, {"id": "writer_x"})
        first, second = asked(client, run_id, 2)
        assert first["batch"] == second["batch"]
        assert first["subject"]["args"] == {"path": "a.md", "content": "# A"}
        assert first["rule_id"] == "ask-for-writing"
        assert state(client, run_id)["status"] == "awaitingapproval"
    server.kill()
    server.start()
    with server.client() as client:
        rows = asked(client, run_id, 2)
        answer = decide(client, run_id, "allow", rows[0])
        assert answer.status_code == 200, answer.text
        assert decide(client, run_id, "deny", rows[0]).json()["code"] == "wrong_state"
        assert decide(client, run_id, "deny", rows[1], note="not this one").status_code == 200
        assert ended(client, run_id)["status"] == "completed"
        events = events_of(client, run_id)
        returned = [event["data"] for event in events if event["subject"].endswith("tool_returned")]
        assert [(data["ok"], data["code"]) for data in returned] == [(True, None), (False, "denied")]
        assert "not this one" in returned[1]["result"]
        granted = next(event for event in events if event["subject"].endswith("approval_granted"))
        assert granted["actor"] == "user:acme"


def test_nobody_deciding_in_time_is_a_no(play: Callable[..., Server]) -> None:
    server = play({"writer_x": [CALL, DONE]}, ASK_FOR_WRITING, RARO_APPROVAL_TIMEOUT_S="1")
    with server.client() as client:
        run_id = start(client, {"id": "writer_x"})
        assert ended(client, run_id)["status"] == "completed"
        (row,) = client.get("/runtime/approvals", params={"run_id": run_id}).json()["approvals"]
        assert (row["status"], row["timed_out"], row["decided_by"]) == ("denied", True, "system")


def test_a_failure_asks_and_retry_goes_on_where_it_was(caller: httpx.Client) -> None:
    run_id = start(caller, {"id": "writer_fails_late"}, {"id": "analyze_y", "depends_on": ["writer_fails_late"]})
    (row,) = asked(caller, run_id)
    assert (row["kind"], row["options"]) == ("agent_failed", ["retry", "skip", "abort"])
    assert decide(caller, run_id, "allow", row).json()["code"] == "bad_decision"
    assert decide(caller, run_id, "retry", row, note="once more").status_code == 200
    (row,) = asked(caller, run_id)
    assert decide(caller, run_id, "skip", row).status_code == 200
    final = ended(caller, run_id)
    assert final["status"] == "completed"
    writer = next(agent for agent in final["agents"] if agent["agent_id"] == "writer_fails_late")
    assert (writer["status"], writer["attempt"]) == ("skipped", 2)


def test_abort_fails_the_run_and_says_why(caller: httpx.Client) -> None:
    run_id = start(caller, {"id": "writer_fails"})
    (row,) = asked(caller, run_id)
    decide(caller, run_id, "abort", row, note="enough")
    final = ended(caller, run_id)
    assert (final["status"], final["code"]) == ("failed", "agent_model_unavailable")
    unattended = start(caller, {"id": "writer_fails"}, on_failure="fail")
    assert ended(caller, unattended)["status"] == "failed"


def test_an_executable_under_another_name_is_not_kept(caller: httpx.Client) -> None:
    run_id = start(caller, {"id": "analyze_disguised"})
    assert ended(caller, run_id)["status"] == "completed"
    kept = caller.get(f"/runtime/artifacts/{run_id}").json()["metadata"]["artifacts"]
    assert [row["filename"] for row in kept] == ["fine.csv"]
    assert "policy_matched" in kinds(events_of(caller, run_id))


def test_a_file_that_a_person_must_allow_is_kept_only_then(play: Callable[..., Server]) -> None:
    rules = ASK_FOR_WRITING.replace('"ToolCall"', '"FileGenerated"').replace('tool = "write_file"', 'path = "*.md"')
    server = play({"writer_x": [CALL, DONE]}, rules)
    with server.client() as client:
        for decision, kept in (("allow", ["a.md"]), ("deny", [])):
            run_id = start(client, {"id": "writer_x"})
            (row,) = asked(client, run_id)
            assert (row["kind"], row["path"]) == ("file", "a.md")
            assert client.get(f"/runtime/artifacts/{run_id}").json()["metadata"]["artifacts"] == []
            decide(client, run_id, decision, row)
            assert ended(client, run_id)["status"] == "completed"
            files = client.get(f"/runtime/artifacts/{run_id}").json()["metadata"]["artifacts"]
            assert [file["filename"] for file in files] == kept


def test_a_graph_grows_is_pruned_and_refuses_what_would_break_it(caller: httpx.Client) -> None:
    run_id = start(
        caller,
        {"id": "master_lead"},
        {"id": "analyze_spare", "depends_on": ["master_lead"]},
        {"id": "writer_end", "depends_on": ["analyze_spare"]},
    )
    final = ended(caller, run_id)
    assert final["status"] == "completed", final
    agents = {agent["agent_id"]: agent for agent in final["agents"]}
    assert agents["analyze_spare"]["status"] == "pruned"
    assert agents["analyze_costs"]["delegated_by"] == "master_lead"
    assert agents["writer_end"]["depends_on"] == ["master_lead", "analyze_costs"]
    returned = [e["data"] for e in events_of(caller, run_id) if e["subject"].endswith("tool_returned")]
    assert [data["code"] for data in returned] == [None, "master_refused", None, "cyclic"]


def test_a_person_answers_for_an_agent_and_the_log_says_so(caller: httpx.Client, me: str) -> None:
    run_id = start(caller, {"id": "writer_puppet", "model": "puppet"})
    wait_for(lambda: state(caller, run_id)["agents"][0]["status"] == "running")
    path = f"/runtime/{run_id}/agents/writer_puppet/answer"
    assert caller.post(path, json={"turn": 2, "text": "too early"}).json()["code"] == "wrong_state"
    answer = {"turn": 1, "text": "by hand", "tool_calls": CALL["tool_calls"]}
    assert caller.post(path, json=answer).status_code == 200
    wait_for(lambda: "tool_returned" in kinds(events_of(caller, run_id)))
    assert caller.post(path, json={"turn": 2, "text": "that is all", "final": True}).status_code == 200
    assert ended(caller, run_id)["status"] == "completed"
    first = next(e["data"] for e in events_of(caller, run_id) if e["subject"].endswith("agent_turn_completed"))
    assert first["answered_by"] == f"user:{me}"
    assert caller.get(f"/runtime/artifacts/{run_id}").json()["metadata"]["artifacts"][0]["filename"] == "a.md"


def test_the_exact_prompt_of_a_turn_can_be_read_afterwards(caller: httpx.Client) -> None:
    run_id = start(caller, {"id": "writer_plain", "prompt": "write it down"})
    ended(caller, run_id)
    prompt = caller.get(f"/runtime/{run_id}/agents/writer_plain/turns/2/prompt").json()
    assert "write it down" in prompt["briefing"]["opening"]
    assert "write_file" in [tool["name"] for tool in prompt["briefing"]["tools"]]
    assert prompt["request"]["turn"] == 2


def test_no_call_is_made_once_the_tokens_are_used_up(caller: httpx.Client) -> None:
    run_id = start(caller, {"id": "writer_costly"}, max_token_budget=100)
    assert ended(caller, run_id)["code"] == "token_budget_exceeded"
    assert kinds(events_of(caller, run_id)).count("agent_turn_completed") == 1


def test_a_recorded_run_played_again_makes_the_same_calls(play: Callable[..., Server], make_server: Make) -> None:
    long = {**CALL, "tool_calls": [{"name": "write_file", "args": {"path": "long.md", "content": "ä\n" * 30_000}}]}
    server = play({"writer_x": [long, {**DONE, "text": "é" * 9000}]})
    with server.client() as client:
        run_id = start(client, {"id": "writer_x"})
        ended(client, run_id)
        raro = [sys.executable, "-m", "raro.cli", "runs", "record", run_id]
        known = {**os.environ, "RARO_SERVER": server.url, "RARO_CLIENT_ID": "acme"}
        recorded = subprocess.run(raro, capture_output=True, text=True, env=known, check=True).stdout
        probe = [sys.executable, "-m", "raro.cli", "probe", run_id, "writer_x"]
        assert "You are writer_x" in subprocess.run(probe, capture_output=True, text=True, env=known, check=True).stdout
        first = [file["sha256"] for file in client.get(f"/runtime/artifacts/{run_id}").json()["metadata"]["artifacts"]]
    server.stop()
    played = play(yaml.safe_load(recorded)["agents"])
    with played.client() as client:
        again = start(client, {"id": "writer_x"})
        assert ended(client, again)["status"] == "completed"
        files = client.get(f"/runtime/artifacts/{again}").json()["metadata"]["artifacts"]
        assert [file["sha256"] for file in files] == first
