"""Commands on the rules, against a real log and a real file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from raro.agents.policy.book import RuleBook
from raro.commands.aggregates import Caller
from raro.commands.policy import PolicyCommands, rule_histories, text_sha256
from raro.errors import BadRules, ModelNeeded, ProposalNotFound, RuleNotFound, StorageFault, WrongState
from raro.events.log import EventLog
from raro.events.subjects import SYSTEM_CLIENT

RULE = '[[rule]]\nid = "{}"\ntrigger = "ToolCall"\naction = "block"\n'
ADA = Caller("acme", "user:ada")


class Writes:
    """A model that writes the same rule every time, and counts."""

    def __init__(self, toml: str) -> None:
        self._toml = toml
        self.asked = 0

    async def ask(self, system: str, prompt: str, schema: Mapping[str, Any]) -> Any:
        """The rule."""
        self.asked += 1
        return {"toml": self._toml}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rules.toml"


@pytest.fixture
def model() -> Writes:
    return Writes(RULE.format("mine"))


@pytest.fixture
def rules(log: EventLog, path: Path, model: Writes) -> PolicyCommands:
    return PolicyCommands(rule_histories(log), RuleBook(path), lambda: model)


async def _said(log: EventLog) -> list[tuple[str, str, dict[str, Any]]]:
    """Every event of the rules: its name, who, and what it says beside the hash and ids."""
    history = await log.read_aggregate(SYSTEM_CLIENT, "system", "rules")
    return [
        (one.event.type.split(".")[2], one.event.actor, one.event.data.model_dump(exclude={"sha256", "rules", "toml"}))
        for one in history.events
    ]


def _in_force(rules: PolicyCommands, rule_id: str) -> bool:
    return rule_id in rules.book.current().ids


async def test_a_proposed_rule_is_in_force_only_when_it_is_accepted(
    rules: PolicyCommands, log: EventLog, path: Path
) -> None:
    proposed = await rules.propose(ADA, "block\nall")
    assert not _in_force(rules, "mine")
    assert not path.exists()
    await rules.accept(Caller("acme", "user:bob"), proposed.proposal_id, "good")
    assert _in_force(rules, "mine")
    assert path.read_text() == f"# block all ({proposed.proposal_id}, accepted by user:bob)\n{RULE.format('mine')}"
    assert await _said(log) == [
        (
            "rule_proposed",
            "user:ada",
            {"proposal_id": proposed.proposal_id, "sentence": "block\nall", "client_id": "acme"},
        ),
        ("rules_changed", "user:bob", {"reason": "good", "proposal_id": proposed.proposal_id}),
    ]


async def test_a_rejected_rule_never_comes_into_force(rules: PolicyCommands, log: EventLog, path: Path) -> None:
    proposed = await rules.propose(ADA, "block all")
    await rules.reject(ADA, proposed.proposal_id, "too much")
    with pytest.raises(WrongState, match="was rejected already"):
        await rules.accept(ADA, proposed.proposal_id)
    assert not path.exists()
    assert (await _said(log))[-1] == (
        "rule_rejected",
        "user:ada",
        {"proposal_id": proposed.proposal_id, "reason": "too much"},
    )


async def test_without_a_model_nothing_is_proposed(log: EventLog, path: Path) -> None:
    rules = PolicyCommands(rule_histories(log), RuleBook(path))
    with pytest.raises(ModelNeeded, match="no key"):
        await rules.propose(ADA, "x")
    assert await _said(log) == []


async def test_a_repeated_key_asks_the_model_once_and_accepts_once(rules: PolicyCommands, model: Writes) -> None:
    keyed = Caller("acme", "user:ada", "key")
    first, again = await rules.propose(keyed, "x"), await rules.propose(keyed, "x")
    assert (first, model.asked) == (again, 1)
    accepted = [await rules.accept(keyed, first.proposal_id) for _ in range(2)]
    assert accepted[0] == accepted[1]
    assert rules.book.standing().text.count("[[rule]]") == 1


async def test_of_many_who_accept_at_once_one_does(rules: PolicyCommands) -> None:
    proposed = await rules.propose(ADA, "x")
    done = await asyncio.gather(*(rules.accept(ADA, proposed.proposal_id) for _ in range(5)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Done", *["WrongState"] * 4]
    assert rules.book.standing().text.count("[[rule]]") == 1


async def test_a_rule_that_no_longer_fits_is_not_accepted(rules: PolicyCommands, log: EventLog) -> None:
    proposed = await rules.propose(ADA, "x")
    await rules.replace(ADA, RULE.format("mine"))
    with pytest.raises(BadRules, match="used twice"):
        await rules.accept(ADA, proposed.proposal_id)
    assert [pending.proposed.proposal_id for pending in (await rules.history()).pending] == [proposed.proposal_id]


async def test_what_was_not_proposed_cannot_be_accepted(rules: PolicyCommands) -> None:
    with pytest.raises(ProposalNotFound):
        await rules.accept(ADA, "rule-0")


async def test_a_text_with_a_mistake_changes_nothing(rules: PolicyCommands, log: EventLog, path: Path) -> None:
    await rules.replace(ADA, RULE.format("a"))
    with pytest.raises(BadRules, match="line 5"):
        await rules.replace(ADA, RULE.format("b") + "x = 1")
    assert (path.read_text(), len(await _said(log))) == (RULE.format("a"), 1)


async def test_a_text_made_from_an_older_one_is_refused(rules: PolicyCommands) -> None:
    seen = text_sha256(rules.book.standing().file_text)
    await rules.replace(ADA, RULE.format("a"), sha256=seen)
    with pytest.raises(WrongState, match="read them again"):
        await rules.replace(ADA, RULE.format("b"), sha256=seen)
    assert _in_force(rules, "a")


async def test_rules_are_taken_out_and_defaults_switched_off(rules: PolicyCommands, path: Path) -> None:
    await rules.replace(ADA, RULE.format("a") + RULE.format("b"))
    await rules.remove(ADA, "a")
    await rules.remove(ADA, "no-deletion")
    assert (_in_force(rules, "a"), _in_force(rules, "b"), _in_force(rules, "no-deletion")) == (False, True, False)
    assert path.read_text() == f'switched_off = ["no-deletion"]\n\n{RULE.format("b")}'
    with pytest.raises(WrongState, match="switched off already"):
        await rules.remove(ADA, "no-deletion")
    with pytest.raises(RuleNotFound, match="there are: no-executable-files"):
        await rules.remove(ADA, "a")


async def test_a_default_is_switched_on_again_once(rules: PolicyCommands, path: Path) -> None:
    await rules.remove(ADA, "no-deletion")
    await rules.restore(ADA, "no-deletion", "it was not it")
    assert _in_force(rules, "no-deletion")
    last = (await rules.history()).changes[-1]
    assert (last.actor, last.changed.reason) == ("user:ada", "it was not it")
    with pytest.raises(WrongState, match="switched on already"):
        await rules.restore(ADA, "no-deletion")
    with pytest.raises(RuleNotFound, match="there are: no-executable-files"):
        await rules.restore(ADA, "nothing")


async def test_a_file_with_a_mistake_is_mended_before_it_is_changed(rules: PolicyCommands, path: Path) -> None:
    path.write_text("x = 1\n")
    proposed = await rules.propose(ADA, "x")
    with pytest.raises(WrongState, match="line 1"):
        await rules.accept(ADA, proposed.proposal_id)
    await rules.replace(ADA, "")
    await rules.accept(ADA, proposed.proposal_id)
    assert _in_force(rules, "mine")


async def test_an_edit_by_hand_is_recorded_once(rules: PolicyCommands, log: EventLog, path: Path) -> None:
    assert await rules.note_edits() is None
    path.write_text(RULE.format("a"))
    async with asyncio.timeout(30):
        while await rules.note_edits() is None:
            await asyncio.sleep(0.05)
    assert await rules.note_edits() is None
    assert await _said(log) == [("rules_changed", "system", {"reason": "rules.toml was edited", "proposal_id": None})]


async def test_a_mistake_and_a_remark_are_no_change(rules: PolicyCommands, log: EventLog, path: Path) -> None:
    path.write_text("# only a remark\n")
    assert await rules.note_edits() is None
    path.write_text("x = 1\n")
    async with asyncio.timeout(30):
        while rules.book.fault() is None:
            await asyncio.sleep(0.05)
    assert await rules.note_edits() is None
    assert await _said(log) == []


async def test_a_commanded_change_is_not_recorded_as_an_edit(rules: PolicyCommands, log: EventLog, path: Path) -> None:
    await rules.replace(ADA, RULE.format("a"), "mine")
    assert await rules.note_edits() is None
    another_process = PolicyCommands(rule_histories(log), RuleBook(path))
    assert await another_process.note_edits() is None
    assert [actor for _, actor, _ in await _said(log)] == ["user:ada"]


async def test_a_change_that_a_crash_cut_off_is_put_right(rules: PolicyCommands, log: EventLog, path: Path) -> None:
    await rules.replace(ADA, RULE.format("a"))
    # As a kill between the event and the file leaves it: the file is still the old one.
    path.unlink()
    again = PolicyCommands(rule_histories(log), RuleBook(path))
    assert await again.note_edits() is not None
    changes = (await again.history()).changes
    assert changes[-1].changed.rules == again.book.current().ids


async def test_a_file_that_cannot_be_written_is_told_and_nothing_is_recorded(log: EventLog, tmp_path: Path) -> None:
    rules = PolicyCommands(rule_histories(log), RuleBook(tmp_path / "gone" / "rules.toml"))
    with pytest.raises(StorageFault):
        await rules.replace(ADA, RULE.format("a"))
    assert await _said(log) == []
