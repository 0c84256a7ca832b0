"""Proof packages of a run on a real log: what they hold, that others can read them, and that no change passes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from rocrate.rocrate import ROCrate  # type: ignore[import-untyped]

from raro.audit.crate.check import check_package
from raro.audit.crate.package import package, seqs_of_run, zipped
from raro.audit.notes import Signer
from raro.audit.proofs import BadProof
from raro.audit.prover import Prover
from raro.errors import BytesErased
from raro.events import catalogue as say
from raro.events.envelope import Cause, Event, new_event
from raro.events.shapes import InputFile, Promoted, WorkflowConfig
from raro.events.subjects import aggregate_filter, file_id
from tests.audit.conftest import Place

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
RUN = "run_1"
NAMES = ("a/report (1).md", "a", "ä #?.csv", "metadata.json", "gone.txt")


def event(data: say.EventData, number: int, actor: str = "system", aggregate_id: str = RUN) -> Event:
    return new_event("acme", aggregate_id, data, Cause(f"cause-{number}", actor, RUN, NOW))


@dataclass
class Made:
    """A run on the log, and its package."""

    place: Place
    path: Path
    hashes: dict[str, str]


async def write_run(place: Place) -> dict[str, str]:
    """A run as RARO writes it: every step expects the one before; gives the hash of every artifact."""
    given = await place.blobs.put_bytes(b"a,b\n1,2\n")
    known = given.sha256, given.size_bytes
    uploaded = say.FileUploaded(
        filename="in.csv", version_number=1, sha256=known[0], size_bytes=known[1], content_type="text/csv"
    )
    await place.log.append([event(uploaded, 0, "user:ada", file_id("acme", "in.csv"))])
    inputs = (
        InputFile(name="in.csv", version=1, sha256=known[0], size_bytes=known[1], content_type="text/csv"),
        InputFile(name="lost.bin", version=3, sha256="0" * 64, size_bytes=9),
    )
    started = say.Started(
        workflow=WorkflowConfig(name="Costs"), directive="Look <b>at</b> it", inputs=inputs, retention_days=7
    )
    told: list[tuple[say.EventData, str]] = [
        (started, "user:ada"),
        (say.AgentStarted(agent_id="analyze_a", epoch=1, model="offline", worker="w"), "system"),
        (say.AgentTurnCompleted(agent_id="analyze_a", turn=1, model="offline", tokens_in=5), "agent:analyze_a"),
        (say.ApprovalRequested(approval_id="ap_1", agent_id="analyze_a", reason="a script"), "system"),
        (say.ApprovalGranted(approval_id="ap_1", note="fine"), "user:bob"),
    ]
    hashes: dict[str, str] = {}
    for name in NAMES:
        blob = await place.blobs.put_bytes(name.encode())
        hashes[name] = blob.sha256
        artifact = Promoted(
            path=name, version=1, agent_id="analyze_a", sha256=blob.sha256, size_bytes=blob.size_bytes,
            content_type="text/plain", generated_at=NOW,
        )  # fmt: skip
        reads = ("input/in.csv", "agent:analyze_a")
        told.append(
            (say.ArtifactPromoted(path=name, artifact=artifact, generated_by="x", turn=1, inputs=reads), "system")
        )
    told += [
        (say.ArtifactDeleted(path="gone.txt"), "user:ada"),
        (
            say.ArtifactSavedToLibrary(
                path="a", version_number=1, sha256=hashes["a"], filename="kept", library_version=1
            ),
            "user:ada",
        ),
        (say.Completed(), "system"),
    ]
    last = 0
    subject = aggregate_filter("acme", "run", RUN)
    for number, (data, actor) in enumerate(told, start=1):
        last = await place.log.append([event(data, number, actor)], expect={subject: last})
    return hashes


@pytest.fixture
async def made(place: Place, tmp_path: Path) -> Made:
    hashes = await write_run(place)
    await place.append(3)
    await place.views.caught_up()
    seqs = await place.views.ask(seqs_of_run, "acme", RUN)
    built = await package(Prover(place.log, place.sealer), place.blobs, seqs)
    path = tmp_path / "run.zip"
    path.write_bytes(b"".join([piece async for piece in zipped(built, place.blobs)]))
    return Made(place, path, hashes)


def test_it_holds_and_says_what_it_is(made: Made) -> None:
    checked = check_package(made.path, made.place.sealed.verifier())
    assert (checked.run_id, checked.client_id) == (RUN, "acme")
    assert (checked.events, checked.files, checked.inputs, checked.inputs_without_bytes) == (17, 4, 1, 1)


def test_the_files_are_in_it_under_names_that_stand_side_by_side(made: Made) -> None:
    with zipfile.ZipFile(made.path) as archive:
        found = {info.filename: sha256(archive.read(info)).hexdigest() for info in archive.infolist()}
    assert found["artifacts/a (file)"] == made.hashes["a"]
    assert found["artifacts/a/report (1).md"] == made.hashes["a/report (1).md"]
    assert found["artifacts/metadata.json"] == made.hashes["metadata.json"]
    assert not any("gone.txt" in name for name in found)


def test_rocrate_reads_it(made: Made, tmp_path: Path) -> None:
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(tmp_path / "out")
    crate = ROCrate(tmp_path / "out")
    assert crate.root_dataset["identifier"] == RUN
    assert {entity.id for entity in crate.data_entities} >= {
        "artifacts/metadata.json",
        "inputs/in.csv",
        "raro/proof.json",
    }
    entities: Mapping[str, Any] = {entity.id: entity for entity in crate.get_entities()}
    report = entities["artifacts/a/report%20%281%29.md"]
    assert report["sha256"] == made.hashes["a/report (1).md"]
    assert report["creator"].id == "#agent/analyze_a"
    assert [source.id for source in report["prov:wasDerivedFrom"]] == ["inputs/in.csv", "#agent/analyze_a"]
    assert entities["inputs/in.csv"]["prov:wasAttributedTo"]["name"] == "ada"
    assert entities["#decision/ap_1"]["agent"]["name"] == "bob"
    run = entities[f"#{RUN}"]
    assert run["agent"]["name"] == "ada"
    assert {entity.id for entity in run["object"]} == {"inputs/in.csv", "inputs/lost.bin"}
    # Everything that is named is described, but for terms of schema.org.
    for entity in crate.get_entities():
        for value in _references(entity.properties()):
            assert value in entities or value.startswith("http"), value


def _references(value: Any) -> list[str]:
    if isinstance(value, dict) and set(value) == {"@id"}:
        return [value["@id"]]
    if isinstance(value, dict):
        return [one for item in value.values() for one in _references(item)]
    return [one for item in value for one in _references(item)] if isinstance(value, list) else []


Change = Callable[[dict[str, bytes]], None]


def proof(change: Callable[[dict[str, Any]], None]) -> Change:
    def changed(members: dict[str, bytes]) -> None:
        raw = json.loads(members["raro/proof.json"])
        change(raw)
        members["raro/proof.json"] = json.dumps(raw).encode()

    return changed


def put(name: str, data: bytes) -> Change:
    return lambda members: members.__setitem__(name, data)


def drop(name: str) -> Change:
    def change(members: dict[str, bytes]) -> None:
        del members[name]

    return change


def drop_event(number: int) -> Change:
    return proof(lambda raw: raw["events"].pop(number))


def body(number: int, old: str, new: str) -> Change:
    def change(raw: dict[str, Any]) -> None:
        assert old in raw["events"][number]["body"]
        raw["events"][number]["body"] = raw["events"][number]["body"].replace(old, new)

    return proof(change)


CHANGES: list[tuple[Change, str]] = [
    (put("artifacts/metadata.json", b"metadata.jsoN"), "another hash"),
    (put("artifacts/metadata.json", b"x" * 10_000), "another hash"),
    (put("inputs/in.csv", b"a,b\n1,3\n"), "another hash"),
    (put("artifacts/more.txt", b"x"), "of which the events say nothing"),
    (put("../../etc/passwd", b"x"), "of which the events say nothing"),
    (drop("artifacts/metadata.json"), "is missing"),
    (drop("inputs/in.csv"), "something else than the events"),
    (drop("raro/proof.json"), "raro/proof.json is missing"),
    (put("raro/proof.json", b"[" * 100_000), "no JSON|no proof"),
    (put("raro/proof.json", b"{}"), "no proof of the format"),
    (put("ro-crate-metadata.json", b"{}"), "something else than the events"),
    (body(3, "offline", "offlinE"), "is not in the log that was signed"),
    (body(1, "user:ada", "user:eve"), "is not in the log that was signed"),
    (proof(lambda raw: raw["events"][2].update(subject="raro.evt.acme.run.run_1.paused")), "not in the log"),
    (proof(lambda raw: raw["events"][2].update(time_ns="1")), "not in the log"),
    (proof(lambda raw: raw["events"][2]["path"].pop()), "not in the log"),
    (proof(lambda raw: raw["events"][2]["path"].__setitem__(0, "?")), "not a proof"),
    (proof(lambda raw: raw["events"][2].update(seq="3")), "number or its texts"),
    (proof(lambda raw: raw.update(events=raw["events"][::-1])), "order of the log"),
    (proof(lambda raw: raw.update(events=[])), "none"),
    (proof(lambda raw: raw.update(incarnation="1")), "another log"),
    (
        proof(lambda raw: raw.update(checkpoint=raw["checkpoint"].replace("\n2", "\n3"))),
        "signature is wrong|not signed",
    ),
    (proof(lambda raw: raw.update(key=str(Signer.new("raro/1").verifier))), "not signed by"),
    (proof(lambda raw: raw.update(key=7)), "key cannot be read"),
    (drop_event(1), "no event that starts a run"),
    (drop_event(4), "left out between"),
    (drop_event(11), "left out between"),
]


def test_no_change_passes(made: Made) -> None:
    with zipfile.ZipFile(made.path) as archive:
        whole = {info.filename: archive.read(info) for info in archive.infolist()}
    for change, why in CHANGES:
        members = dict(whole)
        change(members)
        with zipfile.ZipFile(made.path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        with pytest.raises(BadProof, match=why):
            check_package(made.path)


def test_a_name_twice_and_what_is_no_zip(made: Made) -> None:
    with zipfile.ZipFile(made.path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("artifacts/metadata.json", b"other")
    with pytest.raises(BadProof, match="in it twice"):
        check_package(made.path)
    made.path.write_bytes(made.path.read_bytes()[:-100])
    with pytest.raises(BadProof, match="no whole zip"):
        check_package(made.path)


def test_flipped_bits_do_not_pass(made: Made) -> None:
    data = made.path.read_bytes()
    with zipfile.ZipFile(made.path) as archive:
        directory = archive.start_dir
    for at in (*range(0, directory, directory // 60), *range(directory, len(data))):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        made.path.write_bytes(bytes(changed))
        try:
            check_package(made.path)
        except BadProof:
            continue
        # Times and attributes of the zip are nobody's word: what is in it is the same.
        with zipfile.ZipFile(io.BytesIO(data)) as one, zipfile.ZipFile(made.path) as other:
            assert {name: one.read(name) for name in one.namelist()} == {
                name: other.read(name) for name in other.namelist()
            }


def test_another_key_than_the_one_that_was_noted(made: Made) -> None:
    with pytest.raises(BadProof, match="not with the key that was named"):
        check_package(made.path, Signer.new("raro/1").verifier)


async def test_without_its_bytes_there_is_no_package(made: Made) -> None:
    place = made.place
    place.blobs.path(made.hashes["a"]).unlink()
    seqs = await place.views.ask(seqs_of_run, "acme", RUN)
    with pytest.raises(BytesErased, match="the bytes of 'a' are not in storage"):
        await package(Prover(place.log, place.sealer), place.blobs, seqs)


async def test_a_run_is_its_clients_alone(made: Made) -> None:
    assert await made.place.views.ask(seqs_of_run, "bolt", RUN) == []
