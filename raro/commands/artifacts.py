"""Commands on a run's artifacts: delete, restore, pin, unpin, expire, save to the library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from raro.commands.aggregates import Aggregates, Caller
from raro.commands.library import Done
from raro.domain import artifact, library
from raro.domain.library import Slot
from raro.domain.run import Run
from raro.errors import NameTaken, RunNotFound, TooMuchContention
from raro.events.catalogue import ArtifactSavedToLibrary, EventData
from raro.events.envelope import Cause, Recorded, new_event
from raro.events.log import WrongLastSequence
from raro.events.shapes import BlobRef, Origin, Promoted
from raro.events.subjects import aggregate_filter, file_id
from raro.files.names import checked_filename, checked_path

_TRIES = 10


@dataclass(frozen=True, slots=True)
class Saved:
    """An artifact version is now the newest version of a library file."""

    seq: int
    filename: str
    library_version: int
    sha256: str


class ArtifactCommands:
    """What a person may do with artifacts; `path` None means every artifact of the run."""

    def __init__(self, runs: Aggregates[Run], slots: Aggregates[Slot], *, grace: timedelta) -> None:
        self.runs = runs
        self._slots = slots
        self._grace = grace

    async def delete(self, caller: Caller, run_id: str, path: str | None, reason: str = "") -> Done:
        """Delete; restorable for the grace period. Raises RunNotFound, ArtifactNotFound."""
        return await self._execute(
            caller, run_id, path, "delete", lambda run, _: artifact.decide_delete(run.artifacts, path, reason=reason)
        )

    async def clear(self, caller: Caller, run_id: str) -> Done:
        """Delete every live artifact of the run that nobody pinned. Raises RunNotFound."""
        return await self._execute(caller, run_id, None, "clear", lambda run, _: artifact.decide_clear(run.artifacts))

    async def restore(self, caller: Caller, run_id: str, path: str | None) -> Done:
        """Undo a deletion or an expiry. Raises RunNotFound, ArtifactNotFound, WrongState, GraceOver."""
        return await self._execute(
            caller,
            run_id,
            path,
            "restore",
            lambda run, now: artifact.decide_restore(
                run.artifacts, path, now=now, grace=self._grace, retention=retention_of(run)
            ),
        )

    async def pin(self, caller: Caller, run_id: str, path: str | None) -> Done:
        """Keep for ever. Raises RunNotFound, ArtifactNotFound."""
        return await self._execute(caller, run_id, path, "pin", lambda run, _: artifact.decide_pin(run.artifacts, path))

    async def unpin(self, caller: Caller, run_id: str, path: str | None) -> Done:
        """Keep for one more retention period. Raises RunNotFound, ArtifactNotFound."""
        return await self._execute(
            caller,
            run_id,
            path,
            "unpin",
            lambda run, now: artifact.decide_unpin(run.artifacts, path, now=now, retention=retention_of(run)),
        )

    async def expire(self, caller: Caller, run_id: str, paths: frozenset[str]) -> Done:
        """Let those of the paths go whose time is over. Raises RunNotFound."""
        return await self._execute(
            caller, run_id, None, "expire", lambda run, now: artifact.decide_expire(run.artifacts, paths, now=now)
        )

    async def promote(
        self, caller: Caller, run_id: str, path: str, *, filename: str | None = None, version: int | None = None
    ) -> Saved:
        """Save an artifact to the library by reference; no byte is copied.

        Without `filename` the last part of the path names it. An existing file gets a new version when the
        name was chosen; otherwise it is NameTaken unless it came from the same artifact or has the same bytes.
        Raises RunNotFound, ArtifactNotFound, BadName, NameTaken.
        """
        path = checked_path(path)
        name = checked_filename(filename or path.rpartition("/")[2])
        cause = caller.cause(f"promote {run_id} {path} {name} {version}", run_id)
        for _ in range(_TRIES):
            try:
                return await self._promote_once(caller, run_id, path, name, version, cause, chosen=filename is not None)
            except WrongLastSequence:
                continue
        raise TooMuchContention(f"{name!r} kept changing; try again.", filename=name)

    async def _promote_once(
        self, caller: Caller, run_id: str, path: str, name: str, version: int | None, cause: Cause, *, chosen: bool
    ) -> Saved:
        client_id, slot_id = caller.client_id, file_id(caller.client_id, name)
        loaded_run = await self.runs.load(client_id, run_id)
        if (saved := _saved_before(loaded_run.keyed.get(cause.id, ()))) is not None:
            return saved
        _check_there(loaded_run.state, run_id)
        kept = artifact.version_of(loaded_run.state.artifacts, path, version).artifact
        loaded_slot = await self._slots.load(client_id, slot_id)
        if not chosen:
            _check_free(loaded_slot.state, name, run_id, kept)
        new = library.decide_upload(
            loaded_slot.state,
            name,
            BlobRef(sha256=kept.sha256, size_bytes=kept.size_bytes),
            kept.content_type,
            Origin(kind="artifact", run_id=run_id, agent_id=kept.agent_id, path=path, version=kept.version),
        )
        library_version = len(loaded_slot.state.versions) + len(new)
        saved_event = ArtifactSavedToLibrary(
            path=path,
            version_number=kept.version,
            sha256=kept.sha256,
            filename=name,
            library_version=library_version,
        )
        events = [new_event(client_id, slot_id, data, cause) for data in new]
        events.append(new_event(client_id, run_id, saved_event, cause))
        expect = {aggregate_filter(client_id, "run", run_id): loaded_run.seq}
        if new:
            expect[aggregate_filter(client_id, "library", slot_id)] = loaded_slot.seq
        seq = await self.runs.log.append(events, expect=expect)
        return Saved(seq, name, library_version, kept.sha256)

    async def _execute(
        self,
        caller: Caller,
        run_id: str,
        path: str | None,
        command: str,
        decide: Callable[[Run, datetime], Sequence[EventData]],
    ) -> Done:
        if path is not None:
            checked_path(path)
        cause = caller.cause(f"artifact {command} {run_id} {path}", run_id)

        def decided(run: Run) -> Sequence[EventData]:
            _check_there(run, run_id)
            return decide(run, cause.time)

        return Done((await self.runs.execute(caller.client_id, run_id, cause, decided)).seq)


def retention_of(run: Run) -> timedelta:
    """How long the run's artifacts are kept."""
    return timedelta(days=run.begun.retention_days)


def _check_there(run: Run, run_id: str) -> None:
    if run.status == "missing":
        raise RunNotFound(f"there is no run {run_id!r}. See `raro runs`.", run_id=run_id)


def _check_free(slot: Slot, name: str, run_id: str, kept: Promoted) -> None:
    current = slot.current
    if current is None or current.sha256 == kept.sha256:
        return
    if current.origin.kind == "artifact" and (current.origin.run_id, current.origin.path) == (run_id, kept.path):
        return
    raise NameTaken(
        f"the library has a file {name!r} already (version {current.version_number}). Choose a name with `as`; "
        f"`as={name}` makes it version {current.version_number + 1} of that file.",
        filename=name,
        version=current.version_number,
    )


def _saved_before(recorded: Sequence[Recorded]) -> Saved | None:
    for item in recorded:
        if isinstance(data := item.event.data, ArtifactSavedToLibrary):
            return Saved(item.seq, data.filename, data.library_version, data.sha256)
    return None
