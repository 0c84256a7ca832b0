"""Checkpoints in an object store, over the wire against a loopback S3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from raro.audit.copies import copy_file
from raro.audit.sealed import SealedLog
from raro.audit.sealer import Rhythm, Sealer
from raro.audit.verify import Auditor
from tests.audit.conftest import Place, wrong
from tests.peers.s3 import S3, s3_peer


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    with s3_peer() as peer:
        monkeypatch.setenv("AWS_ENDPOINT", peer.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield peer


@pytest.fixture
def sealed(place: Place, s3: S3) -> SealedLog:
    return SealedLog(place.folder / "audit", place.log.incarnation, second="s3://bucket/raro")


def auditor(place: Place, sealed: SealedLog) -> Auditor:
    return Auditor(place.log, sealed, place.blobs, copy_file(place.folder / "none"), place.folder / "cache")


async def test_checkpoints_are_put_and_compared(place: Place, sealed: SealedLog, s3: S3) -> None:
    await place.append(2)
    await Sealer(place.log, sealed, lambda: 0, Rhythm()).seal()
    [(key, note)] = s3.objects.items()
    assert key == f"raro/{place.log.incarnation}/{5:020d}"
    assert note.decode() == sealed.checkpoints.read(5).note
    report = await auditor(place, sealed).verify(quick=True)
    assert report.ok, report
    (sealed.checkpoints.folder / f"{5:020d}").unlink()
    assert (
        "gone from the first place: 5" in wrong(await auditor(place, sealed).verify(quick=True))["second_place"].detail
    )


async def test_a_changed_object_is_found(place: Place, sealed: SealedLog, s3: S3) -> None:
    await place.append(2)
    await Sealer(place.log, sealed, lambda: 0, Rhythm()).seal()
    for key, note in s3.objects.items():
        s3.objects[key] = note.replace(b"\n5\n", b"\n6\n")
    found = wrong(await auditor(place, sealed).verify(quick=True))
    assert "second place: checkpoint 5" in found["signatures"].detail


async def test_while_it_is_away_sealing_goes_on(place: Place, sealed: SealedLog, s3: S3) -> None:
    sealer = Sealer(place.log, sealed, lambda: 0, Rhythm())
    s3.failing = True
    await place.append(2)
    await sealer.seal()
    assert "could not list the checkpoints in s3://bucket/raro" in (sealer.second_fault or "")
    found = wrong(await auditor(place, sealed).verify(quick=True))
    assert found.keys() == {"second_place"}
    assert "RARO_CHECKPOINTS" in found["second_place"].detail
    s3.failing = False
    await place.append(2)
    await sealer.seal()
    assert (sealer.second_fault, len(s3.objects)) == (None, 2)
