"""Real sandboxes: one per tier that is built, over a session folder of the test's own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from raro.sandboxes import tiers
from raro.sandboxes.local import LocalSandbox, LocalSandboxes
from raro.sandboxes.sandbox import Limits, MiB, Workspace

MODEST = Limits(
    wall_s=20,
    cpu_s=20,
    memory_bytes=1024 * MiB,
    processes=64,
    output_bytes=64 * 1024,
    files=100,
    file_bytes=8 * MiB,
    total_bytes=16 * MiB,
    scratch_bytes=32 * MiB,
)


@pytest.fixture(params=tiers.ISOLATING)
def tier(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if name == "bubblewrap" and tiers.bubblewrap_path() is None:
        pytest.skip("bubblewrap is not installed")
    return name


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all xdist workers: fonts are listed once."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sandbox-cache"


@pytest.fixture
async def sandboxes(tier: str, cache: Path) -> AsyncIterator[LocalSandboxes]:
    opened = LocalSandboxes(cache, tier)
    yield opened
    await opened.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "session", "run-1")


@pytest.fixture
async def sandbox(sandboxes: LocalSandboxes, workspace: Workspace) -> LocalSandbox:
    return await sandboxes.open(workspace, MODEST)


def make_workspace(root: Path, run_id: str) -> Workspace:
    made = Workspace(run_id, root)
    made.input.mkdir(parents=True)
    made.output.mkdir()
    return made
