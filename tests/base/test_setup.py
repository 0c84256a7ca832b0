"""Setting up says what is missing, and the scripts are scripts."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [".ci/run", "scripts/setup", "scripts/compile-constraints", "scripts/need-compose"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_can_be_called_and_parse_in_any_shell(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["sh", "-n", ROOT / script], check=True)


def test_an_old_interpreter_is_refused_by_name(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    answer = subprocess.run(
        [tmp_path / "scripts/setup"],
        env={"PATH": os.environ["PATH"], "PYTHON": str(old)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "Python 3.9.2" in answer.stderr
    assert "3.11 or newer" in answer.stderr


def test_make_names_its_targets() -> None:
    answer = subprocess.run(["make", "-C", ROOT, "--no-print-directory"], capture_output=True, text=True, check=True)
    for target in ("demo", "up", "test", "lint", "bench", "clean"):
        assert f"make {target}" in answer.stdout


def test_setting_up_again_does_nothing_when_nothing_changed(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "constraints-uv.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copytree(ROOT / "web", tmp_path / "web", ignore=shutil.ignore_patterns("node_modules", "screenshots"))
    for made in (".venv/.ready", "web/node_modules/.ready", "raro/console/index.html"):
        (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / made).touch()
    assert subprocess.run(["make", "-q", "setup"], cwd=tmp_path, check=False).returncode == 0
    for changed in ("constraints.txt", "web/src/App.svelte"):
        os.utime(tmp_path / changed, (2e9, 2e9))
        assert subprocess.run(["make", "-q", "setup"], cwd=tmp_path, check=False).returncode == 1
        os.utime(tmp_path / changed, (1e9, 1e9))
