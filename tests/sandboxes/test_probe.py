"""Tiers are believed only after attacks in them failed; where none holds, code is not run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from raro.errors import SandboxUnavailable
from raro.sandboxes import layout
from raro.sandboxes.local import LocalSandboxes
from raro.sandboxes.probe import probe_tier, probe_tiers
from raro.sandboxes.sandbox import Execution, ExecutionError, Limits, Workspace

ATTACKS = {
    "read a file outside",
    "read outside through proc",
    "read outside through a symlink",
    "see a file outside",
    "write outside",
    "change input",
    "special files in output",
    "connect to tcp on loopback",
    "connect to a unix socket",
    "open raw and netlink sockets",
    "see host processes",
    "kill a host process",
    "secrets in the environment",
    "power and new namespaces",
    "more processes than allowed",
    "more memory than allowed",
    "more disk than allowed",
    "processor time is limited",
}


async def test_tier_holds_against_every_attack(sandboxes: LocalSandboxes, tier: str) -> None:
    report = await sandboxes.probe()
    assert report.tiers[0].leaks == ()
    assert {canary.name for canary in report.tiers[0].canaries} > ATTACKS
    assert (report.chosen, report.links_inputs) == (tier, True)
    assert await sandboxes.probe() is report


async def test_probing_starts_one_interpreter(sandboxes: LocalSandboxes) -> None:
    """Every start pays for the probe: all attacks are made in one go."""
    started = []

    async def counted(tier: str, code: str, workspace: Workspace, limits: Limits) -> Execution:
        started.append(tier)
        return await sandboxes._attack(tier, code, workspace, limits)

    assert (await probe_tier(sandboxes.setting, counted)).holds
    assert len(started) == 1


async def test_canaries_tell_when_nothing_keeps_them_in(cache: Path) -> None:
    """The same attacks in the open must be seen to work: a canary that cannot sing is no canary."""
    if os.geteuid() == 0:
        pytest.skip("as root in the open they would do real harm; the run as a normal user has this test")
    opened = LocalSandboxes(cache, "unsafe")
    leaks = {leak.name for leak in (await probe_tier("unsafe", opened._attack)).leaks}
    await opened.close()
    assert leaks >= {
        "read a file outside",
        "read outside through proc",
        "read outside through a symlink",
        "see a file outside",
        "write outside",
        "change input",
        "special files in output",
        "connect to tcp on loopback",
        "connect to a unix socket",
        "see host processes",
        "kill a host process",
        "power and new namespaces",
        "blob unchanged",
        "nobody connected",
        "host process lives",
        "nothing written outside",
    }


async def test_a_leak_rules_the_tier_out_and_is_named() -> None:
    async def leaks(tier: str, code: str, workspace: Workspace, limits: Limits) -> Execution:
        text = '[["read a file outside", false, "/secret"]]\n'
        return Execution(True, text, "", (), None, 1, tier)

    report = await probe_tiers("shim", leaks)
    assert report.chosen is None
    assert "shim: does not hold: read a file outside: /secret" in report.describe()


async def test_a_tier_that_does_not_start_is_passed_over() -> None:
    async def fails(tier: str, code: str, workspace: Workspace, limits: Limits) -> Execution:
        return Execution(False, "", "", (), ExecutionError("crashed", "no user namespaces"), 1, tier)

    report = await probe_tiers("auto", fails)
    assert report.chosen is None
    assert [tier.tier for tier in report.tiers] == ["bubblewrap", "shim"]
    assert "starts: no user namespaces" in report.describe()


async def test_off_refuses_and_says_so(cache: Path, workspace: Workspace) -> None:
    with pytest.raises(SandboxUnavailable, match="RARO_SANDBOX=off"):
        await LocalSandboxes(cache, "off").open(workspace)


async def test_unsafe_runs_only_when_asked_for_and_marks_each_result(cache: Path, workspace: Workspace) -> None:
    opened = LocalSandboxes(cache, "unsafe")
    sandbox = await opened.open(workspace)
    execution = await sandbox.run_python("open('output/a', 'w').write('x')\n__import__('os').getcwd()")
    assert (execution.ok, execution.tier) == (True, "unsafe")
    assert execution.results[0].text == repr(str(workspace.root))
    assert not sandbox.links_inputs
    assert not (await opened.probe()).links_inputs
    await opened.close()


def test_an_unknown_setting_is_refused(cache: Path) -> None:
    with pytest.raises(ValueError, match="'docker'; it must be one of auto, bubblewrap, shim, unsafe, off"):
        LocalSandboxes(cache, "docker")


def test_neither_code_nor_secrets_are_in_the_environment_or_the_command() -> None:
    inside = layout.interpreter_inside()
    assert inside.command("main")[1:-1] == ["-I", "-S", "-B", "-X", "utf8"]
    assert not {name for name in layout.environment(inside, "/session", "/tmp") if "KEY" in name or "NATS" in name}
