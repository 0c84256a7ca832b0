"""What a file was made from and what was made from it, walked over several runs."""

from __future__ import annotations

from raro.events.shapes import AgentSpec, Origin
from raro.projections import lineage
from raro.projections.lineage import Direction, Graph
from raro.projections.queries import Connection
from raro.projections.run_facts import Node
from tests.projections.stories import (
    CLIENT,
    artifact_input,
    delegated,
    folded,
    library_input,
    made,
    read,
    saved,
    started,
    uploaded,
)

ONE, TWO = AgentSpec(id="one"), AgentSpec(id="two", depends_on=("one",))


def of_artifact(
    views: Connection, run_id: str, path: str, direction: Direction, *, version: int | None = None, seen: bool = True
) -> Graph:
    roots = lineage.artifact_roots(views, CLIENT, run_id, path, version)
    return lineage.walk(views, CLIENT, roots, direction, most=100, seen=seen)


def of_file(
    views: Connection, filename: str, direction: Direction, *, seen: bool = True, client: str = CLIENT
) -> Graph:
    roots = lineage.library_roots(views, client, filename, None)
    return lineage.walk(views, client, roots, direction, most=100, seen=seen)


def edges(graph: Graph) -> set[tuple[str, str, str]]:
    return {(edge.source.id, edge.relation, edge.target.id) for edge in graph.edges.values()}


def ids(graph: Graph) -> set[str]:
    return {node.id for node in graph.nodes}


def two_runs() -> Connection:
    """a.csv → report of run r, saved as b.md → summary of run s."""
    return folded(
        uploaded("a.csv"),
        started("r", [ONE], library_input("a.csv")),
        read("r", "one", 1, "input/a.csv"),
        made("r", "one", 2, "report.md"),
        saved("r", "report.md", "b.md"),
        started("s", [ONE], library_input("b.md")),
        read("s", "one", 1, "input/b.md"),
        made("s", "one", 1, "summary.md"),
    )


CHAIN = {
    ("library:private/a.csv@1", "read", "agent:r/one"),
    ("agent:r/one", "made", "artifact:r/report.md@1"),
    ("artifact:r/report.md@1", "saved", "library:private/b.md@1"),
    ("library:private/b.md@1", "read", "agent:s/one"),
    ("agent:s/one", "made", "artifact:s/summary.md@1"),
}


def test_a_chain_over_the_library_is_the_same_from_both_ends() -> None:
    views = two_runs()
    assert edges(of_artifact(views, "s", "summary.md", "made_from")) == CHAIN
    assert edges(of_file(views, "a.csv", "used_by")) == CHAIN
    assert edges(of_file(views, "a.csv", "made_from")) == set()


def test_an_artifact_given_to_a_later_run_leads_there() -> None:
    views = folded(
        started("r", [ONE]),
        made("r", "one", 1, "x.csv"),
        made("r", "one", 1, "x.csv", 2),
        started("s", [ONE], artifact_input("r", "x.csv")),
        read("s", "one", 3, "input/x.csv"),
        made("s", "one", 3, "y.md"),
    )
    assert ids(of_artifact(views, "r", "x.csv", "used_by", version=1)) == {
        "artifact:r/x.csv@1",
        "agent:s/one",
        "artifact:s/y.md@1",
    }
    assert ids(of_artifact(views, "r", "x.csv", "used_by", version=2)) == {"artifact:r/x.csv@2"}


def test_only_what_was_read_up_to_the_turn_that_made_a_file_leads_to_it() -> None:
    views = folded(
        uploaded("a.csv"),
        uploaded("b.csv"),
        started("r", [ONE], library_input("a.csv"), library_input("b.csv")),
        read("r", "one", 1, "input/a.csv"),
        made("r", "one", 2, "early.md"),
        read("r", "one", 3, "input/b.csv"),
        made("r", "one", 3, "late.md"),
        made("r", "one", 0, "found-at-the-end.md"),
    )
    assert "library:private/b.csv@1" not in ids(of_artifact(views, "r", "early.md", "made_from"))
    for path in ("late.md", "found-at-the-end.md"):
        assert "library:private/b.csv@1" in ids(of_artifact(views, "r", path, "made_from")), path
    assert ids(of_file(views, "b.csv", "used_by")) >= {"artifact:r/late.md@1", "artifact:r/found-at-the-end.md@1"}
    assert "artifact:r/early.md@1" not in ids(of_file(views, "b.csv", "used_by"))


def test_what_lay_before_an_agent_unread_is_told_apart_and_left_out_when_asked() -> None:
    views = folded(
        uploaded("a.csv"),
        started("r", [ONE, TWO], library_input("a.csv")),
        made("r", "two", 1, "out.md"),
    )
    given = edges(of_artifact(views, "r", "out.md", "made_from", seen=False))
    assert ("library:private/a.csv@1", "given", "agent:r/two") in given
    assert ("agent:r/one", "given", "agent:r/two") in given
    assert edges(of_artifact(views, "r", "out.md", "made_from")) == {("agent:r/two", "made", "artifact:r/out.md@1")}


def test_an_agent_with_files_of_its_own_was_given_no_others() -> None:
    picky = AgentSpec(id="picky", attached_files=("a.csv",))
    views = folded(
        uploaded("a.csv"),
        uploaded("b.csv"),
        started("r", [ONE], library_input("a.csv"), library_input("b.csv")),
        delegated("r", "one", picky),
    )
    assert ("library:private/a.csv@1", "given", "agent:r/picky") in edges(
        of_file(views, "a.csv", "used_by", seen=False)
    )
    assert edges(of_file(views, "b.csv", "used_by", seen=False)) == {
        ("library:private/b.csv@1", "given", "agent:r/one")
    }


def test_a_name_in_output_is_the_version_its_reader_had() -> None:
    views = folded(
        started("r", [ONE, TWO, AgentSpec(id="beside")]),
        made("r", "one", 1, "x.csv", 1),
        made("r", "one", 2, "x.csv", 2),
        made("r", "beside", 1, "x.csv", 3),
        read("r", "two", 1, "output/x.csv"),
        made("r", "two", 2, "x.csv", 4),
        read("r", "two", 3, "output/x.csv"),
    )
    read_by_two = {source for source, relation, target in edges(of_artifact(views, "r", "x.csv", "used_by"))
                   if relation == "read" and target == "agent:r/two"}  # fmt: skip
    assert read_by_two == {"artifact:r/x.csv@2", "artifact:r/x.csv@4"}


def test_words_of_agents_and_web_pages_are_sources() -> None:
    views = folded(
        started("r", [ONE, TWO]),
        read("r", "one", 1, "https://example.org/a?b=c"),
        read("r", "two", 1, "agent:one"),
        made("r", "two", 1, "out.md"),
    )
    assert edges(of_artifact(views, "r", "out.md", "made_from")) == {
        ("web:https://example.org/a?b=c", "read", "agent:r/one"),
        ("agent:r/one", "read", "agent:r/two"),
        ("agent:r/two", "made", "artifact:r/out.md@1"),
    }


def test_a_restored_version_comes_from_the_older_one() -> None:
    views = folded(
        uploaded("a.csv"), uploaded("a.csv", 2), uploaded("a.csv", 3, origin=Origin(kind="version", version=1))
    )
    restored = ("library:private/a.csv@1", "restored", "library:private/a.csv@3")
    assert edges(of_file(views, "a.csv", "made_from")) == {restored}
    assert edges(of_file(views, "a.csv", "used_by")) == {restored}


def test_a_public_file_is_shown_and_where_it_came_from_is_not() -> None:
    views = folded(
        started("p", [ONE], client="public"),
        made("p", "one", 1, "secret.md", client="public"),
        uploaded(
            "shared.csv", client="public", origin=Origin(kind="artifact", run_id="p", path="secret.md", version=1)
        ),
        started("q", [ONE], library_input("shared.csv", public=True), client="other"),
        read("q", "one", 1, "input/shared.csv", client="other"),
        started("r", [ONE], library_input("shared.csv", public=True)),
        read("r", "one", 1, "input/shared.csv"),
        made("r", "one", 1, "mine.md"),
    )
    shared = "library:public/shared.csv@1"
    assert ids(of_artifact(views, "r", "mine.md", "made_from")) == {"artifact:r/mine.md@1", "agent:r/one", shared}
    assert ids(of_file(views, "shared.csv", "used_by")) == {shared, "agent:r/one", "artifact:r/mine.md@1"}
    assert ids(of_file(views, "shared.csv", "made_from")) == {shared}


def test_a_file_of_ones_own_with_the_name_of_a_public_one_is_another_file() -> None:
    views = folded(
        uploaded("a.csv", client="public"),
        uploaded("a.csv"),
        started("r", [ONE], library_input("a.csv", public=True)),
        started("s", [ONE], library_input("a.csv")),
    )
    assert ids(of_file(views, "a.csv", "used_by", seen=False)) == {"library:private/a.csv@1", "agent:s/one"}


def test_a_graph_that_is_too_large_says_so() -> None:
    views = two_runs()
    roots = lineage.library_roots(views, CLIENT, "a.csv", None)
    cut = lineage.walk(views, CLIENT, roots, "used_by", most=2, seen=True)
    whole = lineage.walk(views, CLIENT, roots, "used_by", most=5, seen=True)
    assert (len(cut.nodes), cut.truncated) == (3, True)
    assert (len(whole.nodes), whole.truncated) == (6, False)


def test_a_circle_ends() -> None:
    views = folded(
        started("r", [ONE], artifact_input("s", "y.md")),
        started("s", [ONE], artifact_input("r", "x.md")),
        made("r", "one", 1, "x.md"),
        made("s", "one", 1, "y.md"),
        read("r", "one", 1, "input/y.md"),
        read("s", "one", 1, "input/x.md"),
    )
    for direction in lineage.DIRECTIONS:
        assert len(of_artifact(views, "r", "x.md", direction).nodes) == 4


def test_rows_name_hashes_and_what_is_gone() -> None:
    views = two_runs()
    graph = of_file(views, "a.csv", "used_by")
    found = {row["id"]: row for row in lineage.as_rows(views, CLIENT, graph)["nodes"]}
    assert found["library:private/a.csv@1"]["sha256"] == bytes("a.csv1", "ascii").hex().ljust(64, "0")
    assert found["artifact:r/report.md@1"]["gone"] is None
    assert found["agent:r/one"] == {"id": "agent:r/one", "kind": "agent", "name": "one", "run_id": "r"}
    assert Node("agent", "one", run_id="r").id == "agent:r/one"
