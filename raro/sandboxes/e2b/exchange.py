"""What goes to the machine and comes back: contents once each, an agent's folders as they should be, its output.

Nothing that the machine says is trusted: names are checked, sizes capped, links left there.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from raro.sandboxes.e2b.remote import Remote, tried
from raro.sandboxes.sandbox import Limits, Workspace

HOME = "/home/user"
_STORE = f"{HOME}/.raro"
_CHUNK_BYTES = 256 * 1024
_TRANSFER_S = 900.0
_ARRANGE = """
import json, os, shutil
_m = json.loads({manifest!r})
for _epoch in os.listdir({home!r}):
    if _epoch.isdigit() and int(_epoch) < _m["epoch"]:
        shutil.rmtree(os.path.join({home!r}, _epoch, _m["agent"]), ignore_errors=True)
for _kind in ("input", "output"):
    _base = os.path.join(_m["root"], _kind)
    os.makedirs(_base, exist_ok=True)
    for _folder, _, _names in os.walk(_base):
        for _name in _names:
            _path = os.path.join(_folder, _name)
            if os.path.relpath(_path, _base) not in _m[_kind]:
                os.unlink(_path)
    for _name, _content in _m[_kind].items():
        _path = os.path.join(_base, _name)
        os.makedirs(os.path.dirname(_path), exist_ok=True)
        shutil.copyfile(os.path.join({store!r}, _content), _path + ".raro~")
        os.chmod(_path + ".raro~", 0o444 if _kind == "input" else 0o644)
        os.replace(_path + ".raro~", _path)
"""


@dataclass
class Fetched:
    """What came back, and what did not, with the reason."""

    files: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def root_of(workspace: Workspace) -> str:
    """The agent's folder on the machine: another one for each worker that takes the agent (docs/decisions/002)."""
    return f"{HOME}/{_epoch_of(workspace)}/{workspace.root.name}"


def is_left_over(folder: str, workspace: Workspace) -> bool:
    """Whether what runs in this folder was begun for the agent before, by this worker or an earlier one."""
    epoch, _, agent = folder.removeprefix(f"{HOME}/").partition("/")
    return agent == workspace.root.name and epoch.isdecimal() and int(epoch) <= _epoch_of(workspace)


def _epoch_of(workspace: Workspace) -> int:
    return int(workspace.root.parent.name)


async def arrange(remote: Remote, machine: Any, workspace: Workspace) -> None:
    """Make the agent's folders on the machine equal to the host's, with each content sent once; earlier ones go."""
    here = await asyncio.to_thread(_manifest, workspace)
    if remote.arranged.get(workspace.root) == here:
        return
    paths = {content: path for kind in here.values() for content, path in kind["paths"].items()}
    for content in sorted(paths.keys() - remote.uploaded):
        await _upload(machine, paths[content], content)
        remote.uploaded.add(content)
    manifest = {
        "root": root_of(workspace),
        "agent": workspace.root.name,
        "epoch": _epoch_of(workspace),
        **{kind: here[kind]["files"] for kind in ("input", "output")},
    }
    code = _ARRANGE.format(manifest=json.dumps(manifest, ensure_ascii=True), store=_STORE, home=HOME)
    done = await machine.run_code(code, timeout=_TRANSFER_S, request_timeout=60)
    if done.error is not None:
        raise RuntimeError(f"the folders could not be laid out: {done.error.name}: {done.error.value}"[:500])
    remote.arranged[workspace.root] = here
    remote.fetched[workspace.root] = {}


async def fetch(remote: Remote, machine: Any, workspace: Workspace, limits: Limits) -> Fetched:
    """Bring back every new or changed file of the agent's output."""
    base = f"{root_of(workspace)}/output"
    entries = await tried(lambda: machine.files.list(base, depth=limits.depth, request_timeout=60))
    seen = remote.fetched.setdefault(workspace.root, {})
    found, total = Fetched(), 0
    for entry in entries:
        name = entry.path.removeprefix(f"{base}/")
        if str(getattr(entry.type, "value", entry.type)) == "dir":
            continue
        total += int(entry.size or 0)
        stamp = (int(entry.size or 0), str(entry.modified_time))
        if seen.get(name) == stamp:
            continue
        refused = _refused(name, entry, len(found.files), total, limits)
        if refused:
            found.left.append(f"{name[:200]!r}: {refused}")
            continue
        await _download(machine, entry.path, workspace, name, limits)
        seen[name] = stamp
        found.files.append(name)
    # What came back is what the host has now: nothing to arrange until the host itself changes a file.
    remote.arranged[workspace.root] = await asyncio.to_thread(_manifest, workspace)
    return found


def _refused(name: str, entry: Any, files: int, total: int, limits: Limits) -> str | None:
    if getattr(entry, "symlink_target", None) or str(getattr(entry.type, "value", entry.type)) != "file":
        return "it is no plain file"
    if name.startswith("/") or any(part in ("", ".", "..") or "\0" in part for part in name.split("/")):
        return "it has no name that can be kept"
    if int(entry.size or 0) > limits.file_bytes:
        return f"it has {entry.size} bytes; at most {limits.file_bytes} are taken (file_size_limit)"
    if files >= limits.files:
        return f"more than {limits.files} files (file_count_limit)"
    if total > limits.total_bytes:
        return f"all files together have more than {limits.total_bytes} bytes (total_size_limit)"
    return None


async def _upload(machine: Any, path: Path, content: str) -> None:
    async def once() -> None:
        with path.open("rb") as file:
            await machine.files.write(f"{_STORE}/{content}", file, gzip=True, request_timeout=_TRANSFER_S)

    await tried(once)


async def _download(machine: Any, remote_path: str, workspace: Workspace, name: str, limits: Limits) -> None:
    """Into a file beside the output first, and in place only when it is whole."""
    temporary = workspace.root / f".fetch-{uuid4().hex}"
    try:
        with temporary.open("wb") as file:
            async for chunk in await machine.files.read(remote_path, format="stream", request_timeout=_TRANSFER_S):
                if file.tell() + len(chunk) > limits.file_bytes:
                    raise RuntimeError(f"{name!r} grew beyond {limits.file_bytes} bytes while it was fetched")
                file.write(chunk)
        await asyncio.to_thread(_put_in_place, temporary, workspace.output, name)
    finally:
        temporary.unlink(missing_ok=True)


def _put_in_place(temporary: Path, output: Path, name: str) -> None:
    target = output.joinpath(*name.split("/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    os.chmod(temporary, 0o644)
    os.replace(temporary, target)


def _manifest(workspace: Workspace) -> dict[str, Any]:
    """By kind: name → content's hash, and where each content lies here."""
    made: dict[str, Any] = {}
    for kind, folder in (("input", workspace.input), ("output", workspace.output)):
        files = {name: (_hash(path), path) for name, path in _files(folder)}
        made[kind] = {
            "files": {name: content for name, (content, _) in sorted(files.items())},
            "paths": dict(files.values()),
        }
    return made


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for base, _, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            if not path.is_symlink():
                yield path.relative_to(folder).as_posix(), path


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


__all__ = ["Fetched", "arrange", "fetch", "is_left_over", "root_of"]
