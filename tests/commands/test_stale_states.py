"""Library commands are decided on the state as last seen: another process's events never lead them astray."""

from __future__ import annotations

from datetime import timedelta

import pytest

from raro.commands.aggregates import Caller
from raro.commands.library import PUBLIC, LibraryCommands, library_aggregates
from raro.errors import FileNotFound
from raro.events.log import EventLog
from raro.events.shapes import BlobRef
from raro.events.subjects import file_id

ACME = Caller("acme")


def process(log: EventLog) -> LibraryCommands:
    """The library's commands as one process has them, with a cache of its own."""
    return LibraryCommands(library_aggregates(log), grace=timedelta(hours=1))


def blob(letter: str) -> BlobRef:
    return BlobRef(sha256=letter * 64, size_bytes=3)


async def upload(library: LibraryCommands, letter: str, caller: Caller = ACME) -> int:
    return (await library.upload(caller, "x.csv", blob(letter), "text/csv")).version


async def test_a_file_that_another_process_linked_is_unlinked(log: EventLog) -> None:
    one, other = process(log), process(log)
    await upload(one, "a")
    linked = await other.link(ACME, "x.csv")
    assert (await one.unlink(ACME, "x.csv")).seq == linked.seq + 1


async def test_a_file_that_another_process_deleted_is_not_linked(log: EventLog) -> None:
    one, other = process(log), process(log)
    await upload(one, "a")
    await other.delete(ACME, "x.csv")
    with pytest.raises(FileNotFound):
        await one.link(ACME, "x.csv")


async def test_a_file_that_another_process_uploaded_is_found(log: EventLog) -> None:
    one, other = process(log), process(log)
    with pytest.raises(FileNotFound):
        await one.link(ACME, "x.csv")
    await upload(other, "a")
    assert (await one.link(ACME, "x.csv")).seq == 2


async def test_a_public_file_is_linked_by_a_client_that_has_none(log: EventLog) -> None:
    library = process(log)
    await upload(library, "a", Caller(PUBLIC))
    assert (await library.link(ACME, "x.csv")).seq == 2
    assert (await library.unlink(ACME, "x.csv")).seq == 3


async def test_a_key_used_in_another_process_leaves_a_whole_state(log: EventLog) -> None:
    one, other = process(log), process(log)
    await upload(one, "a")
    await upload(other, "b")
    keyed = Caller("acme", idempotency_key="k")
    assert await upload(other, "c", keyed) == 3
    assert await upload(one, "c", keyed) == 3
    slot = (await one.slots.load("acme", file_id("acme", "x.csv"))).state
    assert [version.sha256[0] for version in slot.versions] == ["a", "b", "c"]
