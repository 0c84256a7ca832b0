"""The command line as a whole: what is there, what it costs, how it fails."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from raro.cli.app import COMMANDS, app_command
from raro.cli.exits import ExitCode, exit_code
from raro.errors import RaroError, StorageFull

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
NOWHERE = "http://127.0.0.1:1"


def raro(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command as a person calls it."""
    return subprocess.run(
        [sys.executable, "-m", "raro.cli", *arguments], capture_output=True, text=True, timeout=30, cwd=cwd, check=False
    )


def command_of(name: str) -> Any:
    root = app_command()
    return root.get_command(typer.Context(root), name)


def leaves(name: str) -> list[Any]:
    command = command_of(name)
    return list(getattr(command, "commands", {}).values()) or [command]


def test_help_loads_no_client_no_tables_and_no_server() -> None:
    heavy = ("httpx", "rich", "pydantic", "duckdb", "pyarrow", "pandas", "fastapi", "nats", "asyncio")
    code = (
        f"import sys; from raro.cli.app import _run; _run(['--help']); print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_names_every_command_by_section() -> None:
    lines = raro("--help").stdout.splitlines()
    assert [name for name in COMMANDS if not any(line.startswith(f"  {name} ") for line in lines)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers_in_json_on_request(name: str) -> None:
    options = [[option for parameter in leaf.params for option in parameter.opts] for leaf in leaves(name)]
    assert all("--json" in of_one for of_one in options)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_explained(name: str) -> None:
    for leaf in leaves(name):
        assert leaf.help, leaf.name
        unexplained = [parameter.name for parameter in leaf.params if not parameter.help]
        assert unexplained == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    assert re.search(rf"`raro {name}\b", DOCS.read_text()), f"docs/cli.md says nothing of `raro {name}`"


def test_every_exit_code_is_documented() -> None:
    documented = {int(number) for number in re.findall(r"^\| (\d+) \|", DOCS.read_text(), re.MULTILINE)}
    assert documented == {int(code) for code in ExitCode}


def test_a_mistyped_command_names_the_nearest() -> None:
    done = raro("atrifacts")
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert done.stderr == "error: there is no command 'atrifacts'. Did you mean `raro artifacts`? See `raro --help`.\n"


def test_a_missing_argument_is_one_line() -> None:
    done = raro("link")
    assert (done.returncode, done.stderr.count("\n")) == (ExitCode.USAGE, 1)


def test_an_absent_server_is_one_line_and_its_own_code() -> None:
    done = raro("library", "--server", NOWHERE)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (ExitCode.UNREACHABLE, "", 1)
    assert "raro up" in done.stderr


def test_with_json_an_error_is_json_too() -> None:
    done = raro("runs", "--server", NOWHERE, "--json")
    assert (done.returncode, done.stdout) == (ExitCode.UNREACHABLE, "")
    assert json.loads(done.stderr)["error"]["code"] == "server_unreachable"


def test_a_usage_error_with_json_is_json_too() -> None:
    done = raro("state", "--json")
    assert json.loads(done.stderr)["error"]["code"] == "usage"


def test_version_is_the_packages() -> None:
    assert re.fullmatch(r"raro \d+\.\d+\.\d+\n", raro("--version").stdout)


def every_error(cls: type[RaroError] = RaroError) -> list[type[RaroError]]:
    return [cls, *(leaf for sub in cls.__subclasses__() for leaf in every_error(sub))]


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        (404, {ExitCode.NOT_FOUND}),
        (409, {ExitCode.CONFLICT}),
        (410, {ExitCode.NOT_FOUND}),
        (422, {ExitCode.USAGE}),
        (503, {ExitCode.UNREACHABLE}),
        (507, {ExitCode.DAMAGE}),
    ],
)
def test_errors_of_one_kind_end_alike(status: int, codes: set[ExitCode]) -> None:
    assert {exit_code(cls("")) for cls in every_error() if cls.status == status} == codes


def test_a_full_disk_is_the_storages_fault() -> None:
    assert exit_code(StorageFull("no space")) == ExitCode.DAMAGE
