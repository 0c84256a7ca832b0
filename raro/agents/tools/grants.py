"""Which agent may use which tool: by the prefix of its id, and by what its workflow adds."""

from __future__ import annotations

from raro.events.shapes import AgentSpec

SEARCH = "web_search"
EVERYONE = ("read_file", "list_files", "read_artifact")
BY_PREFIX: dict[str, tuple[str, ...]] = {
    "research_": (SEARCH,),
    "analyze_": ("execute_python", "write_file"),
    "coder_": ("execute_python", "write_file"),
    "writer_": ("write_file",),
    "master_": ("execute_python", "write_file", SEARCH),
}
DELEGATION = ("delegate_agent", "graft_dependency", "prune_agent")
KNOWN = frozenset({*EVERYONE, *DELEGATION, "execute_python", "write_file", SEARCH})


def granted(agent: AgentSpec, *, search: bool = False) -> tuple[str, ...]:
    """The tools an agent may use, in a fixed order; `search`: whether the web can be searched here."""
    by_prefix = next((tools for prefix, tools in BY_PREFIX.items() if agent.id.startswith(prefix)), ())
    leads = agent.allow_delegation or agent.id.startswith("master_")
    wanted = {*EVERYONE, *by_prefix, *agent.tools, *(DELEGATION if leads else ())}
    offered = KNOWN if search else KNOWN - {SEARCH}
    return tuple(sorted(wanted & offered))


def unknown_tools(agent: AgentSpec) -> tuple[str, ...]:
    """Tools its workflow asks for that do not exist."""
    return tuple(sorted(set(agent.tools) - KNOWN))
