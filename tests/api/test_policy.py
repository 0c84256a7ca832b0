"""/runtime/policy as it is served: what is shown, what is refused, and that every change is an event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
import pytest_asyncio

from raro.api import policy_answers as answers
from raro.commands.aggregates import Caller
from raro.commands.policy import PolicyCommands, Proposed, rule_histories
from tests.api.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULE = '[[rule]]\nid = "{}"\ntrigger = "ToolCall"\naction = "block"\n'
POLICY = "/runtime/policy"


@pytest_asyncio.fixture(loop_scope="module")
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """Ada, who begins with an empty rules file."""
    async with stage.client("ada") as client:
        (await client.put(f"{POLICY}/rules", json={"toml": "", "reason": "begin"})).raise_for_status()
        yield client


class Writes:
    """A model that writes one rule."""

    def __init__(self, toml: str) -> None:
        self._toml = toml

    async def ask(self, system: str, prompt: str, schema: Mapping[str, Any]) -> Any:
        """The rule."""
        return {"toml": self._toml}


async def _proposed(stage: Stage, rule_id: str) -> Proposed:
    """A proposal on the log, as another process with a model would leave it."""
    elsewhere = PolicyCommands(
        rule_histories(stage.raro.core.log), stage.raro.core.rules, lambda: Writes(RULE.format(rule_id))
    )
    return await elsewhere.propose(Caller("bob", "user:bob"), f"make {rule_id}")


async def _state(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = (await client.get(POLICY)).raise_for_status().json()
    answers.PolicyState.model_validate(answer)
    state: dict[str, Any] = answer
    return state


def _active(state: Mapping[str, Any]) -> set[str]:
    return {rule["id"] for rule in state["rules"] if rule["active"]}


async def test_the_defaults_are_shown_with_their_conditions(stage: Stage, client: httpx.AsyncClient) -> None:
    state = await _state(client)
    assert state["path"] == str(stage.storage / "rules.toml")
    assert (state["text"], state["fault"], state["proposals"], state["can_propose"]) == ("", None, [], False)
    shown = {rule["id"]: rule for rule in state["rules"]}
    assert shown["no-disguised-scripts"]["when"] == {"content": ["script"]}
    assert ".py" in shown["no-disguised-scripts"]["unless"]["extension"]
    assert {rule["source"] for rule in state["rules"]} == {"default"}


async def test_a_text_is_put_into_force_and_recorded_with_who_and_why(client: httpx.AsyncClient) -> None:
    before = await _state(client)
    body = {"toml": RULE.format("mine"), "reason": "we agreed", "text_sha256": before["text_sha256"]}
    done = (await client.put(f"{POLICY}/rules", json=body)).raise_for_status()
    assert int(done.headers["raro-seq"]) == done.json()["seq"]
    state = await _state(client)
    assert _active(state) == _active(before) | {"mine"}
    assert state["changes"][0]["actor"] == "user:ada"
    assert state["changes"][0]["reason"] == "we agreed"
    assert state["changes"][0]["sha256"] == state["sha256"] != before["sha256"]
    stale = await client.put(f"{POLICY}/rules", json=body)
    assert (stale.status_code, stale.json()["code"]) == (409, "wrong_state")


async def test_a_text_with_mistakes_is_refused_with_every_line(client: httpx.AsyncClient) -> None:
    refused = await client.put(f"{POLICY}/rules", json={"toml": "a = 1\n\nb = 2"})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_rules")
    assert [fault["line"] for fault in refused.json()["faults"]] == [1, 3]
    assert (await _state(client))["text"] == ""


async def test_a_text_is_checked_without_any_change(client: httpx.AsyncClient) -> None:
    before = await _state(client)
    good = (await client.post(f"{POLICY}/check", json={"toml": RULE.format("x")})).raise_for_status().json()
    bad = (await client.post(f"{POLICY}/check", json={"toml": "\n[[rule]]\nid = 7"})).raise_for_status().json()
    assert answers.PolicyCheck.model_validate(good).rules[-1].id == "x"
    assert (good["ok"], bad["ok"], bad["rules"]) == (True, False, [])
    assert [fault["line"] for fault in bad["faults"]] == [3, 2, 2]
    assert await _state(client) == before


async def test_a_rule_is_taken_out_and_a_default_switched_off(client: httpx.AsyncClient) -> None:
    await client.put(f"{POLICY}/rules", json={"toml": RULE.format("mine")})
    for rule_id in ("mine", "no-deletion"):
        (await client.delete(f"{POLICY}/rules/{rule_id}", params={"reason": "in the way"})).raise_for_status()
    state = await _state(client)
    assert not {"mine", "no-deletion"} & _active(state)
    assert [rule["active"] for rule in state["rules"] if rule["id"] == "no-deletion"] == [False]
    again = await client.delete(f"{POLICY}/rules/no-deletion")
    gone = await client.delete(f"{POLICY}/rules/mine")
    assert [(one.status_code, one.json()["code"]) for one in (again, gone)] == [
        (409, "wrong_state"),
        (404, "rule_not_found"),
    ]


async def test_a_default_is_switched_on_again(client: httpx.AsyncClient) -> None:
    await client.delete(f"{POLICY}/rules/no-deletion")
    restore = f"{POLICY}/rules/no-deletion/restore"
    (await client.post(restore, json={"reason": "needed"})).raise_for_status()
    state = await _state(client)
    assert "no-deletion" in _active(state)
    assert state["changes"][0]["reason"] == "needed"
    assert (await client.post(restore)).status_code == 409
    assert (await client.post(f"{POLICY}/rules/nothing/restore")).status_code == 404


async def test_a_proposal_is_shown_and_accepted(stage: Stage, client: httpx.AsyncClient) -> None:
    made = await _proposed(stage, "wished")
    state = await _state(client)
    assert [row["proposal_id"] for row in state["proposals"]] == [made.proposal_id]
    assert state["proposals"][0]["proposed_by"] == "user:bob"
    assert (state["proposals"][0]["rule"]["id"], state["proposals"][0]["faults"]) == ("wished", [])
    assert "wished" not in _active(state)
    accept = f"{POLICY}/proposals/{made.proposal_id}/accept"
    (await client.post(accept, json={"reason": "good"})).raise_for_status()
    state = await _state(client)
    assert ("wished" in _active(state), state["proposals"]) == (True, [])
    assert state["changes"][0]["proposal_id"] == made.proposal_id
    assert (await client.post(accept)).status_code == 409


async def test_a_proposal_is_rejected(stage: Stage, client: httpx.AsyncClient) -> None:
    made = await _proposed(stage, "unwished")
    (await client.post(f"{POLICY}/proposals/{made.proposal_id}/reject", json={"reason": "no"})).raise_for_status()
    state = await _state(client)
    assert ("unwished" in _active(state), state["proposals"]) == (False, [])


async def test_a_proposal_that_no_longer_fits_says_why(stage: Stage, client: httpx.AsyncClient) -> None:
    made = await _proposed(stage, "late")
    await client.put(f"{POLICY}/rules", json={"toml": RULE.format("late")})
    (row,) = (await _state(client))["proposals"]
    assert (row["faults"][0]["line"], "already" in row["faults"][0]["message"]) == (2, True)
    refused = await client.post(f"{POLICY}/proposals/{made.proposal_id}/accept")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_rules")
    await client.post(f"{POLICY}/proposals/{made.proposal_id}/reject")


@pytest.mark.parametrize(
    "sentence", ["", "   ", "x" * 2001, None, 5], ids=["empty", "blank", "too long", "none", "a number"]
)
async def test_what_is_no_sentence_is_refused(client: httpx.AsyncClient, sentence: Any) -> None:
    refused = await client.post(f"{POLICY}/compile", json={"sentence": sentence})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


async def test_half_a_pair_of_a_character_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    for path, body in (("compile", b'{"sentence": "\\ud800"}'), ("check", b'{"toml": "\\ud800"}')):
        refused = await client.post(f"{POLICY}/{path}", content=body, headers=headers)
        assert refused.status_code == 422, refused.text


async def test_rules_are_tried_on_a_call_a_file_and_a_failure(client: httpx.AsyncClient) -> None:
    async def tried(**situation: Any) -> tuple[str | None, list[str]]:
        answer = (await client.post(f"{POLICY}/try", json=situation)).raise_for_status().json()
        trial = answers.PolicyTrial.model_validate(answer)
        decided = trial.decision.action if trial.decision else None
        return decided, [verdict.rule_id for verdict in trial.verdicts]

    code = {"code": "import os\nos.remove('x')"}
    assert await tried(trigger="ToolCall", tool="execute_python", args=code) == ("block", ["no-deletion"])
    assert await tried(trigger="FileGenerated", path="a.txt", content="#!/bin/sh\n") == (
        "block",
        ["no-executable-content"],
    )
    assert await tried(trigger="AgentFailed", code="x") == ("request_approval", ["ask-on-failure"])
    assert await tried(trigger="FileGenerated", path="a.csv", content="a,b") == (None, [])
    toml = 'switched_off = ["ask-on-failure"]'
    assert await tried(trigger="AgentFailed", code="x", toml=toml) == (None, [])


async def test_trying_rules_with_a_mistake_names_it(client: httpx.AsyncClient) -> None:
    refused = await client.post(f"{POLICY}/try", json={"trigger": "AgentFailed", "toml": "x = 1"})
    assert (refused.status_code, refused.json()["faults"][0]["line"]) == (422, 1)


async def test_a_mistake_made_by_hand_is_shown_and_the_rules_from_before_stay(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    await client.put(f"{POLICY}/rules", json={"toml": RULE.format("good")})
    (stage.storage / "rules.toml").write_text(RULE.format("bad") + "oops = 1\n")
    state = await _until(client, lambda state: state["fault"] is not None)
    assert state["fault"]["line"] == 5
    assert state["text"] == RULE.format("bad") + "oops = 1\n"
    assert ("good" in _active(state), "bad" in _active(state)) == (True, False)
    health = (await client.get("/health")).json()
    assert (health["state"], health["parts"]["rules"]["line"]) == ("degraded", 5)
    refused = await client.delete(f"{POLICY}/rules/good")
    assert (refused.status_code, refused.json()["code"], refused.json()["line"]) == (409, "wrong_state", 5)
    (stage.storage / "rules.toml").write_text(RULE.format("better"))
    state = await _until(client, lambda state: state["changes"][0]["actor"] == "system")
    assert ("better" in _active(state), state["fault"]) == (True, None)
    assert state["changes"][0]["reason"] == "rules.toml was edited"


async def _until(client: httpx.AsyncClient, holds: Any) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while not holds(state := await _state(client)):
            await asyncio.sleep(0.05)
    return state
