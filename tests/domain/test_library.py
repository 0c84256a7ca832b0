"""What is decided about one name of a library."""

from __future__ import annotations

from datetime import timedelta

from raro.domain.library import (
    Slot,
    decide_delete,
    decide_link,
    decide_restore,
    decide_unlink,
    decide_upload,
    evolve,
)
from raro.errors import FileNotFound, GraceOver, WrongState
from raro.events.catalogue import EventData, FileDeleted, FileLinked, FileRestored, FileUnlinked, FileUploaded
from raro.events.shapes import BlobRef, Origin
from tests.given import Given, at, fold

GRACE = timedelta(seconds=60)
DELETED = FileDeleted(filename="a.csv")


def version(number: int, letter: str, origin: Origin | None = None) -> FileUploaded:
    return FileUploaded(
        filename="a.csv",
        version_number=number,
        sha256=letter * 64,
        size_bytes=3,
        content_type="text/csv",
        origin=origin or Origin(),
    )


def given(*history: EventData) -> Given[Slot]:
    return Given(fold(Slot(), evolve, history))


def blob(letter: str) -> BlobRef:
    return BlobRef(sha256=letter * 64, size_bytes=3)


def test_other_bytes_make_the_next_version() -> None:
    given(version(1, "a")).when(lambda slot: decide_upload(slot, "a.csv", blob("b"), "text/csv", Origin())).then(
        version(2, "b")
    )


def test_the_same_bytes_again_make_no_version() -> None:
    given(version(1, "a")).when(lambda slot: decide_upload(slot, "a.csv", blob("a"), "text/csv", Origin())).then()


def test_uploading_a_deleted_name_goes_on_counting() -> None:
    given(version(1, "a"), DELETED).when(
        lambda slot: decide_upload(slot, "a.csv", blob("a"), "text/csv", Origin())
    ).then(version(2, "a"))


def test_only_what_can_be_read_is_linked() -> None:
    given().when(lambda slot: decide_link(slot, "a.csv", public=False)).fails(FileNotFound, "a.csv")
    given().when(lambda slot: decide_link(slot, "a.csv", public=True)).then(FileLinked(filename="a.csv"))
    given(version(1, "a"), DELETED).when(lambda slot: decide_link(slot, "a.csv", public=False)).fails(FileNotFound)


def test_linking_twice_is_once() -> None:
    given(version(1, "a"), FileLinked(filename="a.csv")).when(
        lambda slot: decide_link(slot, "a.csv", public=False)
    ).then()


def test_a_deleted_file_is_not_linked_any_more_even_when_it_comes_back() -> None:
    history = (version(1, "a"), FileLinked(filename="a.csv"), DELETED, FileRestored(filename="a.csv"))
    assert not fold(Slot(), evolve, history).linked


def test_unlinking_names_a_file_that_is_not_there() -> None:
    given().when(lambda slot: decide_unlink(slot, "a.csv", public=False)).fails(FileNotFound, "a.csv")
    given(version(1, "a"), FileLinked(filename="a.csv")).when(
        lambda slot: decide_unlink(slot, "a.csv", public=False)
    ).then(FileUnlinked(filename="a.csv"))


def test_what_is_deleted_cannot_be_deleted_again() -> None:
    given(version(1, "a"), DELETED).when(lambda slot: decide_delete(slot, "a.csv")).fails(FileNotFound)


def test_a_deletion_is_undone_within_the_grace_period_only() -> None:
    deleted = given(version(1, "a"), DELETED)
    deleted.when(lambda slot: decide_restore(slot, "a.csv", None, now=at(61), grace=GRACE)).then(
        FileRestored(filename="a.csv")
    )
    deleted.when(lambda slot: decide_restore(slot, "a.csv", None, now=at(62), grace=GRACE)).fails(GraceOver, "a.csv")


def test_an_older_version_becomes_the_newest() -> None:
    given(version(1, "a"), version(2, "b")).when(
        lambda slot: decide_restore(slot, "a.csv", 1, now=at(5), grace=GRACE)
    ).then(version(3, "a", Origin(kind="version", version=1)))


def test_restoring_what_is_there_is_refused() -> None:
    there = given(version(1, "a"))
    there.when(lambda slot: decide_restore(slot, "a.csv", None, now=at(5), grace=GRACE)).fails(WrongState)
    there.when(lambda slot: decide_restore(slot, "a.csv", 9, now=at(5), grace=GRACE)).fails(FileNotFound, "version 9")
