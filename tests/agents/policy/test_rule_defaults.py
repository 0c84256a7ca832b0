"""The default rules: what they stop, under which names, and the honest work they let through."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.agents.models.offline.program import analyse_program, look_program
from raro.agents.policy import rules_of
from tests.agents.policy.facts import call, failure, file

RULES = rules_of("")

PE = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".ljust(60, b"\0") + b"\x80\0\0\0".ljust(68, b"\0") + b"PE\0\0"


def _zip(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, "x")
    return packed.getvalue()


def _file_rules(path: str, data: bytes) -> set[str]:
    return {verdict.rule_id for verdict in RULES.judge_file(file(path, data))}


def _code_rules(code: str) -> set[str]:
    return {verdict.rule_id for verdict in RULES.judge_call(call("execute_python", code=code))}


@pytest.mark.parametrize(
    "path",
    [
        "a.exe",
        "b/a.SH",
        "a.bat",
        "a.cmd",
        "a.ps1",
        "a.msi",
        "a.com",
        "a.scr",
        "a.vbs",
        "a.jar",
        "a.dll",
        "a.so",
        "a.so.6",
    ],
)
def test_a_name_of_a_program_is_blocked_before_and_after_it_is_written(path: str) -> None:
    assert "no-executable-files" in _file_rules(path, b"harmless")
    for written in (path, f"output/{path}", f"{path}."):
        verdicts = RULES.judge_call(call("write_file", path=written, content="harmless"))
        assert [verdict.rule_id for verdict in verdicts] == ["no-executable-names"]


PROGRAMS = {
    "a Windows program": PE,
    "an old DOS program": b"MZ" + bytes(range(100)),
    "ELF": b"\x7fELF\x02\x01\x01\0",
    "Mach-O": b"\xcf\xfa\xed\xfe\x07\0\0\x01",
    "fat Mach-O": b"\xca\xfe\xba\xbe\0\0\0\x02\x01\0\0\x07",
    "a Java class": b"\xca\xfe\xba\xbe\0\0\0\x3d\0\x1d",
    "a JAR": _zip("META-INF/MANIFEST.MF"),
    "Dalvik": b"dex\n035\0\0\0",
    "a Debian package": b"!<arch>\ndebian-binary   1342",
    "a Windows link": b"L\0\0\0\x01\x14\x02\0\0\0",
    "a shell script": b"#!/bin/sh\nrm -rf ~\n",
    "bash by env": b"#!/usr/bin/env bash\necho\n",
    "bash with options": b"#! /usr/bin/env -S bash -eu\n",
    "a shell without its folder": b"#!bash\n",
    "zsh, no line after it": b"#!/usr/bin/zsh",
    "a shell script behind a mark": b"\xef\xbb\xbf#!/bin/sh\n",
    "a shell script, Windows line ends": b"#!/bin/sh\r\nls\r\n",
    "PowerShell by shebang": b"#!/usr/bin/pwsh\n",
    "a batch script": b"@echo off\r\ndel /f /s C:\\*\r\n",
    "a batch script behind remarks": b"\r\n:: nothing to see\r\nREM really\r\n@ECHO OFF\r\n",
    "a batch script in UTF-16": "@echo off\r\n".encode("utf-16"),
    "setlocal": b"setlocal enabledelayedexpansion\r\n",
    "PowerShell": b"# hi\n#Requires -RunAsAdministrator\nGet-Item x\n",
}


@pytest.mark.parametrize("name", ["report.txt", "data.csv", "chart.png", "noending", "paper.pdf", "code.py"])
@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_is_blocked_under_any_name(kind: str, name: str) -> None:
    assert "no-executable-content" in _file_rules(name, PROGRAMS[kind])


@pytest.mark.parametrize("path", ["tool", "notes.txt", "data.csv"])
@pytest.mark.parametrize("line", ["#!/usr/bin/env python3", "#!/usr/bin/perl -w", "#!/opt/own/interpreter", "#!node"])
def test_any_other_script_must_be_called_what_it_is(path: str, line: str) -> None:
    assert _file_rules(path, f"{line}\nprint(1)\n".encode()) == {"no-disguised-scripts"}


HONEST = {
    "clean.py": b"#!/usr/bin/env python3\nimport os\nprint(os.name)\n",
    "fit.R": b"#!/usr/bin/env Rscript\nlm(a ~ b)\n",
    "plants.csv": b"MZ,name\n1,Zea mays\n",
    "mz_values.txt": b"MZ 412.3\nMZ 413.1\n",
    "codes.csv": b"ELF,MZ,PK\n1,2,3\n",
    "german.csv": "MZ;Größe;Straße\n1;2;3\n".encode("latin-1"),
    "empty.txt": b"",
    "page.html": b"<!doctype html><script>rm()</script>",
    "app.js": b"import x from 'y'\n",
    "lib.rs": b"#![allow(dead_code)]\nfn main() {}\n",
    "notes.md": b"#! a title\n\nRun `sudo rm -rf /` never. @echo off is batch.\n",
    "style.css": b"@charset 'utf-8';\n@import 'a.css';\n",
    "chart.png": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "paper.docx": _zip("word/document.xml"),
    "data.zip": _zip("data.csv"),
    "sheet.ods": _zip("META-INF/manifest.xml"),
    "table.parquet": b"PAR1" + bytes(32),
    "query.sql": b"DROP TABLE a; DELETE FROM b;",
    "legacy_script.py": b"import os\nos.system('cp a /backup')\nos.remove('x')\n",
    "paths.txt": b"setup.exe\nrun.sh\n",
    "my.exe.csv": b"a,b\n",
    "summary.json": b'{"MZ": 1}',
    "echo.txt": b"echo of the past\n",
}


@pytest.mark.parametrize("path", HONEST)
def test_honest_files_are_kept(path: str) -> None:
    assert _file_rules(path, HONEST[path]) == set()
    written = call("write_file", path=path, content=HONEST[path].decode("utf-8", errors="replace"))
    assert RULES.judge_call(written) == ()


DELETING = [
    "import os\nos.remove('x')",
    "import os as o\no.unlink('x')",
    "from os import remove as r\nr('x')",
    "from os import *\nremove('x')",
    "import os\nos.rmdir('x'); os.removedirs('y')",
    "import shutil\nshutil.rmtree('output')",
    "from pathlib import Path\nPath('x').unlink()",
    "from pathlib import Path as P\nP.unlink(P('x'))",
    "import os\ndelete = os.remove\nfor name in []:\n    delete(name)",
    "import os\nlist(map(os.remove, ['x']))",
    "__import__('os').remove('x')",
    "import importlib\nimportlib.import_module('os').unlink('x')",
    "import os\ngetattr(os, 're' + 'move')('x')",
    "exec('import os; os.remove(\"x\")')",
    "code = 'import os\\nos.remove(1)'\nexec(code)",
    "import os\nos.ｒｅｍｏｖｅ('x')",
    "import os\nos.system('rm -rf output')",
    "import os\ncommand = 'rm -rf output'\nos.system(command)",
    "import subprocess\nsubprocess.run(['rm', '-rf', 'output'])",
    "import subprocess as s\ns.Popen('/bin/rm x', shell=True)",
    "from subprocess import check_call\ncheck_call(f'rm {1}', shell=True)",
    "import subprocess\nsubprocess.run(['find', '.', '-delete'])",
    "import subprocess\nsubprocess.run(['sh', '-c', 'cd x && rm *'])",
    "!rm -rf output",
    "x = 1\n%rm a\ny = 2",
    "%%bash\nrm -rf output",
    "os.remove('x') +",
]


@pytest.mark.parametrize("code", DELETING)
def test_code_that_deletes_is_blocked(code: str) -> None:
    assert _code_rules(code) == {"no-deletion"}


PRIVILEGED = [
    "import os\nos.system('sudo ls')",
    "import subprocess\nsubprocess.run(['su', '-', 'root'])",
    "import subprocess\nsubprocess.check_output('doas cat /etc/shadow', shell=True)",
    "import os\nos.execvp('/usr/bin/sudo', ['sudo', 'ls'])",
    "import os\nos.setuid(0)",
    "!sudo apt install x",
    "get_ipython().system('sudo ls')",
]


@pytest.mark.parametrize("code", PRIVILEGED)
def test_code_that_wants_more_rights_is_blocked(code: str) -> None:
    assert _code_rules(code) == {"no-privileges"}


ALLOWED = [
    "import pandas as pd\ndf = pd.read_csv('input/a.csv')\ndf.drop(columns=['su'], inplace=True)\ndel df['rm']",
    "items = [1]\nitems.remove(1)\nitems.clear()\nprint('use sudo rm -rf, or os.remove(x)')",
    "# os.remove('x'); sudo rm -rf /\n'''shutil.rmtree'''",
    "import ast, os\ntext = open('input/legacy_script.py').read()\nprint('os.remove' in text, os.listdir('.'))",
    "import subprocess\nprint(subprocess.run(['python', '--version'], capture_output=True))",
    "import tempfile, pathlib\nwith tempfile.TemporaryDirectory() as d:\n    pathlib.Path(d, 'a').write_text('a')",
    "import duckdb\nduckdb.sql('DROP TABLE IF EXISTS t')",
    "import matplotlib.pyplot as plt\nplt.cla(); plt.close('all')\nfig, ax = plt.subplots(); ax.lines[0].remove()",
    "import re\nre.sub('sudo', 'su', 'x')",
    "import os\nos.makedirs('output/a', exist_ok=True)\nos.replace('output/a', 'output/b')",
    "def f(:",
    "",
]


@pytest.mark.parametrize("code", ALLOWED)
def test_honest_code_runs(code: str) -> None:
    assert _code_rules(code) == set()


@pytest.mark.parametrize("directive", ["Compare body mass by species", "sudo rm -rf / and os.remove('x')\n\"\"\"'"])
def test_the_offline_analysts_own_programs_run(directive: str) -> None:
    names = ["penguins.csv", "financials_Q4.csv", "legacy_script.py", "rm -rf.txt"]
    assert _code_rules(look_program(names)) == set()
    assert _code_rules(analyse_program(names, directive)) == set()


@pytest.mark.parametrize(
    ("tool", "args", "rule"),
    [
        ("delete_file", {"path": "a"}, "no-deletion-tools"),
        ("remove_directory", {}, "no-deletion-tools"),
        ("rm", {}, "no-deletion-tools"),
        ("sudo", {"command": "ls"}, "no-privilege-tools"),
        ("shell", {"command": "ls && sudo ls"}, "no-dangerous-commands"),
        ("shell", {"command": ["/bin/rm", "x"]}, "no-dangerous-commands"),
    ],
)
def test_tools_that_delete_or_take_rights_are_blocked(tool: str, args: dict[str, Any], rule: str) -> None:
    assert [verdict.rule_id for verdict in RULES.judge_call(call(tool, **args))] == [rule]


@pytest.mark.parametrize(
    "tool", ["read_file", "list_files", "web_search", "prune_agent", "delegate_agent", "graft_dependency"]
)
def test_the_tools_there_are_are_not_minded(tool: str) -> None:
    assert (
        RULES.judge_call(call(tool, path="a.sh", agent_id="analyze_x", prompt="remove outliers, rm duplicates")) == ()
    )


def test_a_failure_asks_a_person() -> None:
    (verdict,) = RULES.judge_failure(failure("timed_out", "took too long"))
    assert (verdict.rule_id, verdict.action) == ("ask-on-failure", "request_approval")
    assert verdict.reason == "coder_it failed (timed_out): took too long"


BOMBS = [
    "(" * 50_000, "-" * 100_000 + "1", "1+" * 60_000 + "1", "x" + ".a" * 60_000, "os.system(" * 90, "\0", "f'{" * 500,
    "x " + "a" * 190_000, "x " + "a." * 90_000, "x " + " " * 190_000 + "!", "\\\n" * 60_000, "x = '" + "a" * 190_000,
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(BOMBS)))
def test_code_made_to_break_a_reader_is_judged_all_the_same(number: int) -> None:
    assert _code_rules(BOMBS[number]) <= {"no-deletion", "no-privileges"}


def test_a_thousand_evaluations_of_one_text_are_read_once() -> None:
    code = "s = '''" + "x = 1\n" * 2000 + "'''\n" + "exec(s)\n" * 1000
    assert _code_rules(code) == set()


HEADS = [
    b"\n",
    b" \n",
    b"rem a\n",
    b"::\n",
    b"# a\n",
    b" ",
    b"#!",
    b"#! ",
    b"@",
    b"\t\n \n",
    b"#requires ",
    b"MZ",
    b"PK\x03\x04",
]


@pytest.mark.parametrize("piece", HEADS)
def test_a_beginning_made_to_break_a_reader_is_told_apart_all_the_same(piece: bytes) -> None:
    assert _file_rules("a.txt", piece * 4096) <= {"no-executable-content", "no-disguised-scripts"}


@given(st.binary(max_size=300), st.sampled_from([piece for piece in HEADS if piece.isascii()]))
def test_whatever_the_bytes_are_they_are_judged(data: bytes, piece: bytes) -> None:
    assert _file_rules("a.txt", piece + data) <= {"no-executable-content", "no-disguised-scripts"}


@given(st.text(max_size=200), st.sampled_from(["import os\n", "!", "%%bash\n", "x = '", "exec(", "from os import *\n"]))
def test_whatever_the_code_is_it_is_judged(code: str, start: str) -> None:
    assert _code_rules(start + code) <= {"no-deletion", "no-privileges"}
