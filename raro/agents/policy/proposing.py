"""Makes a rule of a sentence with a language model. What comes back is checked like a person's file, and not active."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raro.agents.asking import Asker
from raro.agents.conversation import ModelFailed
from raro.agents.policy.editing import with_rule
from raro.agents.policy.reading import RuleFault, bad_rules, parsed_file, read_rules
from raro.agents.policy.rule_file import CONDITIONS, CONTENTS
from raro.errors import BadRules, ModelUnavailable, NoRuleMade

MAX_SENTENCE = 2000
MAX_RULE_BYTES = 16 * 1024
_TRIES = 2

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"toml": {"type": "string", "description": "one [[rule]] table in TOML"}},
    "required": ["toml"],
}

_CONDITIONS = "\n".join(f"- {trigger}: {', '.join(names)}" for trigger, names in CONDITIONS.items())
SYSTEM = f"""You write one rule for a machine that watches AI agents. Answer with TOML: exactly one [[rule]] table.

Keys of a rule: id (letters, digits, - and _), description, trigger, action, reason, tables when, unless and spawn.
trigger is ToolCall (before a tool runs), FileGenerated (a file was made) or AgentFailed.
action is block, request_approval or spawn_agent; block does not go with AgentFailed.
Conditions in `when` must all hold, a list means any of its entries; `unless` takes the same and makes an exception:
{_CONDITIONS}
agent, tool, path, content_type and code are globs. extension is like ".csv". size_over is like "10 MB". calls_over,
files_over, tokens_over, attempts_over are whole numbers, cost_over_usd a number.
content is any of: {", ".join(CONTENTS)}.
args is a table of argument name to a regular expression (RE2), or to a table with any of regex, glob, extension,
python (globs of dotted names used in Python code), python_commands (commands that Python code starts),
commands (words of a command line). The tools: execute_python (args: code), write_file (args: path, content),
read_file (args: path), list_files, read_artifact (args: agent_id), web_search (args: query),
delegate_agent (args: agent_id, prompt), prune_agent, graft_dependency.
spawn goes with spawn_agent only: id (begins with research_, analyze_, coder_ or writer_), prompt, relation (child or
sibling). reason and prompt may contain {{agent}}, with ToolCall {{tool}}, with FileGenerated {{path}}, with
AgentFailed {{code}} and {{message}}.

Example: "ask me before an agent keeps a CSV over 10 MB"
[[rule]]
id = "ask-before-large-csv"
description = "A person looks at CSV files over 10 MB before they are kept."
trigger = "FileGenerated"
action = "request_approval"
reason = "{{path}} is a CSV file of more than 10 MB."
[rule.when]
extension = ".csv"
size_over = "10 MB"
"""


async def rule_from(asker: Asker, sentence: str, standing: str) -> str:
    """One `[[rule]]` in TOML that says what the sentence says, good to add to the file's text `standing`.

    A rule with mistakes is sent back to the model once, with the mistakes.

    Raises:
        NoRuleMade: what came back is no rule after all; `faults` and `toml` say what it was.
        ModelUnavailable: the model gave no answer.
    """
    taken = ", ".join(rule.entry.id for rule in read_rules(standing))
    question = f"Write this rule:\n{sentence}\n\nThese ids are taken: {taken}."
    prompt, toml, refused = question, "", bad_rules([])
    for _ in range(_TRIES):
        try:
            toml = _toml_of(await asker.ask(SYSTEM, prompt, SCHEMA))
            return checked_rule(toml, standing)
        except ModelFailed as failed:
            raise ModelUnavailable(f"the model gave no answer: {failed} Try again.", reason=failed.code) from failed
        except BadRules as bad:
            refused = bad
            prompt = f"{question}\n\nYou answered:\n{toml}\n\nThat was refused: {bad.message}\nCorrect it."
    raise NoRuleMade(
        f"the model made no rule of this sentence that can be taken: {refused.message}. Say it in other words, or "
        "write the rule yourself (docs/rules.md).",
        faults=refused.detail["faults"],
        toml=toml,
    )


def checked_rule(toml: str, standing: str) -> str:
    """The rule itself, when it is exactly one and can be added to the file's text. Raises BadRules."""
    if len(toml.encode("utf-8", errors="replace")) > MAX_RULE_BYTES:
        raise bad_rules([RuleFault(f"a proposed rule has at most {MAX_RULE_BYTES:,} bytes.")])
    file, places = parsed_file(toml)
    if len(file.rule) != 1 or file.switched_off:
        raise bad_rules([RuleFault("exactly one [[rule]] is wanted, and nothing beside it.", 1)])
    if (rule_id := file.rule[0].id) in {rule.entry.id for rule in read_rules(standing)}:
        why = f"there is a rule {rule_id!r} already; choose another id."
        raise bad_rules([RuleFault(why, places.line_of(("rule", 0, "id")))])
    with_rule(standing, toml, "proposed")
    return toml.strip() + "\n"


def _toml_of(answer: Any) -> str:
    toml = answer.get("toml") if isinstance(answer, Mapping) else None
    if not isinstance(toml, str) or not toml.strip():
        raise bad_rules([RuleFault("the answer must be a JSON object with the rule's TOML under 'toml'.")])
    lines = toml.strip().splitlines()
    fenced = len(lines) > 1 and lines[0].startswith("```") and lines[-1].startswith("```")
    # A lone surrogate is valid JSON and can be neither stored nor shown.
    return "\n".join(lines[1:-1] if fenced else lines).encode("utf-8", errors="replace").decode()
