"""A RARO-like process for crash tests: owns the storage, runs its servers, says so, waits.

    python holder.py STORAGE

Prints one JSON line: its children's pids and NATS' address.
"""

import asyncio
import json
import sys
from pathlib import Path

from raro.embedded.lock import hold_storage
from raro.embedded.servers import embedded


async def main(storage: Path) -> None:
    with hold_storage(storage) as lock:
        lock.announce("http://127.0.0.1:3000")
        async with embedded(storage, lock=lock) as servers:
            pids = [child.pid for child in servers.children]
            print(json.dumps({"pids": pids, "nats_url": servers.nats_url}), flush=True)
            await asyncio.sleep(60)


asyncio.run(main(Path(sys.argv[1])))
