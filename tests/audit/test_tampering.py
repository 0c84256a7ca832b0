"""Every way to change a sealed log, on messages of a real one: given / when it was changed / then what is found.

The messages are read from a real nats-server once; what a changed log would give is made of them by hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from raro.audit.checkpoints import opened
from raro.audit.copies import copy_file
from raro.audit.findings import Evidence, Place, Report, judge
from raro.audit.leaf import LeafHasher
from raro.audit.merkle import Tree
from raro.audit.notes import Checkpoint, Signer
from raro.audit.reading import Reading
from raro.audit.sealed import SealedLog
from raro.audit.sealer import Rhythm, Sealer
from raro.audit.verify import Auditor
from raro.events.log import EventLog
from raro.events.raw import Stored, endpoint_of, read_stored
from raro.events.stream import STREAM, stream_state, wanted_config
from raro.events.wire import js_request
from raro.files.blobs import BlobStore
from tests.audit import conftest

Changed = Callable[[list[Stored]], list[Stored]]


class Captured:
    """A sealed log's messages, and what was signed of them: at 263, 324 and 355 of 356 events."""

    def __init__(self, messages: list[Stored], sealed: SealedLog) -> None:
        self.messages = messages
        self.sealed = sealed
        key = sealed.verifier()
        assert key is not None
        self.key = key
        self.signed = {
            size: opened(sealed.checkpoints.read(size), key, sealed.origin) for size in sealed.checkpoints.sizes()
        }

    def report(self, messages: list[Stored], *, head: int | None = None, signed: dict[int, Checkpoint] | None = None,
               second: Place | None = None) -> Report:  # fmt: skip
        """What verification finds when these are the log's messages."""
        evidence = Evidence(self.key, None, Place(self.signed if signed is None else signed), second)
        reading = Reading(self.sealed.incarnation, evidence.roots, self.sealed.tiles)
        for at in range(0, len(messages), 50):
            reading.take(messages[at : at + 50])
        reading.finish(head if head is not None else messages[-1].seq)
        return judge(evidence, reading, later={})


@pytest.fixture
async def captured(place: conftest.Place) -> Captured:
    for count in (260, 57, 27):
        await place.append(count)
        await place.sealer.seal()
    head = await place.log.head()
    endpoint = endpoint_of(place.log.nc)
    groups = await asyncio.to_thread(lambda: list(read_stored(endpoint, 1, head)))
    return Captured([message for group in groups for message in group], place.sealed)


def edited(seq: int, **changes: Any) -> Changed:
    return lambda messages: [one._replace(**changes) if one.seq == seq else one for one in messages]


def renumbered(messages: list[Stored]) -> list[Stored]:
    return [message._replace(seq=number) for number, message in enumerate(messages, start=1)]


def test_given_nothing_was_changed(captured: Captured) -> None:
    assert list(captured.signed) == [263, 324, 355]
    report = captured.report(captured.messages)
    assert report.ok, report
    assert report.size == 356


EDITS = (
    (edited(100, body=b"{}"), 100, 0),
    (edited(100, time_ns=1), 100, 0),
    (edited(100, subject=b"raro.evt.acme.run.run_9.paused"), 100, 0),
    (edited(100, headers=b"NATS/1.0\r\nNats-Msg-Id: other\r\n\r\n"), 100, 0),
    (edited(264, body=b"{}"), 264, 263),
    (edited(355, body=b"{}"), 355, 324),
)


def test_an_edited_event_is_named(captured: Captured) -> None:
    for change, since, intact in EDITS:
        report = captured.report(change(captured.messages))
        found = conftest.wrong(report)["root"]
        assert found.since == since
        assert f"event {since} is not what was sealed" in found.detail
        assert f"event {intact:,} is the last that surely is" in found.detail


def test_a_flipped_bit_anywhere_is_found(captured: Captured) -> None:
    for seq in (1, 50, 257, 300, 355):
        body = bytearray(captured.messages[seq - 1].body)
        body[seq % len(body)] ^= 1 << seq % 8
        assert conftest.wrong(captured.report(edited(seq, body=bytes(body))(captured.messages)))["root"].since == seq


def test_what_is_not_sealed_yet_is_not_called_changed(captured: Captured) -> None:
    found = conftest.wrong(captured.report(edited(356, body=b"{}")(captured.messages)))
    # The event that tells of the last checkpoint: it tells of none now.
    assert "root" not in found


def test_a_removed_event_is_a_gap(captured: Captured) -> None:
    messages = [message for message in captured.messages if message.seq != 300]
    found = conftest.wrong(captured.report(messages))
    assert found["events"].detail == "event 300 is not in the log"
    assert "event 263 is the last that surely is" in found["root"].detail


def test_a_removed_event_whose_place_was_closed(captured: Captured) -> None:
    messages = renumbered([message for message in captured.messages if message.seq != 300])
    found = conftest.wrong(captured.report(messages))
    assert found["root"].since == 300
    assert "355 events were signed, the log ends at 355" not in str(found)


def test_an_added_event(captured: Captured) -> None:
    messages = renumbered([*captured.messages[:99], captured.messages[0], *captured.messages[99:]])
    assert conftest.wrong(captured.report(messages))["root"].since == 100


def test_reordered_events(captured: Captured) -> None:
    messages = list(captured.messages)
    messages[100], messages[101] = messages[101]._replace(seq=101), messages[100]._replace(seq=102)
    found = conftest.wrong(captured.report(messages))["root"]
    assert "events 101, 102 are not what was sealed" in found.detail


def test_a_cut_tail(captured: Captured) -> None:
    found = conftest.wrong(captured.report(captured.messages[:340]))
    assert "355 events were signed, the log ends at 340" in found["consistency"].detail
    assert found["consistency"].since == 341
    assert "event 324 is the last that surely is" in found["root"].detail


def test_a_cut_head(captured: Captured) -> None:
    found = conftest.wrong(captured.report(captured.messages[10:]))
    assert found["events"].since == 1
    assert "events 1, 2, 3" in found["events"].detail


def test_the_end_that_the_server_says_but_does_not_give(captured: Captured) -> None:
    found = conftest.wrong(captured.report(captured.messages, head=360))
    assert found["events"].since == 357


def test_a_re_signed_fork_contradicts_what_was_signed_before(captured: Captured) -> None:
    """Given the key's thief edits event 300 and signs anew, then the second place or the log itself tells."""
    messages = edited(300, body=b"{}")(captured.messages)
    signer: Signer = captured.sealed.signer()
    tree = Tree()
    tree.append(LeafHasher(captured.sealed.incarnation).hashes(messages[:355]))
    forged = signer.verifier.open(signer.sign(Checkpoint(captured.sealed.origin, 355, tree.root())))
    alone = conftest.wrong(captured.report(messages, signed={355: forged}))
    assert alone["consistency"].since is not None
    assert "of another root than was signed for 355 events" in alone["consistency"].detail
    both = conftest.wrong(
        captured.report(messages, signed={**captured.signed, 355: forged}, second=Place(captured.signed))
    )
    assert "two roots were signed for 355 events: a fork" in both["consistency"].detail


def test_removed_checkpoints_are_missed(captured: Captured) -> None:
    found = conftest.wrong(captured.report(captured.messages, signed={263: captured.signed[263]}))
    assert "tells of a checkpoint of 324 events, which is gone" in found["consistency"].detail
    whole = Place(captured.signed)
    found = conftest.wrong(captured.report(captured.messages, signed={355: captured.signed[355]}, second=whole))
    assert found["second_place"].detail == "checkpoints that are gone from the first place: 263; 324"


def test_changed_tiles_are_not_taken_for_a_changed_log(captured: Captured) -> None:
    full: Path = captured.sealed.folder / "tile" / "0" / "000"
    data = full.read_bytes()
    full.write_bytes(data[:32] + bytes(32) + data[64:])
    assert conftest.wrong(captured.report(captured.messages)).keys() == {"tiles"}
    full.unlink()
    assert conftest.wrong(captured.report(captured.messages)).keys() == {"tiles"}


def test_members_of_a_torn_batch_are_told_and_nothing_more(captured: Captured) -> None:
    cut = captured.messages[-1]._replace(
        seq=357, headers=b"NATS/1.0\r\nNats-Batch-Id: x\r\nNats-Batch-Sequence: 1\r\n\r\n"
    )
    report = captured.report([*captured.messages, cut])
    assert report.ok
    assert next(check.detail for check in report.checks if check.name == "batches").startswith(
        "event 357 is of a batch"
    )


async def test_a_message_that_the_server_deleted(nc: Client, tmp_path: Path) -> None:
    """A stream that its owner opened for deletion: the gap is found on the wire, too."""
    await js_request(nc, f"STREAM.CREATE.{STREAM}", {**wanted_config(1), "deny_delete": False})
    log = EventLog(nc, await stream_state(nc))
    await log.append([conftest.paused(number) for number in range(10)])
    sealed = SealedLog(tmp_path / "audit", log.incarnation)
    await Sealer(log, sealed, lambda: 0, Rhythm()).seal()
    await js_request(nc, f"STREAM.MSG.DELETE.{STREAM}", {"seq": 5})
    auditor = Auditor(log, sealed, BlobStore(tmp_path / "blobs"), copy_file(tmp_path / "none"), tmp_path / "cache")
    found = conftest.wrong(await auditor.verify())
    assert found["events"].detail == "event 5 is not in the log"
    assert found["root"].since == 1
