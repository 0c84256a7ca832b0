"""The embedded nats-server: its configuration, and when it serves.

JetStream syncs every write to disk (`sync_interval: always`): an acknowledged event survives the
machine's crash. After a write failed for lack of room a stream takes no more until the server is
restarted, and publishers just time out: so it is restarted as soon as there is room (`stuck`).
Streams and consumers are `raro.events`' business, staying alive is `child`'s.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from pathlib import Path

from raro.embedded.binaries import NATS, wheel_program
from raro.embedded.private import private_folder, write_private

# Every path is relative to the server's folder: no path needs quoting, however odd or long it is.
_CONFIG = """\
server_name: raro-embedded
listen: "127.0.0.1:{port}"
ports_file_dir: "."
authorization {{ user: "{user}", password: "{password}" }}
jetstream {{
  store_dir: "."
  sync_interval: always
  # The default is three quarters of what is free at start, which an old, large log exceeds.
  max_file_store: {max_file_store}
  max_memory_store: 268435456
}}
log_file: "{log_file}"
logfile_size_limit: 1048576
logfile_max_num: 2
"""
_MAX_FILE_STORE_BYTES = 1 << 50
_LOG_FILE = "nats-server.log"
_NO_ROOM = (b"no space left on device", b"disk quota exceeded")
_FULL_BELOW_BYTES = 1 << 20
_ROOM_ABOVE_BYTES = 16 << 20


class NatsServer:
    """A nats-server that keeps its data in `folder` and listens on a free loopback port.

    The port is chosen at the first start and kept for later ones, so that clients reconnect.
    User and password are new for each object and stand only in a file of mode 0600.
    """

    name = "nats-server"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = "raro"
        self.password = secrets.token_urlsafe(24)
        self._port: int | None = None
        self._met_full_disk = False
        self._log_read_to = 0

    @property
    def url(self) -> str:
        """`nats://127.0.0.1:PORT`, without credentials; known once it serves."""
        return f"nats://127.0.0.1:{self._port}"

    def prepare(self) -> list[str]:
        """Write the configuration; give the program and its arguments."""
        private_folder(self.folder)
        self.remove_traces()
        config = _CONFIG.format(
            port=self._port or -1,
            user=self.user,
            password=self.password,
            log_file=_LOG_FILE,
            max_file_store=_MAX_FILE_STORE_BYTES,
        )
        write_private(self.folder / "nats-server.conf", config)
        self._met_full_disk = False
        self._log_read_to = _size(self.folder / _LOG_FILE)
        return [str(wheel_program(NATS)), "-c", "nats-server.conf"]

    async def serves(self, pid: int) -> bool:
        """Whether the server accepts connections and its JetStream is up."""
        port = _port_in(self.folder / f"nats-server_{pid}.ports")
        if port is None or not await _has_jetstream(port):
            return False
        self._port = port
        return True

    def stuck(self) -> bool:
        """Whether it met a full disk, and there is room again."""
        free_bytes = shutil.disk_usage(self.folder).free
        # The server's own log is lost where the disk is full, and polling can miss a short shortage.
        if free_bytes < _FULL_BELOW_BYTES or self._complained():
            self._met_full_disk = True
        return self._met_full_disk and free_bytes > _ROOM_ABOVE_BYTES

    def remove_traces(self) -> None:
        """Remove the ports files of ended processes."""
        for file in self.folder.glob("nats-server_*.ports"):
            file.unlink(missing_ok=True)

    def _complained(self) -> bool:
        log = self.folder / _LOG_FILE
        size = _size(log)
        if size == self._log_read_to:
            return False
        with log.open("rb") as file:
            file.seek(self._log_read_to if size > self._log_read_to else 0)
            news = file.read()
        self._log_read_to = size
        return any(words in news for words in _NO_ROOM)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _port_in(ports_file: Path) -> int | None:
    try:
        urls = json.loads(ports_file.read_bytes())["nats"]
    except (FileNotFoundError, ValueError):
        return None  # not written yet, or not to its end
    return int(urls[0].rsplit(":", 1)[1])


async def _has_jetstream(port: int) -> bool:
    # The server speaks first: INFO {json}, https://docs.nats.io/reference/reference-protocols/nats-protocol
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        line = await reader.readline()
        return line.startswith(b"INFO ") and bool(json.loads(line[5:]).get("jetstream"))
    finally:
        writer.close()
