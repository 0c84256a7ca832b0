"""How far the log is old and about nothing that goes on."""

from __future__ import annotations

from raro.events.catalogue import Completed, Paused
from raro.events.shapes import AgentSpec
from raro.projections.audit import Settled, settled
from tests.given import at
from tests.projections.stories import CLIENT, folded, started, uploaded

ONE = AgentSpec(id="one")


def test_it_ends_where_the_first_unfinished_run_begins() -> None:
    views = folded(
        started("done", [ONE]),
        uploaded("a.csv"),
        started("going", [ONE]),
        (CLIENT, "done", Completed()),
        (CLIENT, "going", Paused()),
    )
    assert settled(views, at(1000)) == Settled(2, "going")


def test_it_ends_where_events_are_younger() -> None:
    views = folded(started("going", [ONE]), (CLIENT, "going", Completed()), uploaded("a.csv"), started("g", [ONE]))
    assert settled(views, at(3)) == Settled(2, None)
    assert settled(views, at(0)) == Settled(0, None)


def test_all_of_an_old_log_is_settled_and_of_an_empty_one_nothing() -> None:
    assert settled(folded(uploaded("a.csv"), uploaded("b.csv")), at(1000)) == Settled(2, None)
    assert settled(folded(uploaded("a.csv")), at(0)) == Settled(0, None)
