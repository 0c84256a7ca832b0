"""execute_python: code in the sandbox, on the agent's folders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pydantic import BaseModel, Field

from raro.agents.conversation import ToolOutcome
from raro.agents.tools.workplace import Workplace
from raro.sandboxes.sandbox import Execution

DESCRIPTION = (
    "Run Python in a sandbox without network. The working folder has input/ (read-only) and output/ (kept). "
    "Each call is a fresh interpreter: only files carry over. numpy, pandas, duckdb and matplotlib are there."
)


class Arguments(BaseModel):
    """What to run."""

    code: str = Field(description="the Python program", min_length=1)
    timeout_s: float | None = Field(default=None, gt=0, description="seconds; never more than the sandbox allows")


async def run(workplace: Workplace, arguments: Arguments) -> ToolOutcome:
    """Run it; an error of the code is an outcome with its traceback, and keeps the files made before it."""
    sandbox = await workplace.sandbox()
    execution = await sandbox.run_python(
        arguments.code, timeout_s=arguments.timeout_s, on_output=workplace.output_callback
    )
    reads = named_in(arguments.code, _readable(workplace))
    code = execution.error.code if execution.error else None
    return ToolOutcome(execution.ok, _shown(execution), code, reads)


def named_in(code: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of `input/…` and `output/…` whose name below the folder stands in the code, not within a longer name."""
    return tuple(path for path in paths if _stands_in(path.partition("/")[2], code))


def _stands_in(name: str, code: str) -> bool:
    # Looked for by `in` first: most names of most runs are not there, and a pattern of each would cost.
    return name in code and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", code) is not None


def _readable(workplace: Workplace) -> Iterator[str]:
    """The run's inputs, and what the agents before this one made."""
    yield from (f"input/{name}" for name in workplace.inputs)
    yield from dict.fromkeys(f"output/{path}" for upstream in workplace.upstream for path in upstream.files)


def _shown(execution: Execution) -> str:
    parts = [execution.stdout.rstrip(), *(result.text for result in execution.results)]
    if execution.stderr.strip():
        parts.append(f"[stderr]\n{execution.stderr.rstrip()}")
    if execution.error:
        parts.append(f"[error: {execution.error.code}]\n{execution.error.text}")
    if execution.tier == "unsafe":
        parts.append("[this ran WITHOUT a sandbox: RARO_SANDBOX=unsafe]")
    return "\n".join(part for part in parts if part) or "(no output)"
