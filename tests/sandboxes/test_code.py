"""What code in a sandbox can do: the work that agents need."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from raro.errors import WrongState
from raro.sandboxes import layout
from raro.sandboxes.local import LocalSandbox, LocalSandboxes
from raro.sandboxes.sandbox import Result, Workspace
from tests.sandboxes.conftest import MODEST, make_workspace

LIBRARIES = """
import duckdb, numpy as np, pandas as pd, matplotlib.pyplot as plt, pyarrow.parquet as pq, pyarrow as pa
table = pd.read_csv("input/größe.csv")
plt.bar(table["name"], table["n"])
plt.savefig("output/chart.png")
pq.write_table(pa.table({"n": np.arange(3)}), "output/n.parquet")
int(duckdb.sql("select sum(n) from 'input/größe.csv'").fetchall()[0][0]) + int(np.linalg.norm([3, 4]))
"""


async def test_libraries_read_input_and_write_charts_and_tables(sandbox: LocalSandbox, workspace: Workspace) -> None:
    (workspace.input / "größe.csv").write_text("name,n\na,1\nb,2\n")
    execution = await sandbox.run_python(LIBRARIES)
    assert execution.error is None, execution
    assert execution.results == (Result("8"),)
    assert (workspace.output / "chart.png").read_bytes().startswith(b"\x89PNG")
    assert (workspace.output / "n.parquet").stat().st_size > 0
    assert execution.stderr == ""


async def test_names_of_any_script_and_subfolders_come_out_readable(
    sandbox: LocalSandbox, workspace: Workspace
) -> None:
    code = "import os\nos.makedirs('output/Übersicht/図')\nopen('output/Übersicht/図/🐧 a.txt', 'w').write('ü')"
    assert (await sandbox.run_python(code)).ok
    made = workspace.output / "Übersicht" / "図" / "🐧 a.txt"
    assert made.read_text(encoding="utf-8") == "ü"
    made.unlink()
    made.parent.rmdir()


async def test_files_made_before_an_error_stay(sandbox: LocalSandbox, workspace: Workspace) -> None:
    execution = await sandbox.run_python("open('output/kept', 'w').write('x')\n1 / 0")
    assert execution.error is not None
    assert execution.error.code == "python_error"
    assert (workspace.output / "kept").read_text() == "x"


async def test_traceback_shows_the_codes_own_lines_only(sandbox: LocalSandbox) -> None:
    execution = await sandbox.run_python("import json\n\ndef parse():\n    return json.loads('{')\n\nparse()")
    assert execution.error is not None
    text = execution.error.text
    assert "line 4, in parse\n    return json.loads('{')" in text
    assert "JSONDecodeError" in text
    assert "json/decoder.py" not in text
    assert "execute.py" not in text


async def test_syntax_errors_point_at_the_line(sandbox: LocalSandbox) -> None:
    execution = await sandbox.run_python("x = (\n")
    assert execution.error is not None
    assert 'File "<code>", line 1' in execution.error.text
    assert "SyntaxError" in execution.error.text


@pytest.mark.parametrize(
    ("code", "error_code"),
    [("import sys; sys.exit()", None), ("exit(0)", None), ("exit('bad')", "exit_status"), ("", None)],
)
async def test_exits_are_told_apart(sandbox: LocalSandbox, code: str, error_code: str | None) -> None:
    execution = await sandbox.run_python(code)
    assert (execution.error and execution.error.code) == error_code


@pytest.mark.parametrize(
    ("code", "error_code"),
    [("import os; os._exit(3)", "exit_status"), ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed")],
)
async def test_sudden_ends_are_told(sandbox: LocalSandbox, code: str, error_code: str) -> None:
    execution = await sandbox.run_python("print('before', flush=True)\n" + code)
    assert execution.stdout == "before\n"
    assert execution.error is not None
    assert execution.error.code == error_code


async def test_output_comes_while_the_code_runs(sandbox: LocalSandbox) -> None:
    seen: list[tuple[str, str]] = []
    first = asyncio.Event()

    def listen(stream: str, text: str) -> None:
        seen.append((stream, text))
        first.set()

    code = "import sys, time\nprint('first')\ntime.sleep(0.5)\nprint('last', file=sys.stderr)"
    running = asyncio.create_task(sandbox.run_python(code, on_output=listen))
    await asyncio.wait_for(first.wait(), 5)
    assert not running.done()
    execution = await running
    assert seen == [("stdout", "first\n"), ("stderr", "last\n")]
    assert (execution.stdout, execution.stderr) == ("first\n", "last\n")


async def test_each_run_is_a_fresh_interpreter_over_the_same_files(sandbox: LocalSandbox) -> None:
    await sandbox.run_python("x = 1\nopen('output/a', 'w').write('1')\nopen('/tmp/a', 'w').write('1')")
    execution = await sandbox.run_python(
        "import os\n('x' in globals(), os.listdir('output'), os.path.exists('/tmp/a'))"
    )
    assert execution.results == (Result("(False, ['a'], False)"),)


async def test_the_hosts_own_files_in_output_can_be_changed(sandbox: LocalSandbox, workspace: Workspace) -> None:
    (workspace.output / "notes").mkdir()
    (workspace.output / "notes" / "a.md").write_text("by the host")
    execution = await sandbox.run_python("open('output/notes/a.md', 'a').write(', and by code')")
    assert execution.error is None
    assert (workspace.output / "notes" / "a.md").read_text() == "by the host, and by code"


async def test_linked_input_stays_as_it_is(sandbox: LocalSandbox, workspace: Workspace, tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(b"bytes")
    blob.chmod(0o444)
    os.link(blob, workspace.input / "given")
    before = blob.stat()
    execution = await sandbox.run_python("open('input/given').read()\nopen('input/given', 'w')")
    assert execution.error is not None
    assert "input/ is read-only" in execution.error.text
    after = blob.stat()
    assert blob.read_bytes() == b"bytes"
    assert (after.st_mode, after.st_uid, after.st_mtime_ns) == (before.st_mode, before.st_uid, before.st_mtime_ns)
    assert sandbox.links_inputs


async def test_the_way_out_of_a_read_only_folder_is_named(sandbox: LocalSandbox) -> None:
    execution = await sandbox.run_python("open('chart.png', 'w')")
    assert execution.error is not None
    assert "Only output/ (kept) and /tmp (scratch) can be written to" in execution.error.text


async def test_missing_network_is_named(sandbox: LocalSandbox) -> None:
    execution = await sandbox.run_python("import urllib.request\nurllib.request.urlopen('http://192.0.2.1/')")
    assert execution.error is not None
    assert "no network in the sandbox" in execution.error.text


async def test_code_sees_no_environment_but_its_own(sandbox: LocalSandbox) -> None:
    execution = await sandbox.run_python(
        "import os\nprint(*sorted(os.environ))\nprint(os.getcwd(), os.environ['HOME'])"
    )
    names, places = execution.stdout.splitlines()
    allowed = layout.environment(layout.interpreter_inside(), "/session", "/tmp")
    assert set(names.split()) <= set(allowed) | {"PWD", "LC_CTYPE"}
    assert places == "/session /tmp"


async def test_subprocesses_find_the_packages(sandbox: LocalSandbox) -> None:
    code = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import numpy; print(numpy.sum([1, 2]))'])"
    assert (await sandbox.run_python(code)).stdout == "3\n"


async def test_four_at_once_keep_to_themselves(sandboxes: LocalSandboxes, tmp_path: Path) -> None:
    limits = replace(MODEST, processes=24)
    spaces = [make_workspace(tmp_path / str(number), f"run-{number}") for number in range(4)]
    opened = [await sandboxes.open(space, limits) for space in spaces]
    # Ten sleeping children each: were they counted together, the limit would be passed.
    code = "import subprocess, os\nfor _ in range(10): subprocess.Popen(['sleep', '5'])\nopen('output/{}', 'w')"
    runs = [one.run_python(code.format(number)) for number, one in enumerate(opened)]
    assert [run.error for run in await asyncio.gather(*runs)] == [None] * 4
    assert [os.listdir(space.output) for space in spaces] == [["0"], ["1"], ["2"], ["3"]]


async def test_a_closed_sandbox_refuses(sandbox: LocalSandbox) -> None:
    await sandbox.close()
    with pytest.raises(WrongState, match="run-1 is closed"):
        await sandbox.run_python("1")
