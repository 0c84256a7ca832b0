"""Reading rules: what is taken, and for every mistake its line and what would be allowed."""

from __future__ import annotations

import re
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.agents.policy import rules_of
from raro.agents.policy.places import TooDeep, places_in
from raro.agents.policy.reading import MAX_FILE_BYTES, default_entries, faults_of
from raro.errors import BadRules

DOCS = (Path(__file__).parents[3] / "docs" / "rules.md").read_text()
RULE = '[[rule]]\nid = "{}"\ntrigger = "ToolCall"\naction = "block"\n'


def _faults(text: str) -> list[tuple[int | None, str]]:
    with pytest.raises(BadRules) as refused:
        rules_of(text)
    return [(fault.line, fault.message) for fault in faults_of(refused.value)]


MISTAKES = [
    # what is written, on which line the mistake is, what is said of it
    ('switched_off = ["no-deletions"]', 1, "no default rule 'no-deletions'; there are: no-executable-files,"),
    ("rules = 3", 1, "no 'rules'; allowed here: switched_off, rule"),
    (RULE.format("a") + RULE.format("a"), 6, "'a' is used twice"),
    (RULE.format("no-deletion"), 2, "is a default rule; switch that one off"),
    (RULE.format("a b"), 2, "'id': string should match pattern"),
    ('[[rule]]\nid = "a"\naction = "block"', 1, "'trigger' is missing"),
    (RULE.format("a").replace("ToolCall", "Toolcall"), 3, "'ToolCall', 'FileGenerated' or 'AgentFailed'"),
    (RULE.format("a").replace('"block"', '"deny"'), 4, "'block', 'request_approval' or 'spawn_agent'"),
    (RULE.format("a") + "# here\nwhat = 1", 6, "no 'what'; allowed here: id, description, trigger"),
    (RULE.format("a") + "[rule.when]\ntool = 5", 6, "'when.tool'"),
    (RULE.format("a") + '[rule.when]\ntool = [\n"a",\n5,\n]', 8, "'when.tool': input should be a valid string"),
    (RULE.format("a") + "[rule.when]\ntool = []", 6, "at least 1 item"),
    (RULE.format("a") + '[rule.when]\nsize_over = "10 MB"', 6, "'size_over' does not go with ToolCall; its conditions"),
    (RULE.format("a") + '[rule.when]\ntools = "x"', 6, "no 'when.tools'; allowed here: agent, tokens_over"),
    (RULE.format("a") + "[rule.when]\ncalls_over = -1", 6, "greater than or equal to 0"),
    (RULE.format("a") + "[rule.when]\ncalls_over = 1.5", 6, "valid integer"),
    (RULE.format("a") + '[rule.when]\ncalls_over = "5"', 6, "valid integer"),
    (RULE.format("a") + "[rule.when]\ncost_over_usd = nan", 6, "finite number"),
    (RULE.format("a") + "[rule.when]\ncost_over_usd = inf", 6, "finite number"),
    (RULE.format("a") + "[rule.when]\ncalls_over = true", 6, "valid integer"),
    (RULE.format("a") + "[rule.when.args]\ncode = '(?=x)'", 6, "no regular expression that RE2 knows: invalid perl"),
    (RULE.format("a") + "[rule.when.args]\ncode = '(a{100}){100}'", 6, "multiply to 10,000; at most 200"),
    (RULE.format("a") + "[rule.when.args.code]\nregexp = 'x'", 6, "allowed here: regex, glob, extension, python"),
    (RULE.format("a") + "[rule.when.args.code]\n", 5, "nothing is asked for"),
    (RULE.format("a") + "[rule.when.args.path]\nextension = 'exe'", 6, "write it with its dot"),
    (RULE.format("a") + "[rule.unless]", 5, "names no condition"),
    (RULE.format("a") + 'reason = "{path} is bad"', 5, "{path} does not go with ToolCall; there are: {agent}, {tool}"),
    (RULE.format("a") + '[rule.spawn]\nid = "x"\nprompt = "y"', 5, "goes with the action spawn_agent"),
    (RULE.format("a").replace("block", "spawn_agent"), 4, "needs a table [rule.spawn]"),
    (
        RULE.format("a").replace("block", "spawn_agent") + '[rule.spawn]\nid = "master_x"\nprompt = "y"',
        6,
        "cannot be spawned",
    ),
    (RULE.format("a").replace("block", "spawn_agent") + '[rule.spawn]\nid = "x"\nprompt = " "', 7, "'spawn.prompt'"),
    (RULE.format("a").replace("ToolCall", "AgentFailed"), 4, "a failure cannot be blocked"),
    ('[[rule]]\nid = "a"\nid = "b"', 3, "this is no TOML: Cannot overwrite a value"),
    ("a = [\n1,\n", 2, "this is no TOML"),
    ("\n\n[[rule]\n", 3, "this is no TOML"),
    ('[[rule]]\nwhen = 1979-05-27\nid = "a"\ntrigger = "ToolCall"\naction = "block"', 2, "'when'"),
    ("rule = 7", 1, "'rule'"),
]


@pytest.mark.parametrize(("text", "line", "said"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_named_with_its_line_and_what_is_allowed(text: str, line: int, said: str) -> None:
    faults = _faults(text)
    assert (line, True) in [(at, said in message) for at, message in faults], faults


def test_a_file_without_an_end_of_line_at_its_mistake_names_the_last_line() -> None:
    assert _faults('switched_off = []\n\nx = "')[0][0] == 3


def test_every_mistake_is_named_at_once() -> None:
    faults = _faults('[[rule]]\nid = "a"\ntrigger = "x"\naction = "y"\n\n[[rule]]\nid = ""\n')
    assert [line for line, _ in faults] == [3, 4, 7, 6, 6]


def test_no_file_is_the_defaults() -> None:
    assert rules_of("").ids == tuple(entry.id for entry in default_entries())


def test_a_file_adds_rules_and_switches_defaults_off() -> None:
    rules = rules_of('switched_off = ["no-deletion", "ask-on-failure"]\n' + RULE.format("mine"))
    assert "mine" in rules.ids
    assert not {"no-deletion", "ask-on-failure"} & set(rules.ids)
    assert len(rules.listed) == len(default_entries()) + 1


def test_windows_line_ends_and_comments_are_read_and_counted() -> None:
    text = f"# Müller\n{RULE.format('a')}[rule.when]\nx = 1".replace("\n", "\r\n")
    assert _faults(text)[0][0] == 7


def test_the_hash_names_the_rules_not_the_layout() -> None:
    assert rules_of(RULE.format("a")).sha256 == rules_of("# why\n\n" + RULE.format("a")).sha256
    assert len({rules_of(text).sha256 for text in ("", RULE.format("a"), RULE.format("b"))}) == 3


def test_the_example_of_the_documentation_can_be_taken() -> None:
    example = re.search(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    assert example is not None
    assert rules_of(example[1]).ids[-3:] == ("ask-before-large-csv", "no-customer-names", "review-code")


def test_the_documentation_names_every_default_rule() -> None:
    named = re.findall(r"^\| `([a-z-]+)` \|", DOCS.partition("## The default rules")[2], re.MULTILINE)
    assert named == [entry.id for entry in default_entries()]


HOSTILE = {
    "one long key": "a" + ".a" * 60_000 + " = 1",
    "a long quoted key": '"a"' + '."a"' * 30_000 + " = 1",
    "a long header": "[" + "a." * 60_000 + "a]",
    "deep lists": "a = " + "[" * 60_000,
    "deep closed lists": "a = " + "[" * 5000 + "]" * 5000,
    "deep tables": "a = " + "{a=" * 30_000,
    "many rules": "[[rule]]\n" * 20_000,
    "a long number": "a = " + "9" * 10_000,
    "a long list": 'switched_off = ["' + '","'.join(["x"] * 40_000) + '"]',
    "a long text": f'[[rule]]\nid = "{"a" * 200_000}"',
    "open text": 'a = """' + "\\" * 100_000,
    "quotes": "'" * 100_001,
    "too large": "#" * (MAX_FILE_BYTES + 1),
    "nul": "a = 1\0",
    "half a pair": "\ud800 = 1",
    "a broken expression": RULE.format("a") + "[rule.when.args]\ncode = '" + "(" * 490 + "'",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_refused_in_little_time(name: str) -> None:
    before = time.process_time()
    faults = _faults(HOSTILE[name])
    assert len(faults) <= 20
    assert all(len(message) < 1000 for _, message in faults)
    # Processor time of a bomb that goes off is minutes; the bound only has to tell the two apart on a slow machine.
    assert time.process_time() - before < 20


@given(st.text(alphabet="[]{}=.,\"'#\\\n\r\t ab1-", max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    assert _lines(text) <= {None, *range(1, text.count("\n") + 2)}


def _lines(text: str) -> set[int | None]:
    """Where there are mistakes."""
    try:
        rules_of(text)
    except BadRules as bad:
        return {fault.line for fault in faults_of(bad)}
    return set()


_KEY = st.from_regex(r"\A[a-z]{1,3}\Z")
_VALUE = st.recursive(
    st.one_of(
        st.integers(0, 9).map(str),
        st.sampled_from(['"a # ] = "', "'b'", '"""c\n[x]\n"""', "'''d\n= e'''", "true", "1.5", '"\\""']),
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: "[\n" + ", # no\n".join([*items, ""]) + "]"),
    max_leaves=4,
)


@given(st.lists(st.tuples(_KEY, _KEY, _VALUE), min_size=1, max_size=6, unique_by=lambda item: item[0]), st.data())
def test_the_line_of_every_table_and_key_is_found(tables: list[tuple[str, str, str]], data: st.DataObject) -> None:
    text = ""
    expected: dict[tuple[str, ...], int] = {}
    for table, key, value in tables:
        text += data.draw(st.sampled_from(["", "\n", "# [not] = a table\n", "  "]))
        expected[(table,)] = text.count("\n") + 1
        text += f"[{table}]\n"
        expected[(table, key)] = text.count("\n") + 1
        text += f"{key} = {value}\n"
    assert set(tomllib.loads(text)) == {table for table, _, _ in tables}
    assert {path: places_in(text).line_of(path) for path in expected} == expected


def test_what_is_nested_too_deep_is_refused_with_its_line() -> None:
    with pytest.raises(TooDeep) as deep:
        places_in("a = 1\nb = [[[[[[[[[[1]]]]]]]]]]\n")
    assert deep.value.line == 2
