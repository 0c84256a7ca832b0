"""`raro audit`: verify the log, prove an event, take a run away as a proof package, check one offline."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console

from raro.audit.copies import copy_file
from raro.audit.crate.check import Checked, check_package, read_proof
from raro.audit.notes import BadNote, Verifier, to_base64
from raro.audit.proofs import BadProof
from raro.cli.command import JsonOption, Session, new_app, online, serving
from raro.cli.exits import ExitCode
from raro.cli.output import Output
from raro.cli.render import status_text, table
from raro.cli.stored_log import open_stored_log
from raro.cli.text import plain, size
from raro.client import RaroClient
from raro.client.audit import Verified
from raro.errors import BadRequest, NotFound
from raro.files.blobs import BlobStore
from raro.settings import Settings
from raro.wiring.auditing import auditor_of
from raro.wiring.kept import projection_path

app = new_app()

StorageFolder = Annotated[
    Path | None,
    typer.Option("--storage", metavar="FOLDER", help="This data folder; without a server on it, it is read itself."),
]
KeyOption = Annotated[
    str | None, typer.Option("--key", metavar="KEY", help="The verifier key you noted, or a file that holds it.")
]


@app.command()
@online
async def verify(
    session: Session,
    storage: StorageFolder = None,
    key: KeyOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the views and the files' bytes.")] = False,
) -> int:
    """Reread the log, and compare it with all that was signed, the stored bytes and the views.

    Exit code 0 when everything is as it was, 6 otherwise. --key and --quick need a folder that no server holds.
    """
    pinned = _key(key)
    if storage is None and (pinned is not None or quick):
        raise BadRequest("--key and --quick read the data folder itself: name it with --storage.")
    session.out.remark("Reading the log …")
    found = await _verified(session, storage, pinned, quick=quick)
    session.out.answer(found, lambda console: _show(console, found))
    return ExitCode.OK if found["ok"] else ExitCode.DAMAGE


@app.command()
@online
async def prove(
    session: Session,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Its number or id.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to.")] = None,
) -> None:
    """Write the proof that an event is in the log that was signed; it was checked here, too."""
    proof = await session.client.audit.proof(event)
    try:
        checkpoint = read_proof(proof).check()
    except BadProof as reason:
        raise BadRequest(f"the server's proof does not hold: {reason}.") from reason
    if output is not None:
        output.write_text(json.dumps(proof, indent=1) + "\n")
    seq = proof["event"]["seq"]
    text = f"event {seq} is in the log of {checkpoint.size:,} events with the root {to_base64(checkpoint.root)}"
    session.out.answer(proof, lambda console: console.print(f"{text}\nsigned by {proof['key']}", soft_wrap=True))


@app.command()
@online
async def export(
    session: Session,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="default: RUN.crate.zip")
    ] = None,
) -> None:
    """Take a run away as a proof package: its files, events, their proofs and the key, as an RO-Crate."""
    target = output or Path(f"{run}.crate.zip")
    beside = target.with_name(f".{target.name}.part")
    async with session.client.audit.package(run) as pieces:
        try:
            with beside.open("wb") as file:
                async for piece in pieces:
                    file.write(piece)
            beside.replace(target)
        except OSError as error:
            raise BadRequest(f"{str(target)!r} cannot be written: {error.strerror}. Name another file.") from error
        finally:
            beside.unlink(missing_ok=True)
    size_bytes = target.stat().st_size
    answer = {"path": str(target), "size_bytes": size_bytes}
    text = f"{target}: {size(size_bytes)}. Check it anywhere with `raro audit check {target}`."
    session.out.answer(answer, lambda console: console.print(text, soft_wrap=True))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A proof package.")],
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> int:
    """Check a proof package offline. Exit code 0 when all of it holds, 6 otherwise.

    Without --key it shows which key signed it: compare that with what the package's maker published.
    """
    out = Output(as_json=as_json)
    try:
        checked = check_package(file, _key(key))
    except OSError as error:
        raise NotFound(f"{str(file)!r} cannot be read: {error.strerror}.") from error
    except BadProof as reason:
        why = str(reason)
        out.answer({"ok": False, "detail": why}, lambda console: console.print(f"does not hold: {why}", style="red"))
        return ExitCode.DAMAGE
    out.answer(_checked_json(checked), lambda console: _show_checked(console, checked, pinned=key is not None))
    return ExitCode.OK


async def _verified(session: Session, storage: Path | None, pinned: Verifier | None, *, quick: bool) -> Verified:
    if storage is None:
        return await session.client.audit.verify()
    if url := serving(storage):
        if pinned is not None or quick:
            raise BadRequest(f"--key and --quick need {str(storage)!r} for themselves: end the server at {url}.")
        async with RaroClient(url, session.client.client_id) as client:
            return await client.audit.verify()
    settings = Settings(storage=storage)
    async with open_stored_log(settings) as log:
        blobs = BlobStore(storage / "blobs")
        auditor = auditor_of(settings, log, blobs, copy_file(projection_path(storage)))
        report = await auditor.verify(quick=quick, pinned=pinned)
    return cast(Verified, report.to_json())


def _key(text: str | None) -> Verifier | None:
    if text is None:
        return None
    try:
        path = Path(text)
        return Verifier.of(path.read_text() if "+" not in text and path.is_file() else text)
    except (BadNote, OSError, ValueError) as reason:
        raise BadRequest(f"--key {text!r}: {reason}.") from reason


def _show(console: Console, found: Verified) -> None:
    made = table("check", "state", "what was found", "since")
    for row in found["checks"]:
        since = str(row["since"]) if row["since"] is not None else ""
        made.add_row(row["name"], status_text("ok" if row["ok"] else "broken"), plain(row["detail"]), since)
    console.print(made)
    if found["ok"]:
        console.print(f"{found['size']:,} events are what they were. Root {found['root']}", soft_wrap=True)
    else:
        console.print("Something was changed: see above.", style="red")


def _checked_json(checked: Checked) -> dict[str, Any]:
    more = {"checkpoint": {"size": checked.checkpoint.size, "root": to_base64(checked.checkpoint.root)}}
    return {"ok": True, **asdict(checked), **more, "key": str(checked.key)}


def _show_checked(console: Console, checked: Checked, *, pinned: bool) -> None:
    console.print(f"holds: run {checked.run_id} of {checked.client_id}", style="green")
    console.print(
        f"{checked.events:,} events, none left out, in a log of {checked.checkpoint.size:,}; "
        f"{checked.files:,} artifacts and {checked.inputs:,} inputs with the bytes the events say"
    )
    if checked.inputs_without_bytes:
        console.print(f"{checked.inputs_without_bytes:,} inputs are there by their hashes alone")
    said = "the key you named" if pinned else "compare this key with the one that was published"
    console.print(f"signed by {checked.key}\n({said})", soft_wrap=True)
