"""The command `raro`: the list of commands, each loaded only when it is called, and the last line of defence.

Nothing but this file and typer is imported for `raro --help`: start-up time is felt at every call.
"""

from __future__ import annotations

import atexit
import contextlib
import difflib
import json
import os
import sys
import threading
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from raro.cli.exits import ExitCode, exit_code
from raro.errors import RaroError
from raro.garbage import loading


@dataclass(frozen=True)
class Entry:
    """Where a command is and what it is for, in one line."""

    section: str
    module: str
    help: str


_START, _LIBRARY, _RUNS, _ARTIFACTS, _LOG, _CARE = "Start", "Library", "Runs", "Artifacts", "Log", "Care"

COMMANDS: dict[str, Entry] = {
    "up": Entry(_START, "up", "Run everything on this machine."),
    "demo": Entry(_START, "demo", "Show the whole story on sample data, then end."),
    "mcp": Entry(_START, "mcp", "Serve files and a run's tools to other agents (MCP)."),
    "upload": Entry(_LIBRARY, "upload", "Put files or whole folders into the library."),
    "library": Entry(_LIBRARY, "library", "List the library; versions, delete, restore."),
    "link": Entry(_LIBRARY, "link", "Give library files to the next runs."),
    "unlink": Entry(_LIBRARY, "link", "No longer give library files to the next runs."),
    "plan": Entry(_RUNS, "plan", "Show the workflow a directive would become."),
    "templates": Entry(_RUNS, "templates", "List workflows to begin from; show one."),
    "run": Entry(_RUNS, "run", "Start a directive or workflow and follow it."),
    "runs": Entry(_RUNS, "runs", "List runs, newest first; record one as a script."),
    "probe": Entry(_RUNS, "probe", "Show what an agent's model was told, exactly."),
    "state": Entry(_RUNS, "state", "Show one run with its agents."),
    "stop": Entry(_RUNS, "steer", "End a run; files made so far are kept."),
    "pause": Entry(_RUNS, "steer", "Begin no new turn in a run."),
    "resume": Entry(_RUNS, "steer", "Go on after a pause."),
    "approvals": Entry(_RUNS, "approvals", "List what runs ask a person."),
    "decide": Entry(_RUNS, "approvals", "Allow, deny, retry, skip or abort what a run asks about."),
    "output": Entry(_RUNS, "agent_output", "Print an agent's full output."),
    "report": Entry(_RUNS, "report", "Print a run as one HTML file that needs nothing else."),
    "rules": Entry(_RUNS, "rules", "List the rules for agents; check, propose, accept."),
    "artifacts": Entry(_ARTIFACTS, "artifacts", "List artifacts; delete, restore, clear."),
    "get": Entry(_ARTIFACTS, "get", "Download an artifact, a run as zip, or a library file."),
    "promote": Entry(_ARTIFACTS, "promote", "Save an artifact to the library."),
    "pin": Entry(_ARTIFACTS, "pin", "Keep an artifact from expiring."),
    "unpin": Entry(_ARTIFACTS, "pin", "Let an artifact expire again."),
    "lineage": Entry(_ARTIFACTS, "lineage", "Show what a file was made from and what used it."),
    "events": Entry(_LOG, "events", "List the log; tail, show, schema."),
    "audit": Entry(_LOG, "audit", "Verify the log, prove events, export and check proof packages."),
    "replay": Entry(_LOG, "replay", "Show library, artifacts and runs as they were."),
    "diff": Entry(_LOG, "diff", "Show what is different between two points of the log, or two runs."),
    "analytics": Entry(_LOG, "analytics", "List the ready reports, or show one."),
    "sql": Entry(_LOG, "sql", "Ask the tables of all that happened."),
    "gc": Entry(_CARE, "gc", "Let expired artifacts go and erase bytes nobody refers to."),
    "archive": Entry(_CARE, "archive", "Copy the old part of the log to Parquet; check it."),
    "rebuild": Entry(_CARE, "rebuild", "Build the views anew from the log."),
    "fsck": Entry(_CARE, "fsck", "Check every stored byte and both folder trees."),
    "backup": Entry(_CARE, "backup", "Write the log and every blob into one file."),
    "restore": Entry(_CARE, "backup", "Put a backup into an empty storage folder."),
    "doctor": Entry(_CARE, "doctor", "Name every part's state and what to do."),
    "serve": Entry(_CARE, "up", "Run the API and the views alone."),
    "work": Entry(_CARE, "up", "Run the reactors alone, beside a server."),
}


class Root(TyperGroup):
    """The top group: knows every command's line, loads a command's module when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command, in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, loaded; a usage error that names the nearest one when there is none."""
        if cmd_name not in COMMANDS:
            near = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            ctx.fail(f"there is no command {cmd_name!r}." + (f" Did you mean `raro {near[0]}`?" if near else ""))
        with loading():
            module = import_module(f"raro.cli.{COMMANDS[cmd_name].module}")
        command = typer.main.get_command(module.apps[cmd_name] if hasattr(module, "apps") else module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands by section."""
        for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
            rows = [(name, entry.help) for name, entry in COMMANDS.items() if entry.section == section]
            with formatter.section(section):
                formatter.write_dl(rows, col_spacing=4)


app = typer.Typer(cls=Root, rich_markup_mode=None, add_completion=False)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"raro {metadata.version('raro')}")
        raise typer.Exit


@app.callback(invoke_without_command=True, epilog="`raro COMMAND --help` tells more. `raro demo` shows it all at work.")
def raro(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """RARO: teams of AI agents over your files, with every file and step remembered."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the command line; every error becomes one line and an exit code, never a traceback."""
    _leave(_run(sys.argv[1:]))


def _leave(code: int) -> NoReturn:
    """End without taking the interpreter apart: a tenth of a second for what the system takes back anyway."""
    if threading.active_count() > 1:
        sys.exit(code)
    atexit._run_exitfuncs()  # noqa: SLF001  there is no public way
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _run(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    try:
        code = app_command().main(arguments, prog_name="raro", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except RaroError as error:
        _complain(as_json, error.code, error.message, error.detail)
        return exit_code(error)
    except typer.TyperException as error:
        _complain(as_json, "usage", _usage(error), {})
        return ExitCode.USAGE
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has enough; the interpreter must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.PIPE_CLOSED
    except Exception as error:
        if os.environ.get("RARO_DEBUG"):
            raise
        said = f"{type(error).__name__}: {error}"
        _complain(as_json, "internal", f"{said}. Set RARO_DEBUG=1 to see where, and report it.", {})
        return ExitCode.FAILURE


def app_command() -> Any:
    """The root command as typer builds it."""
    return typer.main.get_command(app)


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "raro"
    return f"{error.format_message().rstrip('.?')}{'?' if error.message.endswith('?') else '.'} See `{path} --help`."


def _complain(as_json: bool, code: str, message: str, detail: dict[str, object]) -> None:
    with contextlib.suppress(BrokenPipeError):
        if as_json:
            problem = {"code": code, "message": message, "detail": detail}
            print(json.dumps({"error": problem}, default=str, ensure_ascii=False), file=sys.stderr)
        elif sys.stderr.isatty() and "NO_COLOR" not in os.environ:
            print(f"\x1b[31merror:\x1b[0m {message}", file=sys.stderr)
        else:
            print(f"error: {message}", file=sys.stderr)
