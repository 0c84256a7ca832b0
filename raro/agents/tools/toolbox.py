"""Finds the tool of a call, checks its arguments, carries it out; whatever goes wrong is told to the model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from raro.agents.conversation import ToolOutcome, ToolSpec
from raro.agents.recording import whole_call
from raro.agents.tools import delegate, execute_python, list_files, read_artifact, read_file, web_search, write_file
from raro.agents.tools.workplace import Workplace
from raro.errors import RaroError
from raro.events.shapes import ToolCall


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what the model is told, how its arguments are read, what it does."""

    description: str
    arguments: type[BaseModel]
    run: Callable[[Workplace, Any], Awaitable[ToolOutcome]]


TOOLS: Mapping[str, Tool] = {
    "read_file": Tool(read_file.DESCRIPTION, read_file.Arguments, read_file.run),
    "list_files": Tool(list_files.DESCRIPTION, list_files.Arguments, list_files.run),
    "read_artifact": Tool(read_artifact.DESCRIPTION, read_artifact.Arguments, read_artifact.run),
    "write_file": Tool(write_file.DESCRIPTION, write_file.Arguments, write_file.run),
    "execute_python": Tool(execute_python.DESCRIPTION, execute_python.Arguments, execute_python.run),
    "web_search": Tool(web_search.DESCRIPTION, web_search.Arguments, web_search.run),
    "delegate_agent": Tool(delegate.DELEGATE, delegate.DelegateArguments, delegate.delegate),
    "prune_agent": Tool(delegate.PRUNE, delegate.PruneArguments, delegate.prune),
    "graft_dependency": Tool(delegate.GRAFT, delegate.GraftArguments, delegate.graft),
}


def tool_specs(names: Sequence[str]) -> tuple[ToolSpec, ...]:
    """The declarations a model gets."""
    return tuple(ToolSpec(name, TOOLS[name].description, TOOLS[name].arguments.model_json_schema()) for name in names)


class Toolbox:
    """The tools one agent was granted, on its workplace."""

    def __init__(self, workplace: Workplace, names: Sequence[str]) -> None:
        self._workplace = workplace
        self._names = tuple(names)

    async def call(self, call: ToolCall) -> ToolOutcome:
        """Carry out one call."""
        if call.name not in self._names:
            return ToolOutcome(
                False,
                f"there is no tool {call.name!r} for this agent; it has: {', '.join(self._names)}.",
                "tool_not_granted",
            )
        tool = TOOLS[call.name]
        try:
            whole = await whole_call(self._workplace.blobs, call)
            arguments = tool.arguments.model_validate(whole.args)
            return await tool.run(self._workplace, arguments)
        except ValidationError as error:
            return ToolOutcome(False, f"bad arguments for {call.name}: {_problems(error)}.", "bad_arguments")
        except RaroError as error:
            return ToolOutcome(False, error.message, error.code)


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {item['msg']}" for item in error.errors())
