"""Changes a rules file as a person would: adds or takes out a rule, switches defaults off and on; the rest stays as is.

Every change is read back: when it says something else than was wanted (a way of writing TOML that is not foreseen
here), it is refused and the person is asked to edit the file.
"""

from __future__ import annotations

import json

from raro.agents.policy.places import Places
from raro.agents.policy.reading import RuleFault, bad_rules, parsed_file
from raro.agents.policy.rule_file import RuleFile

_BY_HAND = "the file is written in a way that cannot be changed safely; edit it by hand."


def with_rule(text: str, rule: str, remark: str) -> str:
    """The text with one more rule at its end, under a remark. Raises BadRules."""
    before, _ = parsed_file(text)
    added, _ = parsed_file(rule)
    line = "".join(char if char.isprintable() else " " for char in remark)
    changed = f"{text.rstrip()}\n\n# {line}\n{rule.strip()}\n".lstrip("\n")
    return _checked(changed, before.model_copy(update={"rule": (*before.rule, *added.rule)}))


def without_rule(text: str, rule_id: str) -> str:
    """The text without a rule of its own, and without the remark right above it. Raises BadRules."""
    before, places = parsed_file(text)
    number = [entry.id for entry in before.rule].index(rule_id)
    lines = text.split("\n")
    start, end = _block(lines, places, number)
    rest = tuple(entry for entry in before.rule if entry.id != rule_id)
    return _checked("\n".join(lines[:start] + lines[end:]), before.model_copy(update={"rule": rest}))


def with_switched_off(text: str, rule_id: str) -> str:
    """The text with one more default rule switched off. Raises BadRules."""
    before, places = parsed_file(text)
    return _with_off(text, before, places, (*before.switched_off, rule_id))


def with_switched_on(text: str, rule_id: str) -> str:
    """The text in which a default rule is switched off no longer. Raises BadRules."""
    before, places = parsed_file(text)
    return _with_off(text, before, places, tuple(name for name in before.switched_off if name != rule_id))


def _with_off(text: str, before: RuleFile, places: Places, off: tuple[str, ...]) -> str:
    line = f"switched_off = [{', '.join(map(json.dumps, off))}]"
    if span := places.spans.get(("switched_off",)):
        changed = text[: span[0]] + line + text[span[1] :]
    else:
        changed = f"{line}\n\n{text}" if text.strip() else f"{line}\n"
    return _checked(changed, before.model_copy(update={"switched_off": off}))


def _block(lines: list[str], places: Places, number: int) -> tuple[int, int]:
    """The first line of a rule's tables and of its remark, and the line behind them, counted from 0."""
    mine = [index for index, (path, _) in enumerate(places.tables) if path[:2] == ("rule", number)]
    if not mine or mine != list(range(mine[0], mine[-1] + 1)):
        raise bad_rules([RuleFault(_BY_HAND)])
    start = _above_remark(lines, places.tables[mine[0]][1] - 1)
    following = places.tables[mine[-1] + 1 :]
    return start, _above_remark(lines, following[0][1] - 1) if following else len(lines)


def _above_remark(lines: list[str], index: int) -> int:
    while index > 0 and lines[index - 1].lstrip().startswith("#"):
        index -= 1
    return index


def _checked(text: str, wanted: RuleFile) -> str:
    changed, places = parsed_file(text)
    if changed != wanted:
        raise bad_rules([RuleFault(_BY_HAND, places.line_of(("rule",)))])
    return text
