"""Rules made of sentences: only what a person's own file could say is let through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from raro.agents.conversation import ModelFailed
from raro.agents.policy import rules_of
from raro.agents.policy.proposing import MAX_RULE_BYTES, SYSTEM, rule_from
from raro.agents.policy.rule_file import CONDITIONS, CONTENTS, ArgPattern
from raro.errors import ModelUnavailable, NoRuleMade

RULE = '[[rule]]\nid = "mine"\ntrigger = "ToolCall"\naction = "block"\n'
TAKEN = RULE.replace("mine", "no-deletion")


class Answers:
    """A model that says what it was given to say, and keeps what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def ask(self, system: str, prompt: str, schema: Mapping[str, Any]) -> Any:
        """The next answer; an exception is raised."""
        self.asked.append(prompt)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_rule_is_made_of_a_sentence() -> None:
    answers = Answers({"toml": f"\n{RULE}\n\n"})
    assert await rule_from(answers, "block all", "") == RULE
    assert "block all" in answers.asked[0]
    assert "no-deletion" in answers.asked[0]


async def test_a_fence_around_it_is_taken_off() -> None:
    assert await rule_from(Answers({"toml": f"```toml\n{RULE}```"}), "x", "") == RULE


async def test_the_model_is_told_its_mistake_once() -> None:
    answers = Answers({"toml": TAKEN}, {"toml": RULE})
    assert await rule_from(answers, "x", "") == RULE
    assert "line 2: there is a rule 'no-deletion' already" in answers.asked[1]
    assert TAKEN in answers.asked[1]


NONSENSE: list[Any] = [
    None, "no", 7, [], {}, {"toml": None}, {"toml": ""}, {"toml": ["a"]}, {"toml": "hello"}, {"toml": RULE * 2},
    {"toml": "# nothing"}, {"toml": 'switched_off = ["no-deletion"]\n' + RULE}, {"toml": RULE + "#" * MAX_RULE_BYTES},
    {"toml": "a" + ".a" * 8000}, {"toml": "\ud800"}, {"toml": RULE + "x = 1"}, {"toml": RULE.replace("mine", "a b")},
]  # fmt: skip


@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
async def test_nonsense_is_refused_after_two_tries_with_reasons(answer: Any) -> None:
    answers = Answers(answer, answer)
    with pytest.raises(NoRuleMade, match="made no rule") as refused:
        await rule_from(answers, "x", "")
    assert len(answers.asked) == 2
    assert refused.value.detail["faults"]


async def test_a_rule_whose_id_the_file_has_is_refused() -> None:
    with pytest.raises(NoRuleMade, match="line 2: there is a rule 'mine' already"):
        await rule_from(Answers({"toml": RULE}, {"toml": RULE}), "x", RULE)


async def test_a_model_that_fails_is_told_as_such() -> None:
    with pytest.raises(ModelUnavailable, match="over quota") as failed:
        await rule_from(Answers(ModelFailed("rate_limited", "over quota.")), "x", "")
    assert failed.value.detail == {"reason": "rate_limited"}


def test_the_model_is_told_everything_that_a_rule_can_say() -> None:
    words = [*CONTENTS, *ArgPattern.model_fields, *(name for names in CONDITIONS.values() for name in names)]
    assert [word for word in words if word not in SYSTEM] == []
    rules_of(SYSTEM[SYSTEM.index("[[rule]]\nid") :])
