"""The log's own table as it is asked: filters, and what caused what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from raro.events.catalogue import (
    AgentScheduled,
    AgentStarted,
    AgentTurnCompleted,
    Completed,
    EventData,
    FileGenerated,
    FileUploaded,
    Paused,
    Started,
)
from raro.events.envelope import Cause, Event, new_event
from raro.events.reader import RawMessage
from raro.events.shapes import AgentSpec, BlobRef, WorkflowConfig
from raro.projections import audit, causation
from raro.projections.audit import EventsWanted
from raro.projections.queries import Connection
from raro.projections.store import Store
from tests.given import CLIENT, START, at

RUN = "run_1"
_BLOB = BlobRef(sha256="a" * 64, size_bytes=7)


def turn(number: int) -> AgentTurnCompleted:
    """What a model said in a turn."""
    return AgentTurnCompleted(
        agent_id="one", turn=number, model="offline", text=f"Größe {number}", tokens_in=1, tokens_out=1,
        latency_ms=1, request=_BLOB,
    )  # fmt: skip


@dataclass
class History:
    """Events, each a second after the one before, caused by what is named."""

    events: list[Event]

    def then(self, data: EventData, cause: str, actor: str = "system", aggregate_id: str = RUN) -> Event:
        """Add one."""
        when = at(len(self.events) + 1)
        event = new_event(CLIENT, aggregate_id, data, Cause(cause, actor, RUN, when))
        self.events.append(event)
        return event

    def folded(self) -> Connection:
        """The views of it."""
        store = Store.create(Path(":memory:"), "log")
        store.fold([RawMessage(seq, event.subject, event.to_json()) for seq, event in enumerate(self.events, start=1)])
        return store.reader()


@pytest.fixture(scope="module")
def views() -> Connection:
    """A run of one agent that began twice: 1 uploaded, 2 started, 3 prepared, 4 scheduled, 5 started, 6 turn, …"""
    history = History([])
    uploaded = FileUploaded(filename="in.csv", version_number=1, sha256="0" * 64, size_bytes=3, content_type="text/csv")
    history.then(uploaded, "a-command", "user:ada", "file_1")
    begun = history.then(
        Started(workflow=WorkflowConfig(agents=(AgentSpec(id="one"),)), retention_days=7), "a-command", "user:ada"
    )
    history.then(Paused(reason="f"), begun.id)
    scheduled = history.then(AgentScheduled(agent_id="one"), begun.id)
    history.then(AgentStarted(agent_id="one", epoch=1, model="offline", worker="w"), scheduled.id)
    history.then(turn(1), f"{RUN}/one/1/turn-1", "agent:one")
    history.then(AgentStarted(agent_id="one", epoch=2, model="offline", worker="w"), scheduled.id)
    made = FileGenerated(agent_id="one", turn=2, path="a/b.txt", sha256="0" * 64, size_bytes=1)
    history.then(turn(2), f"{RUN}/one/2/turn-2", "agent:one")
    history.then(made, f"{RUN}/one/2/file-a/b.txt", "agent:one")
    history.then(Completed(), f"{RUN}/over")
    return history.folded()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EventsWanted(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (EventsWanted(type="agent_started"), [5, 7]),
        (EventsWanted(type="raro.run.completed.v1"), [10]),
        (EventsWanted(run_id=RUN, actor="user:ada"), [1, 2]),
        (EventsWanted(agent="one", after=4, before=8), [5, 6, 7]),
        (EventsWanted(agent="two"), []),
        (EventsWanted(begin=at(9)), [9, 10]),
        (EventsWanted(end=at(3)), [1, 2]),
        (EventsWanted(end=at(3).replace(tzinfo=None)), [1, 2]),
        (EventsWanted(begin=at(9).astimezone(timezone(timedelta(hours=5)))), [9, 10]),
        (EventsWanted(text="GRÖSSE"), []),
        (EventsWanted(text="größe 2"), [8]),
        (EventsWanted(text="B.TXT"), [9]),
        (EventsWanted(text="%"), []),
        (EventsWanted(text="", actor=""), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (EventsWanted(newest=True, limit=2), [10, 9]),
    ],
)
def test_events_are_found_by_what_they_are_about(views: Connection, wanted: EventsWanted, expected: list[int]) -> None:
    found, _ = audit.events(views, CLIENT, wanted)
    assert [event["seq"] for event in found] == expected
    assert audit.events(views, "another", wanted) == ([], None)
    if wanted.limit > 10:
        assert audit.count(views, CLIENT, wanted, 100) == len(expected)


def test_nothing_is_counted_further_than_it_matters(views: Connection) -> None:
    assert audit.count(views, CLIENT, EventsWanted(), 3) == 3


@pytest.mark.parametrize(
    ("seq", "causes", "effects"),
    [
        (1, [], []),
        (2, [], [(3, 2), (4, 2), (5, 4), (6, 5), (7, 4), (8, 7), (9, 7), (10, 2)]),
        (4, [2], [(5, 4), (6, 5), (7, 4), (8, 7), (9, 7)]),
        # What an agent did is caused by the beginning of that epoch, not of another.
        (6, [2, 4, 5], []),
        (9, [2, 4, 7], []),
        (10, [2], []),
    ],
)
def test_an_event_names_what_led_to_it_and_what_it_led_to(
    views: Connection, seq: int, causes: list[int], effects: list[tuple[int, int]]
) -> None:
    found = causation.causation(views, CLIENT, str(seq))
    assert found is not None
    assert found.event["seq"] == seq
    assert [event["seq"] for event in found.causes] == causes
    assert [(event["seq"], event["cause_seq"]) for event in found.effects] == effects
    assert not found.truncated
    assert causation.causation(views, CLIENT, found.event["id"]) == found


def test_an_event_of_another_client_is_not_there(views: Connection) -> None:
    for name in ("2", "99", "nothing", "9" * 30, "\0"):
        assert causation.causation(views, "another", name) is None
    assert causation.causation(views, CLIENT, "nothing") is None


def test_a_long_chain_is_whole_and_many_effects_are_cut() -> None:
    history = History([])
    first = history.then(Paused(reason="0"), "a-command")
    last = first
    for number in range(1, causation.MOST + 2):
        last = history.then(Paused(reason=str(number)), last.id)
    views = history.folded()
    begun = causation.causation(views, CLIENT, first.id)
    assert begun is not None
    assert (len(begun.effects), begun.truncated) == (causation.MOST, True)
    ended = causation.causation(views, CLIENT, last.id)
    assert ended is not None
    assert [event["seq"] for event in ended.causes] == list(range(1, causation.MOST + 2))


def test_the_history_begins_when_it_says(views: Connection) -> None:
    found, following = audit.events(views, CLIENT, EventsWanted(limit=1))
    assert found[0]["time"] == (START + timedelta(seconds=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert following == 1
