"""Downloads into files: resumed after a break, checked against the hash, renamed only when whole.

The part that has arrived lies beside the target as `.NAME.SHA256.part`, so that a later download of the
same bytes goes on where this one ended. A body without a hash (a zip made on the fly) starts anew.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

import httpx

from raro.client.transport import Params, Transport
from raro.client.uploads import CHUNK_BYTES, Progress
from raro.errors import Conflict, ServerUnreachable, StorageFault, StorageFull, TransferDamaged

# A server that is started again is back within this many tries, each twice as late as the one before.
_BREAKS = 6
_FIRST_WAIT_S = 0.1
_NAME_BYTES = 120


@dataclass(frozen=True)
class Downloaded:
    """A finished download; `resumed_at` is the number of bytes that were there before."""

    path: Path
    size_bytes: int
    sha256: str
    resumed_at: int = 0


class _Part:
    """The bytes so far, in a file beside the target, and their running hash."""

    def __init__(self, target: Path, expected: str | None) -> None:
        self._target = target
        mark = expected or secrets.token_hex(8)
        # Cut by bytes: a name may be 255 bytes long already.
        short = target.name.encode()[:_NAME_BYTES].decode(errors="ignore")
        self._path = target.with_name(f".{short}.{mark}.part")
        self.size_bytes = 0
        self._hash = hashlib.sha256()
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        self._keep = expected is not None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise Conflict(f"{str(target)!r} is being downloaded by another process. Wait for it to end.") from None
        while chunk := os.read(self._fd, CHUNK_BYTES):
            self._hash.update(chunk)
            self.size_bytes += len(chunk)

    def write(self, chunk: bytearray) -> None:
        self._hash.update(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(self._fd, view) :]
        self.size_bytes += len(chunk)

    def restart(self) -> None:
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def finish(self, expected: str | None) -> str:
        found = self._hash.hexdigest()
        if expected and found != expected:
            self._path.unlink()
            raise TransferDamaged(
                f"{self._target.name!r} arrived with hash {found}, the server named {expected}. "
                "Try again; `raro fsck` tells whether the stored bytes are whole.",
                expected=expected,
                found=found,
            )
        self._path.replace(self._target)
        self._keep = True
        return found

    def close(self) -> None:
        os.close(self._fd)
        if not self._keep:
            self._path.unlink(missing_ok=True)


async def download(
    transport: Transport, path: str, target: Path, *, params: Params | None = None, progress: Progress | None = None
) -> Downloaded:
    """Bring `path` into the file `target`, replacing it at once when whole.

    Raises:
        TransferDamaged: the bytes are not those the server named.
        ServerUnreachable: the server went away and did not come back; what arrived is kept.
        StorageFull, StorageFault: the target's folder cannot take it.
        RaroError: the server's problem.
    """
    try:
        return await _Download(transport, path, params, target, progress).run()
    except OSError as fault:
        kind = StorageFull if fault.errno == errno.ENOSPC else StorageFault
        raise kind(
            f"{str(target)!r} cannot be written: {fault.strerror}. Choose another place with --output."
        ) from fault


class _Download:
    """One download over as many connections as it takes."""

    def __init__(
        self, transport: Transport, path: str, params: Params | None, target: Path, progress: Progress | None
    ) -> None:
        self._transport = transport
        self._path = path
        self._params = params
        self._target = target
        self._tell = progress or (lambda size_bytes: None)
        self._part: _Part | None = None
        self._expected: str | None = None
        self._resumed_at = 0

    async def run(self) -> Downloaded:
        """Connect until everything is there, then check and rename."""
        breaks = 0
        try:
            while True:
                before = self._so_far
                try:
                    if await self._connect():
                        break
                except (httpx.TransportError, ServerUnreachable) as error:
                    if self._part is None:
                        raise
                    breaks = breaks + 1 if self._so_far == before else 1
                    if breaks == _BREAKS:
                        raise _given_up(self._target, error) from error
                    await asyncio.sleep(_FIRST_WAIT_S * 2 ** (breaks - 1))
            assert self._part is not None
            sha256 = await asyncio.to_thread(self._part.finish, self._expected)
            return Downloaded(self._target, self._so_far, sha256, self._resumed_at)
        finally:
            if self._part:
                self._part.close()

    @property
    def _so_far(self) -> int:
        return self._part.size_bytes if self._part else 0

    async def _connect(self) -> bool:
        """Take what one answer gives; whether that is the end."""
        headers = _range(self._so_far, self._expected)
        async with self._transport.receive(self._path, params=self._params, headers=headers) as response:
            if self._part is None:
                # The hash is known only now, and with it whether an earlier download left a part.
                self._expected = _sha256(response)
                self._part = await asyncio.to_thread(_Part, self._target, self._expected)
                self._resumed_at = self._so_far
                self._tell(self._so_far)
                length = _length(response)
                if self._so_far and self._so_far <= length:
                    return self._so_far == length
                self._restart(self._part)
            elif response.status_code != 206:
                self._restart(self._part)
            await self._take(response, self._part)
            return True

    def _restart(self, part: _Part) -> None:
        self._tell(-part.size_bytes)
        part.restart()
        self._resumed_at = 0

    async def _take(self, response: httpx.Response, part: _Part) -> None:
        waiting = bytearray()
        writing: asyncio.Future[None] | None = None
        try:
            async for chunk in response.aiter_raw():
                waiting += chunk
                self._tell(len(chunk))
                if len(waiting) >= CHUNK_BYTES:
                    # One block is hashed and written while the next one arrives.
                    if writing:
                        await writing
                    writing = asyncio.ensure_future(asyncio.to_thread(part.write, waiting))
                    waiting = bytearray()
        finally:
            if writing:
                await writing
            # Also after a break: what has arrived need not come again.
            part.write(waiting)


def _range(size_bytes: int, expected: str | None) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if size_bytes and expected:
        headers |= {"Range": f"bytes={size_bytes}-", "If-Range": f'"{expected}"'}
    return headers


def _sha256(response: httpx.Response) -> str | None:
    found = re.fullmatch(r'"([0-9a-f]{64})"', response.headers.get("ETag", ""))
    return found[1] if found else None


def _length(response: httpx.Response) -> int:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else 0


def _given_up(target: Path, error: Exception) -> ServerUnreachable:
    return ServerUnreachable(
        f"the download of {target.name!r} broke off {_BREAKS} times ({error or type(error).__name__}). "
        "Run the same command again to go on where it ended."
    )
