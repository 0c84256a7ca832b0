"""Changing a file of rules: what was asked for is changed, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.agents.policy.editing import with_rule, with_switched_off, with_switched_on, without_rule
from raro.agents.policy.reading import faults_of, parsed_file
from raro.errors import BadRules

FILE = """\
# The rules of this machine.
switched_off = [
    "ask-on-failure",  # nobody is here at night
]

# about tables
[[rule]]
id = "a"
trigger = "FileGenerated"
action = "block"
reason = '''
[[rule]]
id = "not a rule"
'''
[rule.when]
extension = ".csv"

# about searches,
# in two lines
[[rule]]
id = "b"
trigger = "ToolCall"
action = "block"
when.tool = "web_search"

# the last
[[rule]]
id = "c"
trigger = "ToolCall"
action = "spawn_agent"
[rule.spawn]
id = "analyze_c"
prompt = "look"
"""


def _ids(text: str) -> list[str]:
    return [entry.id for entry in parsed_file(text)[0].rule]


def test_a_rule_goes_with_all_its_tables_and_its_remark() -> None:
    changed = without_rule(FILE, "a")
    assert _ids(changed) == ["b", "c"]
    assert changed == FILE[: FILE.index("# about tables")] + FILE[FILE.index("# about searches") :]


def test_the_last_rule_goes_too() -> None:
    assert without_rule(FILE, "c").rstrip() == FILE[: FILE.index("# the last")].rstrip()


def test_the_remark_of_the_next_rule_stays() -> None:
    changed = without_rule(FILE, "b")
    assert "# about tables" in changed
    assert "# the last" in changed
    assert "two lines" not in changed


def test_a_rule_is_added_at_the_end_under_a_remark_of_one_line() -> None:
    rule = '[[rule]]\nid = "d"\ntrigger = "ToolCall"\naction = "block"'
    changed = with_rule(FILE, rule, "no\nsuch\x00 thing\u2028= 1")
    assert changed == f"{FILE}\n# no such  thing = 1\n{rule}\n"
    assert without_rule(changed, "d").rstrip() == FILE.rstrip()
    assert with_rule("", rule, "x") == f"# x\n{rule}\n"


def test_a_default_is_switched_off_beside_those_that_are() -> None:
    changed = with_switched_off(FILE, "no-deletion")
    assert parsed_file(changed)[0].switched_off == ("ask-on-failure", "no-deletion")
    assert changed.startswith(
        '# The rules of this machine.\nswitched_off = ["ask-on-failure", "no-deletion"]\n\n# about'
    )
    assert _ids(changed) == ["a", "b", "c"]


def test_a_default_is_switched_off_in_an_empty_file_and_in_front_of_rules() -> None:
    assert with_switched_off("", "no-deletion") == 'switched_off = ["no-deletion"]\n'
    rest = FILE[FILE.index("# about tables") :]
    assert with_switched_off(rest, "no-deletion") == f'switched_off = ["no-deletion"]\n\n{rest}'


def test_a_default_is_switched_on_again_and_all_else_stays() -> None:
    off = with_switched_off(FILE, "no-deletion")
    on = with_switched_on(off, "ask-on-failure")
    assert parsed_file(on)[0].switched_off == ("no-deletion",)
    assert with_switched_on(on, "no-deletion") == on.replace('["no-deletion"]', "[]")


def test_a_rule_that_is_written_inline_is_left_to_a_person() -> None:
    text = 'rule = [{id = "a", trigger = "ToolCall", action = "block"}]'
    with pytest.raises(BadRules) as refused:
        without_rule(text, "a")
    assert "by hand" in faults_of(refused.value)[0].message


_IDS = st.lists(st.sampled_from("abcdef"), unique=True, min_size=1, max_size=6)
_REST = st.sampled_from(["", "when.tool = 'x'", "[rule.when]", "reason = 'is # no [[rule]]'"])
_BETWEEN = st.sampled_from(["", "\n", "# why\n", "\n\n# a\n\n# b\n"])


@given(_IDS, st.data())
def test_taking_any_rule_out_leaves_the_others(ids: list[str], data: st.DataObject) -> None:
    text = ""
    for one in ids:
        rule = f'[[rule]]\nid = "{one}"\ntrigger = "ToolCall"\naction = "block"\n'
        text += data.draw(_BETWEEN) + rule + data.draw(_REST) + "\n"
    gone = data.draw(st.sampled_from(ids))
    assert _ids(without_rule(text, gone)) == [one for one in ids if one != gone]
