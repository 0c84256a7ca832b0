"""The embedded Valkey: a small cache for hot agent outputs that may be lost at any time.

Only the wheel's server program is used, not its Python side. Nothing is persisted: what it holds
has a durable copy among the blobs, so a restart begins empty. Staying alive is `child`'s business.
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from urllib.parse import quote

from raro.embedded.binaries import VALKEY, wheel_program
from raro.embedded.private import private_folder, socket_folder, write_private

# Directives that Redis 6.2 and Valkey 9 share.
_CONFIG = """\
port 0
unixsocket "{socket}"
unixsocketperm 700
requirepass {password}
dir .
save ""
appendonly no
maxmemory {max_memory}
maxmemory-policy allkeys-lru
loglevel warning
"""


class ValkeyServer:
    """A Valkey that keeps its files in `folder` and listens on a private Unix socket."""

    name = "valkey-server"

    def __init__(self, folder: Path, *, max_memory_bytes: int = 64 << 20) -> None:
        self.folder = folder
        self._password = secrets.token_urlsafe(24)
        self._max_memory_bytes = max_memory_bytes
        self._socket = socket_folder(folder) / "valkey.sock"

    @property
    def url(self) -> str:
        """`unix://:PASSWORD@PATH?db=0`, as redis-py's `from_url` takes it. Holds the password."""
        return f"unix://:{quote(self._password)}@{quote(str(self._socket))}?db=0"

    def prepare(self) -> list[str]:
        """Write the configuration; give the program and its arguments."""
        private_folder(self.folder)
        private_folder(self._socket.parent)
        config = _CONFIG.format(socket=self._socket, password=self._password, max_memory=self._max_memory_bytes)
        write_private(self.folder / "valkey.conf", config)
        return [str(wheel_program(VALKEY)), "valkey.conf"]

    async def serves(self, pid: int) -> bool:
        """Whether the server answers a PING."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(self._socket))
        except OSError:
            return False
        try:
            writer.write(f"AUTH {self._password}\r\nPING\r\n".encode())
            return [await reader.readline(), await reader.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False
        finally:
            writer.close()

    def stuck(self) -> bool:
        """Never: it writes nothing that it depends on."""
        return False

    def remove_traces(self) -> None:
        """Remove the socket's folder."""
        self._socket.unlink(missing_ok=True)
        if self._socket.parent.exists():
            self._socket.parent.rmdir()
