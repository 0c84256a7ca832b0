"""Sealing a real log: what is signed, when nothing is, and when it refuses."""

from __future__ import annotations

import asyncio
import json
import os
import shutil

import pytest

from raro.audit.notes import Signer
from raro.audit.sealer import Rhythm, Sealer
from raro.errors import AuditDamaged
from raro.tasks import end
from tests.audit.conftest import Place, paused


async def test_a_checkpoint_covers_everything_and_is_told_in_the_log(place: Place) -> None:
    await place.append(10)
    made = await place.sealer.seal()
    assert made is not None
    assert made.size == 13
    told = await place.log.get(14)
    assert told is not None
    assert told.event.type == "raro.system.checkpoint_sealed.v1"
    assert told.event.data.model_dump()["size"] == 13
    assert not (await place.verify()).checks[0].detail.startswith("nothing")


async def test_what_only_tells_of_sealing_is_not_sealed_alone(place: Place) -> None:
    await place.append(1)
    first = await place.sealer.seal()
    assert await place.sealer.seal() == first
    assert await place.log.head() == 5
    await place.append(1)
    second = await place.sealer.seal()
    assert second is not None
    assert second.size == 9


async def test_an_empty_log_is_not_sealed(place: Place) -> None:
    assert await place.sealer.seal() is None
    assert await place.log.head() == 0


async def test_many_sealings_and_starts_give_the_tree_of_the_whole(place: Place) -> None:
    for count in (300, 1, 254, 20):
        await place.append(count)
        await place.sealer.seal()
    report = await place.verify()
    assert report.ok, report
    assert len(place.sealed.checkpoints.sizes()) == 4


async def test_two_at_once_sign_one_after_the_other(place: Place) -> None:
    await place.append(3)
    sealer = place.sealer
    made = await asyncio.gather(*(sealer.seal() for _ in range(5)))
    assert len({checkpoint.size for checkpoint in made if checkpoint}) == 1
    assert (await place.verify()).ok


async def test_it_seals_by_itself_by_number_and_by_time(place: Place) -> None:
    sealer = Sealer(place.log, place.sealed, lambda: place.views.seq, Rhythm(events=5, seconds=3600))
    task = asyncio.create_task(sealer.run())
    try:
        await place.append(1)
        await asyncio.sleep(1.2)
        assert place.sealed.checkpoints.sizes() == []
        await place.append(1)
        async with asyncio.timeout(30):
            while not place.sealed.checkpoints.sizes():
                await asyncio.sleep(0.05)
    finally:
        await end(task)
    assert place.sealed.checkpoints.sizes() == [8]


async def test_the_second_place_gets_what_it_missed(place: Place) -> None:
    second = place.folder / "second"
    second.write_text("not a folder")
    await place.append(1)
    sealer = place.sealer
    await sealer.seal()
    assert "could not" in (sealer.second_fault or "")
    second.unlink()
    await place.append(1)
    await sealer.seal()
    assert not sealer.second_fault
    assert place.sealed.second is not None
    assert place.sealed.second.sizes() == place.sealed.checkpoints.sizes() == [4, 9]


async def test_the_key_is_for_its_owner_alone(place: Place) -> None:
    await place.append(1)
    await place.sealer.seal()
    assert oct(place.sealed.key_path.stat().st_mode & 0o777) == "0o600"


async def test_it_goes_on_after_a_crash_between_tiles_and_signature(place: Place) -> None:
    await place.append(300)
    await place.sealer.seal()
    sealed = place.sealed
    # The moment before the signature: the tiles are there, the checkpoint is not.
    (sealed.checkpoints.folder / f"{303:020d}").unlink()
    await place.append(10)
    made = await place.sealer.seal()
    assert made is not None
    assert made.size == 317
    report = await place.verify(quick=True)
    # A crash comes before the second place and the event; here both know of what is gone, and say so.
    assert [check.name for check in report.checks if not check.ok] == ["second_place"]


class TestRefusals:
    async def test_a_changed_event(self, place: Place) -> None:
        """Given a sealed log, when its last sealed event is not what the tiles say, then nothing is signed."""
        await place.append(5)
        await place.sealer.seal()
        tile = place.sealed.folder / "tile" / "0" / "000.p" / "8"
        tile.write_bytes(tile.read_bytes()[:-1] + bytes([tile.read_bytes()[-1] ^ 1]))
        await place.append(1)
        await self._refuses(place, "do not give the root that was signed")

    async def test_a_checkpoint_with_another_root(self, place: Place) -> None:
        await place.append(5)
        await place.sealer.seal()
        path = place.sealed.checkpoints.folder / f"{8:020d}"
        path.write_text(path.read_text().replace("\n8\n", "\n7\n"))
        await place.append(1)
        await self._refuses(place, "changed after it was signed")

    async def test_another_key(self, place: Place) -> None:
        await place.append(5)
        await place.sealer.seal()
        place.sealed.key_path.unlink()
        await self._refuses(place, "is gone, though checkpoints were signed with it")
        shutil.copy(_other_key(place), place.sealed.key_path)
        await self._refuses(place, "is not the key that sealed this log")

    async def test_a_key_that_is_none(self, place: Place) -> None:
        place.sealed.key_path.parent.mkdir()
        place.sealed.key_path.write_text("secret")
        await place.append(1)
        await self._refuses(place, "holds no private key")

    async def test_a_log_that_lost_its_end(self, place: Place) -> None:
        await place.append(5)
        sealer = place.sealer
        await sealer.seal()
        checkpoints = place.sealed.checkpoints
        signer = place.sealed.signer()
        state = place.sealed.resume(signer.verifier)
        assert state is not None
        tiles = state.tree.append([os.urandom(32) for _ in range(10)])
        place.sealed.tiles.write([*tiles, *state.tree.partial()])
        longer = type(state.checkpoint)(state.checkpoint.origin, state.tree.size, state.tree.root())
        checkpoints.write(longer.size, Signer(signer.name, signer.secret).sign(longer))
        await self._refuses(place, "18 events were sealed, but the log ends at event 9")

    async def _refuses(self, place: Place, why: str) -> None:
        before = (place.sealed.checkpoints.sizes(), await place.log.head())
        with pytest.raises(AuditDamaged, match=why):
            await place.sealer.seal()
        assert (place.sealed.checkpoints.sizes(), await place.log.head()) == before


def _other_key(place: Place):  # type: ignore[no-untyped-def]
    from raro.audit.keys import signing_key

    path = place.folder / "other.pem"
    signing_key(path, "other")
    return path


async def test_the_event_says_what_the_file_says(place: Place) -> None:
    await place.append(2)
    made = await place.sealer.seal()
    assert made is not None
    told = await place.log.get(6)
    assert told is not None
    assert json.loads(told.body)["data"]["root"] == made.text().splitlines()[2]
    assert paused(1).type != told.event.type
