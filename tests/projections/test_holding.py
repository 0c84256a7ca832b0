"""What does not expire, because something kept was made from it."""

from __future__ import annotations

from datetime import timedelta

from raro.events.catalogue import ArtifactDeleted, ArtifactPinned, ArtifactUnpinned, FileDeleted
from raro.events.shapes import AgentSpec
from raro.events.subjects import file_id
from raro.projections import keeping
from raro.projections.holding import held
from raro.projections.queries import Connection
from tests.given import at
from tests.projections.stories import (
    CLIENT,
    Step,
    artifact_input,
    folded,
    library_input,
    made,
    read,
    saved,
    started,
)

ONE = AgentSpec(id="one")


def due(views: Connection) -> set[str]:
    found = keeping.due(views, at(1_000_000), timedelta(days=99_999))
    return {f"{item.run_id}/{path}" for item in found for path in item.paths}


def pinned(run_id: str, path: str) -> Step:
    return CLIENT, run_id, ArtifactPinned(path=path)


def chain() -> list[Step]:
    """x of r → y of s → z of t, each given to the next run."""
    return [
        started("r", [ONE]),
        made("r", "one", 1, "x"),
        made("r", "one", 1, "beside"),
        started("s", [ONE], artifact_input("r", "x")),
        made("s", "one", 1, "y"),
        started("t", [ONE], artifact_input("s", "y")),
        made("t", "one", 1, "z"),
    ]


def test_nothing_is_held_while_nothing_is_kept() -> None:
    assert due(folded(chain())) == {"r/x", "r/beside", "s/y", "t/z"}


def test_everything_a_pinned_artifact_was_made_from_stays_over_several_runs() -> None:
    assert due(folded(chain(), pinned("t", "z"))) == {"r/beside"}


def test_it_says_for_what_something_stays() -> None:
    views = folded(chain(), pinned("t", "z"))
    found = {f"{row['run_id']}/{row['path']}": row["kept_for"] for row in keeping.overdue(views, at(1_000_000))}
    z = [{"kind": "artifact", "run_id": "t", "name": "z"}]
    assert found == {"r/x": z, "s/y": z}


def test_what_is_no_longer_pinned_or_was_deleted_holds_nothing() -> None:
    unpinned = (CLIENT, "t", ArtifactUnpinned(path="z", expires_at=at(0)))
    deleted = (CLIENT, "t", ArtifactDeleted(path="z"))
    assert due(folded(chain(), pinned("t", "z"), unpinned)) == {"r/x", "r/beside", "s/y", "t/z"}
    assert due(folded(chain(), pinned("t", "z"), deleted)) == {"r/x", "r/beside", "s/y"}


def test_what_a_saved_file_was_made_from_stays_and_the_saved_artifact_may_go() -> None:
    views = folded(chain(), saved("t", "z", "kept.md"))
    assert due(views) == {"r/beside", "t/z"}
    assert {row["path"]: row["kept_for"] for row in keeping.overdue(views, at(1_000_000))}["x"] == [
        {"kind": "library", "name": "kept.md", "version": 1}
    ]


def test_a_deleted_library_file_holds_nothing() -> None:
    deleted = (CLIENT, file_id(CLIENT, "kept.md"), FileDeleted(filename="kept.md"))
    assert due(folded(chain(), saved("t", "z", "kept.md"), deleted)) == {"r/x", "r/beside", "s/y", "t/z"}


def test_the_way_over_the_library_counts() -> None:
    steps: list[Step] = [
        started("r", [ONE]),
        made("r", "one", 1, "x"),
        *saved("r", "x", "x.csv"),
        (CLIENT, file_id(CLIENT, "x.csv"), FileDeleted(filename="x.csv")),
        started("s", [ONE], library_input("x.csv")),
        made("s", "one", 1, "y"),
    ]
    assert due(folded(steps)) == {"r/x", "s/y"}
    assert due(folded(steps, pinned("s", "y"))) == set()


def test_within_a_run_only_what_was_seen_to_be_read_stays() -> None:
    two = AgentSpec(id="two", depends_on=("one",))
    views = folded(
        started("r", [ONE, two]),
        made("r", "one", 1, "read.csv"),
        made("r", "one", 1, "not-read.csv"),
        read("r", "two", 1, "output/read.csv"),
        made("r", "two", 1, "report.md"),
        pinned("r", "report.md"),
    )
    assert due(views) == {"r/not-read.csv"}


def test_it_counts_what_was_read_by_an_agent_whose_words_were_read() -> None:
    views = folded(
        started("r", [ONE, AgentSpec(id="two"), AgentSpec(id="three")]),
        made("r", "one", 1, "a.csv"),
        read("r", "two", 1, "output/a.csv"),
        read("r", "three", 1, "agent:two"),
        made("r", "three", 1, "report.md"),
        pinned("r", "report.md"),
    )
    assert due(views) == set()


def test_another_clients_pin_holds_nothing() -> None:
    other: list[Step] = [
        started("s", [ONE], artifact_input("r", "x"), client="other"),
        made("s", "one", 1, "y", client="other"),
        ("other", "s", ArtifactPinned(path="y")),
    ]
    assert due(folded(started("r", [ONE]), made("r", "one", 1, "x"), other)) == {"r/x"}


def test_an_artifact_whose_next_version_was_made_from_it_is_not_kept_for_itself() -> None:
    views = folded(
        started("r", [ONE]),
        made("r", "one", 1, "x"),
        read("r", "one", 2, "output/x"),
        made("r", "one", 3, "x", 2),
        pinned("r", "x"),
    )
    assert held(views, [{"client_id": CLIENT, "run_id": "r", "path": "x"}]) == {}
