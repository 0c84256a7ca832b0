"""`raro lineage`: what a file was made from and what was made from it, as a tree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.tree import Tree

from raro.cli.command import Session, new_app, online
from raro.cli.text import one_line, size
from raro.client.rows import Lineage, LineageEdge, LineageGraph, LineageNode

app = new_app()

# How the file above a line became the thing in it, and how the thing in it became the file above.
_ONWARDS = {"given": "given to", "read": "read by", "made": "made", "saved": "saved as", "restored": "restored as"}
_BACK = {"given": "was given", "read": "read", "made": "made by", "saved": "saved from", "restored": "restored from"}


@app.command()
@online
async def lineage(
    session: Session,
    file: Annotated[
        str, typer.Argument(metavar="RUN/PATH|FILENAME", help="An artifact by run and path, or a library file.")
    ],
    version: Annotated[int | None, typer.Option("--version", min=1, help="Only this version.")] = None,
    seen: Annotated[
        bool, typer.Option("--seen", help="Only what agents were seen to read, not what they were merely given.")
    ] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, max=1000, help="Things in each direction.")] = None,
) -> None:
    """Show what a file was made from and what was made from it, over every run that took part."""
    run_id, slash, path = file.partition("/")
    if slash:
        found = await session.client.artifacts.lineage(run_id, path, version=version, limit=limit, seen=seen)
    else:
        found = await session.client.library.lineage(file, version=version, limit=limit, seen=seen)
    session.out.answer(found, lambda console: show_lineage(console, found))


def show_lineage(console: Console, found: Lineage) -> None:
    """Each version with the two trees at it, and a word where something is left out."""
    nodes = {node["id"]: node for graph in (found["made_from"], found["used_by"]) for node in graph["nodes"]}
    for root in found["roots"]:
        tree = Tree(_label(nodes[root]))
        _grow(tree.add("made from"), root, found["made_from"], "source", nodes, _BACK)
        _grow(tree.add("used by"), root, found["used_by"], "target", nodes, _ONWARDS)
        for branch in tree.children:
            if not branch.children:
                branch.add("nothing that is known")
        console.print(tree)
    for keeper in found.get("kept_for", []):
        name = f"{keeper['run_id']}/{keeper['name']}" if "run_id" in keeper else f"{keeper['name']} of the library"
        console.print(f"does not expire: {one_line(name, 200)} is kept and was made from it")
    if found["made_from"]["truncated"] or found["used_by"]["truncated"]:
        console.print("There is more than is shown; --limit shows up to 1,000 in each direction.")


def _grow(
    tree: Tree,
    root: str,
    graph: LineageGraph,
    beyond: Literal["source", "target"],
    nodes: dict[str, LineageNode],
    words: dict[str, str],
) -> None:
    """Hang everything beyond the root under it; what was shown before is only named."""
    edges = _by_end(graph["edges"], "target" if beyond == "source" else "source")
    shown = {root}
    open_branches = [(tree, iter(edges.get(root, ())))]
    while open_branches:
        branch, left = open_branches[-1]
        edge = next(left, None)
        if edge is None:
            open_branches.pop()
            continue
        following = edge[beyond]
        turn = f" in turn {edge['turn']}" if edge["turn"] else ""
        again = " (see above)" if following in shown else ""
        child = branch.add(f"{words[edge['relation']]} {_label(nodes[following])}{turn}{again}")
        if not again:
            shown.add(following)
            open_branches.append((child, iter(edges.get(following, ()))))


def _by_end(edges: Iterable[LineageEdge], end: Literal["source", "target"]) -> dict[str, list[LineageEdge]]:
    found: dict[str, list[LineageEdge]] = {}
    for edge in edges:
        found.setdefault(edge[end], []).append(edge)
    return found


def _label(node: LineageNode) -> str:
    name = one_line(node["name"], 200)
    match node["kind"]:
        case "agent":
            return f"agent {name} of {node.get('run_id', '')}"
        case "web":
            return name
    where = f"{node.get('run_id', '')}/{name}" if node["kind"] == "artifact" else f"{name} of the library"
    facts = [size(node["size_bytes"])] if "size_bytes" in node else []
    facts += [f"sha256 {node['sha256'][:12]}"] if "sha256" in node else []
    facts += ["public"] if node.get("scope") == "public" else []
    facts += ["pinned"] if node.get("pinned") else []
    facts += [str(node.get("gone"))] if node.get("gone") else []
    return (
        f"{where} v{node.get('version', '')} ({', '.join(facts)})" if facts else f"{where} v{node.get('version', '')}"
    )
