"""Fills the disk under a running log, makes room again, and says how it went.

    python full_disk.py FOLDER        FOLDER is a small file system of its own

Prints one JSON line: events acknowledged before the disk was full, the first sequence number after
there was room, and how many of the first ones can still be read.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import nats.errors
from nats.js import JetStreamContext

from raro.embedded.servers import embedded
from tests.embedded.conftest import connect, until

EVENT = os.urandom(60_000)


async def acknowledged(stream: JetStreamContext) -> int | None:
    """The sequence number of one more event, or None when none came."""
    try:
        return (await stream.publish("log.a", EVENT, timeout=0.5)).seq
    except (nats.errors.Error, TimeoutError):
        return None


async def main(folder: Path) -> None:
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(20 << 20))
    async with embedded(folder / "storage") as servers:
        client = await connect(servers)
        stream = client.jetstream()
        await stream.add_stream(name="LOG", subjects=["log.>"])
        last = 0
        while seq := await acknowledged(stream):
            last = seq
        ballast.unlink()
        await until(lambda: servers.children[0].restarts == 1)
        await until(lambda: client.is_connected)
        after = await acknowledged(stream)
        kept = [(await stream.get_msg("LOG", seq)).data == EVENT for seq in range(1, last + 1)]
        await client.close()
    print(json.dumps({"last": last, "after": after, "kept": sum(kept)}))


asyncio.run(main(Path(sys.argv[1])))
