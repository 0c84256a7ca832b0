"""Judging: every condition, all matches in order, the strongest of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.agents.policy import CallFacts, FailureFacts, FileFacts, Rules, Verdict, rules_of, strongest
from raro.agents.policy.patterns import MAX_TEXT, extensions_of
from tests.agents.policy.facts import call, failure, file, only

Facts = CallFacts | FileFacts | FailureFacts


def _rule(trigger: str, when: str = "", rule_id: str = "it", action: str = "request_approval", more: str = "") -> str:
    return f'[[rule]]\nid = "{rule_id}"\ntrigger = "{trigger}"\naction = "{action}"\n{more}\n[rule.when]\n{when}\n'


def _judged(rules: Rules, facts: Facts) -> tuple[Verdict, ...]:
    match facts:
        case CallFacts():
            return rules.judge_call(facts)
        case FileFacts():
            return rules.judge_file(facts)
        case FailureFacts():
            return rules.judge_failure(facts)


CALL, FILE, FAILURE = (
    call("write_file", path="a/b.CSV", content="x"),
    file("a/b.CSV", b"1,2\n3,4\n"),
    failure("timed_out"),
)
CONDITIONS: list[tuple[str, Facts, str, str]] = [
    # trigger, facts, a condition that holds, one that does not
    ("ToolCall", CALL, "", 'agent = "writer_*"'),
    ("ToolCall", CALL, 'agent = ["x", "coder_*"]', 'agent = "coder"'),
    ("ToolCall", CALL, 'tool = "write_*"', 'tool = "write"'),
    ("ToolCall", replace(CALL, calls_before=5), "calls_over = 5", "calls_over = 6"),
    ("ToolCall", replace(CALL, tokens=100), "tokens_over = 99", "tokens_over = 100"),
    ("ToolCall", replace(CALL, cost_usd=0.5), "cost_over_usd = 0.4", "cost_over_usd = 0.5"),
    ("ToolCall", CALL, 'args.path = "^a/"', 'args.path = "^b"'),
    ("ToolCall", CALL, 'args.path = {glob = "*/b.*"}', 'args.path = {glob = "b.*"}'),
    ("ToolCall", CALL, 'args.path = {extension = ".csv"}', 'args.path = {extension = ".tsv"}'),
    ("ToolCall", CALL, 'args."*" = "^x$"', 'args."*" = "^y$"'),
    ("ToolCall", CALL, 'args.path = "CSV"', 'args.nothing = ".*"'),
    ("ToolCall", CALL, 'args = {path = "a", content = "x"}', 'args = {path = "a", content = "y"}'),
    ("ToolCall", call("t", n={"a": [1, {"b": "deep"}]}), 'args.n = "deep"', 'args.n = "deeper"'),
    ("ToolCall", call("t", n=42), 'args.n = "^42$"', 'args.n = "^4$"'),
    (
        "ToolCall",
        call("sh", line="ls; /bin/rm -rf x"),
        'args.line = {commands = "rm"}',
        'args.line = {commands = "su"}',
    ),
    ("FileGenerated", FILE, 'path = "a/*"', 'path = "b/*"'),
    ("FileGenerated", FILE, 'extension = [".txt", ".csv"]', 'extension = ".txt"'),
    ("FileGenerated", FILE, 'content_type = "text/*"', 'content_type = "image/*"'),
    ("FileGenerated", file("x", b"\x7fELF\0\0\0"), 'content = "linux-program"', 'content = "windows-program"'),
    ("FileGenerated", replace(FILE, size_bytes=10_000_001), 'size_over = "10 MB"', 'size_over = "10 MiB"'),
    ("FileGenerated", FILE, "size_over = 7", "size_over = 8"),
    ("FileGenerated", replace(FILE, files_before=2), "files_over = 2", "files_over = 3"),
    ("AgentFailed", FAILURE, 'code = "timed_*"', 'code = "timed"'),
    ("AgentFailed", replace(FAILURE, attempt=3), "attempts_over = 2", "attempts_over = 3"),
]


@pytest.mark.parametrize(
    ("trigger", "facts", "holds", "fails"), CONDITIONS, ids=[case[2] or "none" for case in CONDITIONS]
)
def test_a_condition(trigger: str, facts: Facts, holds: str, fails: str) -> None:
    assert _judged(only(_rule(trigger, holds)), facts)
    assert not _judged(only(_rule(trigger, fails)), facts)


def test_all_conditions_must_hold() -> None:
    rules = only(_rule("FileGenerated", 'extension = ".csv"\nsize_over = 5'))
    assert rules.judge_file(FILE)
    assert not rules.judge_file(replace(FILE, size_bytes=5))


def test_an_exception_needs_all_of_its_conditions() -> None:
    rules = only(_rule("FileGenerated") + '[rule.unless]\nagent = "coder_*"\nextension = ".csv"\n')
    assert not rules.judge_file(FILE)
    assert rules.judge_file(replace(FILE, path="b.txt"))


def test_a_rule_is_asked_about_its_own_moment_only() -> None:
    rules = only(_rule("FileGenerated"))
    assert (rules.judge_call(CALL), rules.judge_failure(FAILURE)) == ((), ())


def test_every_match_is_told_in_the_order_of_the_rules() -> None:
    rules = rules_of(_rule("ToolCall", rule_id="b") + _rule("ToolCall", rule_id="a", action="block"))
    verdicts = rules.judge_call(call("write_file", path="x.exe"))
    assert [verdict.rule_id for verdict in verdicts] == ["no-executable-names", "b", "a"]


def test_a_block_is_stronger_than_a_question_and_a_question_than_help() -> None:
    block, ask, help_ = Verdict("b", "block", ""), Verdict("a", "request_approval", ""), Verdict("s", "spawn_agent", "")
    assert strongest([help_, ask, block]) is block
    assert strongest([help_, ask]) is ask
    assert strongest([help_]) is help_
    assert strongest([]) is None


def test_a_reason_names_what_it_is_about_and_nothing_in_it_is_filled_again() -> None:
    rules = only(_rule("AgentFailed", more='reason = "{agent}: {code} {message}"'))
    (verdict,) = rules.judge_failure(failure("c", "{agent}\n\x1b[2J" + "x" * 500))
    assert verdict.reason == "coder_it: c {agent}  [2J" + "x" * 188 + "…"


def test_a_rule_without_a_reason_gives_its_description_or_its_id() -> None:
    assert only(_rule("AgentFailed")).judge_failure(FAILURE)[0].reason == "rule it"
    assert only(_rule("AgentFailed", more='description = "why"')).judge_failure(FAILURE)[0].reason == "why"


SPAWN = (
    _rule("FileGenerated", action="spawn_agent")
    + '[rule.spawn]\nid = "analyze_it"\nprompt = "Look at {path}."\ntools = "web_search"\n'
)


def test_a_rule_calls_in_an_agent_with_a_prompt_of_its_own() -> None:
    (verdict,) = only(SPAWN).judge_file(FILE)
    assert verdict.spawn is not None
    assert (verdict.spawn.agent_id, verdict.spawn.prompt) == ("analyze_it", "Look at a/b.CSV.")
    assert (verdict.spawn.relation, verdict.spawn.tools) == ("child", ("web_search",))


@pytest.mark.parametrize(("agent", "fires"), [("analyze_it", False), ("analyze_it_2", False), ("analyze_its", True)])
def test_an_agent_that_was_called_in_does_not_call_in_itself(agent: str, fires: bool) -> None:
    assert bool(only(SPAWN).judge_file(replace(FILE, agent_id=agent))) is fires


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)+$", "(a|aa)+$", "(.*)*x$", "([a-z]+)*=$"])
def test_an_expression_that_explodes_elsewhere_ends_here(pattern: str) -> None:
    rules = only(_rule("ToolCall", f"args.code = '{pattern}'"))
    assert rules.judge_call(call("t", code="a" * 50_000 + "!")) == ()


def test_what_is_too_long_to_be_judged_counts_as_matched_and_says_so() -> None:
    rules = only(_rule("ToolCall", "args.code = 'never'"))
    (verdict,) = rules.judge_call(call("t", code="x" * (MAX_TEXT + 1)))
    assert "cannot be judged" in verdict.reason


def test_a_text_that_is_no_unicode_is_judged_like_any_other() -> None:
    assert only(_rule("ToolCall", "args.code = 'b$'")).judge_call(call("t", code="a\ud800b"))


HIDDEN = [
    "a.exe",
    "a.EXE",
    "a.exe.",
    "a.exe . .",
    "a.exe:stream",
    "a.txt:b.exe",
    "x/y.tar.exe",
    "a.e\u200bxe",
    "a.\uff45\uff58\uff45",
]


@pytest.mark.parametrize("path", HIDDEN)
def test_an_ending_is_seen_in_every_disguise(path: str) -> None:
    assert ".exe" in extensions_of(path)


def test_what_only_looks_like_an_ending_is_none() -> None:
    assert extensions_of("dir.exe/readme") == frozenset()
    assert extensions_of("exe") == frozenset()
    assert extensions_of("lib.so.1.2") == {".so"}


_PIECES = st.lists(
    st.sampled_from(
        [_rule("ToolCall", 'tool = "a*"', action="block"), _rule("ToolCall", 'args.x = "y"'), _rule("FileGenerated")]
    ),
    max_size=5,
)


@given(_PIECES, st.sampled_from(["a", "b"]), st.text(max_size=20))
def test_judging_is_the_same_every_time_and_in_order(pieces: list[str], tool: str, text: str) -> None:
    rules = only("".join(piece.replace('"it"', f'"r{number}"') for number, piece in enumerate(pieces)))
    facts = call(tool, x=text)
    verdicts = rules.judge_call(facts)
    assert verdicts == rules.judge_call(facts)
    order = [rules.ids.index(verdict.rule_id) for verdict in verdicts]
    assert order == sorted(set(order))
    decision = strongest(verdicts)
    assert (decision is None) == (not verdicts)
    assert decision is None or (decision.action == "block") == any(verdict.action == "block" for verdict in verdicts)
