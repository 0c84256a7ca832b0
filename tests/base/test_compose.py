"""docker-compose.yml is accepted by Compose and keeps what docs/operations.md promises."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from raro.embedded.binaries import NATS, wheel_program

ROOT = Path(__file__).parents[2]


def compose_command() -> list[str]:
    """`docker compose`, or Debian's `docker-compose`; scripts/need-compose installs it where it may."""
    plugin = ["docker", "compose"]
    if (
        shutil.which("docker")
        and subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode == 0
    ):
        return plugin
    return [found] if (found := shutil.which("docker-compose")) else []


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return loaded


def test_compose_accepts_the_file() -> None:
    command = compose_command()
    if not command:
        pytest.skip("neither 'docker compose' nor 'docker-compose' is installed: run scripts/need-compose as root")
    checked = subprocess.run([*command, "config", "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_four_services_share_one_network_and_have_health_checks(services: dict[str, Any]) -> None:
    assert set(services) == {"nats", "redis", "api", "worker"}
    for name, service in services.items():
        assert service["networks"] == ["raro-net"], name
        assert service["healthcheck"]["test"], name


def test_only_the_api_is_reachable_and_only_from_this_machine(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert list(published) == ["api"]
    assert all(port.startswith("127.0.0.1:") for port in published["api"])


def test_no_password_is_on_a_command_line(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for word in service["command"]:
            # `$$` is a variable of the container's shell, `${…}` would be put into the command itself.
            assert "${" not in word, name


def test_health_checks_in_python_are_python(services: dict[str, Any]) -> None:
    for name in ("api", "worker"):
        compile(services[name]["healthcheck"]["test"][-1], name, "exec")


@pytest.mark.parametrize("password", ["raro-nats", "0123456789", "8e7", "_a-B"])
def test_the_logs_server_accepts_its_configuration(tmp_path: Path, services: dict[str, Any], password: str) -> None:
    config = (ROOT / "deploy/nats-server.conf").read_text().replace("/data", str(tmp_path))
    (tmp_path / "nats.conf").write_text(config)
    template = services["nats"]["environment"]["QUOTED_PASSWORD"]
    checked = subprocess.run(
        [wheel_program(NATS), "-t", "-c", str(tmp_path / "nats.conf")],
        env={"QUOTED_PASSWORD": template.replace("${RARO_NATS_PASSWORD:-raro-nats}", password)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "sync_interval: always" in config
