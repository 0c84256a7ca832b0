"""`raro report` as a person calls it, beside a server."""

from __future__ import annotations

import asyncio
from pathlib import Path

from raro.cli.exits import ExitCode
from tests.api.conftest import staged
from tests.cli.conftest import Raro


async def test_a_run_is_printed_as_one_html_file(raro: Raro, tmp_path: Path) -> None:
    async with staged(tmp_path / "storage") as stage:
        run_id = await stage.run("lab", {"größe.txt": "weiß 📈".encode()})
        server = ("--server", stage.url)
        said = await asyncio.to_thread(raro, "report", run_id, *server, "--client", "lab")
        as_json = await asyncio.to_thread(raro, "report", run_id, *server, "--client", "lab", "--json")
        others = await asyncio.to_thread(raro, "report", run_id, *server, "--client", "other")
    assert said.code == ExitCode.OK, said.err
    assert said.out.startswith("<!doctype html>\n")
    assert said.out.endswith("</html>\n")
    assert "weiß 📈" in said.out
    assert as_json.json["html"].startswith("<!doctype html>")
    assert (others.code, others.out) == (ExitCode.NOT_FOUND, "")
