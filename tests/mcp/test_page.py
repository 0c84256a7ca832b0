"""docs/mcp.md names what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from raro.cli.app import COMMANDS
from raro.mcp.addresses import TEMPLATES
from raro.mcp.desk import FINISH, OPEN, WAIT
from raro.mcp.reading import MAX_PART_BYTES, MAX_RESOURCE_BYTES
from raro.mcp.resources import PAGE_ROWS
from raro.mcp.tools import TOOLS
from raro.mcp.workspace import CALL_S, MODEL

PAGE = (Path(__file__).parents[2] / "docs/mcp.md").read_text()


def test_what_a_host_is_told_to_start_is_a_command() -> None:
    snippets = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
    entries = [entry for snippet in snippets for servers in snippet.values() for entry in servers.values()]
    assert len(entries) == 2
    for entry in entries:
        assert entry["args"][0] in COMMANDS
        assert set(entry["args"][1::2]) == {"--server", "--client"}


def test_every_tool_and_address_is_on_the_page() -> None:
    named = set(re.findall(r"`([^`\n]+)`", PAGE))
    assert {*TOOLS, OPEN, WAIT, FINISH, MODEL, *TEMPLATES} <= named


def test_the_limits_are_those_of_the_code() -> None:
    assert f"up to {MAX_PART_BYTES:,} at a time" in PAGE
    assert f"{PAGE_ROWS} on a page" in PAGE
    assert f"more than {MAX_RESOURCE_BYTES >> 20} MiB" in PAGE
    assert f"`--wait` ({CALL_S:.0f} s" in PAGE
