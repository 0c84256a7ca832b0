"""The embedded nats-server: its configuration, and when it serves.

JetStream syncs every write to disk (`sync_interval: always`): an acknowledged event survives the
machine's crash. Streams and consumers are `raro.events`' business, staying alive is `child`'s.
"""

from __future__ import annotations

import asyncio
import json
import secrets
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
log_file: "nats-server.log"
logfile_size_limit: 1048576
logfile_max_num: 2
"""
_MAX_FILE_STORE_BYTES = 1 << 50


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
            max_file_store=_MAX_FILE_STORE_BYTES,
        )
        write_private(self.folder / "nats-server.conf", config)
        return [str(wheel_program(NATS)), "-c", "nats-server.conf"]

    async def serves(self, pid: int) -> bool:
        """Whether the server accepts connections and its JetStream is up."""
        port = _port_in(self.folder / f"nats-server_{pid}.ports")
        if port is None or not await _has_jetstream(port):
            return False
        self._port = port
        return True

    def remove_traces(self) -> None:
        """Remove the ports files of ended processes."""
        for file in self.folder.glob("nats-server_*.ports"):
            file.unlink(missing_ok=True)


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
