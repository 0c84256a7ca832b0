"""The SDK against a real server: the page's examples as they stand there, and watching over a kill."""

from __future__ import annotations

import asyncio
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import raro.client
from raro.client import RaroClient
from tests.journeys.conftest import Server

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/sdk.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
# Each example in a namespace of its own, all in one process: what is slow is importing.
RUNNER = """
import sys
from pathlib import Path
for number, example in enumerate(Path("examples").read_text().split(chr(0)), start=1):
    print(f"== {number}")
    exec(compile(example, f"example {number}", "exec"), {"__name__": "__main__"})
"""


def test_the_examples_do_what_the_page_says(server: Server, tmp_path: Path) -> None:
    assert len(EXAMPLES) == PAGE.count("```python") == 6
    shutil.copy(ROOT / "examples/penguins.csv", tmp_path)
    (tmp_path / "examples").write_text("\0".join(EXAMPLES).replace("http://127.0.0.1:3000", server.url))
    ran = subprocess.run(
        [sys.executable, "-c", RUNNER], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert ran.returncode == 0, ran.stderr
    upload, part, blocking, watching, deciding, errors = re.split(r"^== \d\n", ran.stdout, flags=re.MULTILINE)[1:]
    assert upload.startswith("1 completed\n")
    assert "penguins_csv/report.md analyze_penguins" in upload
    assert (tmp_path / "report.md").read_text().startswith("#")
    assert re.fullmatch(r"species,island,.* False\n", part)
    assert re.fullmatch(r"\['penguins.csv'\]\n.*\bcompleted \[.*True\n", blocking, re.DOTALL)
    assert watching.startswith("{'penguins.csv': 1, 'penguins.md': 1} True\nFalse [('penguins.csv', False)]")
    assert deciding == "completed\n"
    assert errors == "file_not_found 404\nunknown_dependency\n"


def test_everything_that_is_exported_is_described() -> None:
    described = set(re.findall(r"`(\w+)`", PAGE))
    assert set(raro.client.__all__) <= described
    assert sorted(raro.client.__all__) == raro.client.__all__
    assert all(inspect.isclass(getattr(raro.client, name)) for name in raro.client.__all__)


def test_every_method_is_described() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*`) \|$", PAGE, re.MULTILINE))
    described = {noun: set(re.findall(r"\w+", methods)) for noun, methods in rows.items()}
    client = RaroClient()
    nouns = {name: value for name, value in vars(client).items() if type(value).__module__.startswith("raro.client.")}
    there = {
        name: {method for method, _ in inspect.getmembers(value, callable) if not method.startswith("_")}
        for name, value in [("RaroClient", client), *nouns.items()]
        if not name.startswith("_")
    }
    assert there == described


async def test_watching_goes_on_over_a_killed_server_and_loses_nothing(
    make_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = make_server()
    server.keep_port()
    seen: list[tuple[str, int]] = []
    snapshots: list[str] = []
    done = asyncio.Event()

    async def watch() -> None:
        async with RaroClient(server.url, "acme") as client:
            async for patch in client.watch(["library", "artifacts"]):
                snapshots.extend([patch.view] if patch.snapshot else [])
                seen.extend((row["filename"], row["version"]) for row in patch.upserts)
                if ("last.txt", 1) in seen:
                    done.set()

    async def upload(name: str) -> None:
        (tmp_path / name).write_text(f"{name} {len(seen)}")
        async with RaroClient(server.url, "acme") as client:
            await client.library.upload(tmp_path / name)

    await upload("first.txt")
    watching = asyncio.create_task(watch())
    try:
        for number in range(4):
            await upload(f"before {number}.txt")
        server.kill()
        await asyncio.to_thread(server.start)
        for number in range(4):
            await upload(f"after {number}.txt")
        await upload("last.txt")
        async with asyncio.timeout(60):
            await done.wait()
    finally:
        watching.cancel()
    # Each once; what happened while it was cut off comes as one patch, by name.
    uploaded = [f"{when} {number}.txt" for when in ("before", "after") for number in range(4)]
    assert sorted(name for name, _ in seen) == sorted(["first.txt", *uploaded, "last.txt"])
    assert snapshots == ["library", "artifacts"]
