"""Which agent may use which tool: by the prefix of its id, and by what its workflow adds."""

from __future__ import annotations

from raro.events.shapes import AgentSpec

EVERYONE = ("read_file", "list_files", "read_artifact")
BY_PREFIX: dict[str, tuple[str, ...]] = {
    "research_": (),
    "analyze_": ("execute_python", "write_file"),
    "coder_": ("execute_python", "write_file"),
    "writer_": ("write_file",),
    "master_": ("execute_python", "write_file"),
}
DELEGATION = ("delegate_agent", "graft_dependency", "prune_agent")
KNOWN = frozenset({*EVERYONE, *DELEGATION, "execute_python", "write_file"})


def granted(agent: AgentSpec) -> tuple[str, ...]:
    """The tools an agent may use, in a fixed order."""
    by_prefix = next((tools for prefix, tools in BY_PREFIX.items() if agent.id.startswith(prefix)), ())
    leads = agent.allow_delegation or agent.id.startswith("master_")
    wanted = {*EVERYONE, *by_prefix, *agent.tools, *(DELEGATION if leads else ())}
    return tuple(sorted(wanted & KNOWN))


def unknown_tools(agent: AgentSpec) -> tuple[str, ...]:
    """Tools its workflow asks for that do not exist."""
    return tuple(sorted(set(agent.tools) - KNOWN))
