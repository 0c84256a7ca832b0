"""`raro rules`: what agents may not do and what people are asked about; proposing, deciding, checking a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from raro.agents.policy.book import read_text
from raro.agents.policy.reading import RuleFault, bad_rules
from raro.agents.policy.rules import rules_of
from raro.cli.command import JsonOption, Session, new_app, online
from raro.cli.exits import ExitCode
from raro.cli.output import Output
from raro.cli.render import table
from raro.cli.text import moment, one_line, plain
from raro.client.policy import PolicyState
from raro.errors import BadRules, FileNotFound

app = new_app(lists=True)

ProposalId = Annotated[str, typer.Argument(metavar="ID", help="The proposal's id, as `raro rules` shows it.")]
RuleId = Annotated[str, typer.Argument(metavar="RULE", help="The rule's id.")]
RulesFile = Annotated[Path, typer.Argument(metavar="FILE", help="A rules file.")]
Reason = Annotated[str, typer.Option("--reason", help="Kept with the event.")]


@app.command("list")
@online
async def list_rules(session: Session) -> None:
    """List every rule and whether it applies, what waits for a decision, and what is wrong with the file."""
    state = await session.client.policy.get()
    session.out.answer(state, lambda console: _show(console, state))


@app.command()
def check(file: RulesFile, as_json: JsonOption = False) -> None:
    """Name every mistake of a rules file with its line; needs no server. Exit code 2 when there is one."""
    faults = _faults_of(file)
    answer = {"ok": not faults, "path": str(file), "faults": faults}
    Output(as_json=as_json).answer(answer, lambda console: _show_check(console, file, faults))
    if faults:
        raise typer.Exit(ExitCode.USAGE)


@app.command()
@online
async def put(session: Session, file: RulesFile, reason: Reason = "") -> None:
    """Put a file's rules into force, in the place of those there are."""
    done = await session.client.policy.put(_text_of(file), reason)
    session.out.answer(done, lambda console: console.print(f"the rules of {plain(str(file))} are in force"))


@app.command()
@online
async def path(session: Session) -> None:
    """Print where the rules file is, on the server's machine. What is written there is taken at once."""
    state = await session.client.policy.get()
    session.out.answer({"path": state["path"]}, lambda console: console.print(plain(state["path"]), soft_wrap=True))


@app.command()
@online
async def propose(
    session: Session, sentence: Annotated[str, typer.Argument(metavar="SENTENCE", help="What the rule should do.")]
) -> None:
    """Have a language model write a rule. It is in force only when you accept it."""
    made = await session.client.policy.propose(sentence)

    def show(console: Console) -> None:
        console.print(plain(made["toml"]), soft_wrap=True)
        console.print(f"not in force: `raro rules accept {made['proposal_id']}` puts it into force")

    session.out.answer(made, show)


@app.command()
@online
async def accept(session: Session, proposal_id: ProposalId, reason: Reason = "") -> None:
    """Put a proposed rule into force."""
    done = await session.client.policy.accept(proposal_id, reason)
    session.out.answer(
        {**done, "proposal_id": proposal_id}, lambda console: console.print(f"{plain(proposal_id)} is in force")
    )


@app.command()
@online
async def reject(session: Session, proposal_id: ProposalId, reason: Reason = "") -> None:
    """Decide against a proposed rule."""
    done = await session.client.policy.reject(proposal_id, reason)
    session.out.answer(
        {**done, "proposal_id": proposal_id}, lambda console: console.print(f"{plain(proposal_id)} is rejected")
    )


@app.command()
@online
async def remove(session: Session, rule_id: RuleId, reason: Reason = "") -> None:
    """Take a rule out of the file, or switch a default rule off."""
    done = await session.client.policy.remove(rule_id, reason)
    session.out.answer(
        {**done, "rule_id": rule_id}, lambda console: console.print(f"{plain(rule_id)} applies no longer")
    )


@app.command()
@online
async def restore(session: Session, rule_id: RuleId, reason: Reason = "") -> None:
    """Switch a default rule on again."""
    done = await session.client.policy.restore(rule_id, reason)
    session.out.answer({**done, "rule_id": rule_id}, lambda console: console.print(f"{plain(rule_id)} applies again"))


def _text_of(file: Path) -> str:
    if not file.exists():
        raise FileNotFound(f"there is no file {str(file)!r}.", path=str(file))
    try:
        return read_text(file)
    except OSError as error:
        raise bad_rules([RuleFault(f"{file} cannot be read: {error.strerror or error}.")]) from error


def _faults_of(file: Path) -> list[Mapping[str, Any]]:
    try:
        rules_of(_text_of(file))
    except BadRules as bad:
        faults = bad.detail["faults"]
        assert isinstance(faults, list)
        return faults
    return []


def _show(console: Console, state: PolicyState) -> None:
    made = table("rule", "trigger", "when", "action", "from", "applies")
    for rule in state["rules"]:
        conditions = json.dumps({**rule["when"], **({"unless": rule["unless"]} if rule["unless"] else {})})
        made.add_row(
            plain(rule["id"]), rule["trigger"], one_line(conditions, 60), rule["action"], rule["source"],
            "yes" if rule["active"] else "no",
        )  # fmt: skip
    console.print(made)
    for proposal in state["proposals"]:
        when = moment(proposal["proposed_at"])
        text = f"{proposal['proposal_id']} is proposed since {when}: {one_line(proposal['sentence'], 100)}"
        console.print(plain(text), soft_wrap=True)
    for fault in state["faults"]:
        console.print(plain(f"{_where(state['path'], fault)}: {fault['message']}"), style="red", soft_wrap=True)
    if state["faults"]:
        console.print("The rules above are those from before the mistake.")


def _show_check(console: Console, file: Path, faults: list[Mapping[str, Any]]) -> None:
    for fault in faults:
        console.print(plain(f"{_where(str(file), fault)}: {fault['message']}"), soft_wrap=True)
    if not faults:
        console.print(f"{plain(str(file))} can be taken")


def _where(path: str, fault: Mapping[str, Any]) -> str:
    return f"{path}:{fault['line']}" if fault["line"] else path
