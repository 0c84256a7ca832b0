"""The offline analyst in a real sandbox, on files as people have them."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import AsyncIterator
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from raro.agents.models.offline.analyst import OfflineAnalyst, digest_of
from raro.agents.models.offline.kit import reporting
from raro.agents.models.offline.program import analyse_program, look_program
from raro.agents.tools import Toolbox, Workplace, granted
from raro.agents.turn import Assignment, PastTurn, ToolOutcome, TurnRequest, Upstream
from raro.events.shapes import AgentSpec, ToolCall
from raro.files.blobs import BlobStore
from raro.files.workspace import Sessions
from raro.sandboxes.local import LocalSandboxes
from raro.sandboxes.sandbox import Limits

EXAMPLES = Path(__file__).parents[2] / "examples"
NASTY: dict[str, bytes] = {
    "empty.csv": b"",
    "no rows.csv": b"a,b\n",
    "Umsätze 📈.csv": "Monat;Umsatz (€);Region\n2025-01-01;1.000,5;Nord\n2025-02-01;1.013,5;Süd\n".encode(),
    "utf16.csv": "a,b\n1,2\n3,4\n".encode("utf-16"),
    "latin.csv": "name,größe\nMüller,3\nStraße,4\n".encode("latin-1"),
    "bad rows.csv": b'a,b\n1,2\n3,4,5,6\n"two\nlines",7\n',
    "open quote.csv": b'a,b\n1,"2\n3,4\n5,6\n',
    "notes.txt": b"All was well. Revenue grew in the north. Costs fell in the north and the south. It rained.\n",
    "infinite.csv": b"x,y\ninf,1\n2,nan\n3,1e308\n-inf,-1e308\n",
    "records.json": b'[{"a":1,"b":{"c":2}},{"a":3,"b":{"c":null}}]',
    "nested.json": b'{"x":{"y":[1,{"z":null}]}}',
    "binary.dat": bytes(range(256)) * 4,
    "fake.png": b"\x89PNG\r\n\x1a\nrubbish",
    "page.pdf": b"%PDF-1.4\n1 0 obj<</Type /Page >>endobj",
    "broken.py": b"def f(:\n",
}


@pytest.fixture
async def workplace(tmp_path: Path) -> AsyncIterator[Workplace]:
    """An agent's place with a real sandbox."""
    blobs = BlobStore(tmp_path / "blobs")
    sandboxes = LocalSandboxes(tmp_path / "cache")
    place = Workplace("run_1", Sessions(tmp_path / "sessions").create("run_1"), blobs, sandboxes, Limits())
    yield place
    await place.close()
    await sandboxes.close()


async def analyse(place: Workplace, names: list[str], directive: str) -> list[str]:
    """The reports the kit made of these inputs."""
    outcome = await Toolbox(place, granted(AgentSpec(id="analyze_x"))).call(
        ToolCall(call_id="c", name="execute_python", args={"code": analyse_program(names, directive)})
    )
    digest = digest_of(outcome.text)
    assert digest is not None, outcome.text[-2000:]
    reports: list[str] = digest["reports"]
    return reports


def give(place: Workplace, name: str, data: bytes) -> None:
    (place.session.input / name).write_bytes(data)


async def test_every_nasty_file_gets_an_honest_report(workplace: Workplace) -> None:
    for name, data in NASTY.items():
        give(workplace, name, data)
    reports = dict(zip(NASTY, await analyse(workplace, list(NASTY), "missing values and outliers"), strict=True))
    assert "nothing to analyse" in reports["empty.csv"]
    assert "has no rows" in reports["no rows.csv"]
    assert "decimal comma" in reports["Umsätze 📈.csv"]
    assert "utf-16" in reports["utf16.csv"]
    assert "größe" in reports["latin.csv"]
    assert "1 lines had too many fields" in reports["bad rows.csv"]
    assert "a quotation mark is never closed" in reports["open quote.csv"]
    assert "3 rows" in reports["open quote.csv"]
    assert "> Costs fell in the north and the south." in reports["notes.txt"]
    assert "its content was not analysed" in reports["binary.dat"]
    assert "its text was not read" in reports["page.pdf"]
    assert "does not parse" in reports["broken.py"]


async def test_a_look_is_a_glance_at_every_file(workplace: Workplace) -> None:
    for name, data in NASTY.items():
        give(workplace, name, data)
    give(workplace, "penguins.parquet", (EXAMPLES / "penguins.parquet").read_bytes())
    give(workplace, "log.jsonl", b'{"at": 1, "what": "up"}\n{"at": 2}\n')
    give(workplace, "not.parquet", b"PAR1 or so")
    names = [*NASTY, "penguins.parquet", "log.jsonl", "not.parquet"]
    code = look_program(names) + "import sys\nprint('pandas' in sys.modules)\n"
    call = ToolCall(call_id="c", name="execute_python", args={"code": code})
    said = (await Toolbox(workplace, granted(AgentSpec(id="analyze_x"))).call(call)).text.splitlines()
    assert "empty.csv: empty, 0 bytes" in said
    assert "no rows.csv: csv, 4 bytes, 1 line, 2 columns: a, b" in said
    assert "Umsätze 📈.csv: csv, 74 bytes, 3 lines, 3 columns: Monat, Umsatz (€), Region" in said
    assert "utf16.csv: csv, 26 bytes, 3 lines, 2 columns: a, b" in said
    assert "latin.csv: csv, 29 bytes, 3 lines, 2 columns: name, größe" in said
    assert "notes.txt: text, 91 bytes, 1 line" in said
    assert "binary.dat: binary, 1.0 KB" in said
    assert "fake.png: image, 15 bytes" in said
    assert any(
        line.startswith("penguins.parquet: parquet, ") and "344 rows, 8 columns: species" in line for line in said
    )
    assert "log.jsonl: jsonl, 34 bytes, 2 lines of at, what" in said
    assert any(line.startswith("not.parquet: 10 bytes; it does not begin as its name says") for line in said)
    assert "False" in said


async def test_documents_are_described_without_what_only_tables_need(workplace: Workplace) -> None:
    names = ["notes.txt", "binary.dat", "fake.png", "page.pdf", "broken.py", "settings.json", "photo.png"]
    picture = BytesIO()
    Image.new("RGB", (30, 20)).save(picture, "png")
    for name in names:
        give(
            workplace, name, {**NASTY, "settings.json": b'{"a": [1, {"b": 2}]}', "photo.png": picture.getvalue()}[name]
        )
    loaded = (
        "import sys\nprint([name for name in ('pandas', 'numpy', 'matplotlib', 'duckdb') if name in sys.modules])\n"
    )
    call = ToolCall(call_id="c", name="execute_python", args={"code": analyse_program(names, "tell me") + loaded})
    said = (await Toolbox(workplace, granted(AgentSpec(id="analyze_x"))).call(call)).text
    digest = digest_of(said)
    assert digest is not None
    assert "30 × 20 pixels" in digest["reports"][-1]
    assert "[]" in said.splitlines()


async def test_what_a_text_says_is_answered_in_its_own_words(workplace: Workplace) -> None:
    give(workplace, "notes.txt", NASTY["notes.txt"])
    asked = await analyse(workplace, ["notes.txt"], "What do these pages say?")
    unasked = await analyse(workplace, ["notes.txt"], "profile")
    assert "- “Costs fell in the north and the south.”" in asked[0]
    assert "“Costs" not in unasked[0]


async def test_the_directive_is_answered_with_numbers_of_the_data(workplace: Workplace) -> None:
    for name in ("penguins.csv", "raw_telemetry_dump.csv", "financials_Q4.csv", "legacy_script.py"):
        give(workplace, name, (EXAMPLES / name).read_bytes())
    penguins = (await analyse(workplace, ["penguins.csv"], "Compare body mass by species; where are values missing?"))[
        0
    ]
    assert "Gentoo: mean 5,076, median 5,000" in penguins
    assert "sex 11 (3.2%)" in penguins
    telemetry = (await analyse(workplace, ["raw_telemetry_dump.csv"], "outliers and trend of temperature"))[0]
    assert "temperature_c: " in telemetry
    assert "over time**: it " in telemetry
    ledger = (await analyse(workplace, ["financials_Q4.csv"], "audit: outliers, duplicates, data quality"))[0]
    assert "Duplicate rows: 1" in ledger
    script = (await analyse(workplace, ["legacy_script.py"], "what should be refactored first?"))[0]
    assert "mutable default argument" in script
    charts = sorted(path.name for path in workplace.session.output.rglob("*.png"))
    assert len(charts) >= 6
    summary = json.loads((workplace.session.output / "penguins_csv" / "summary.json").read_text())
    assert summary["columns"]["body_mass_g"]["missing"] == 2


async def test_files_of_one_stem_do_not_overwrite_each_other(workplace: Workplace) -> None:
    for name in ("a.csv", "a-csv", "A.csv"):
        give(workplace, name, b"x\n1\n2\n")
    await analyse(workplace, ["a.csv", "a-csv", "A.csv"], "")
    assert len(list(workplace.session.output.glob("*/report.md"))) == 3


def test_inputs_of_different_agents_never_share_a_folder() -> None:
    names = [
        "a_b.csv",
        "a b.csv",
        "a.b.csv",
        "a-b.csv",
        "A_b.csv",
        "😀.csv",
        "日本.csv",
        "a_b_csv",
        "größe.csv",
        "grosse.csv",
    ]
    assert len({reporting._folder(name) for name in names}) == len(names)
    assert reporting._folder("financials_Q4.csv") == "financials_Q4_csv"


async def test_a_writer_says_which_summaries_it_could_not_read() -> None:
    upstream = (Upstream("analyze_a", "# a", ("a_csv/summary.json", "b_csv/summary.json")),)
    assignment = Assignment(AgentSpec(id="writer_report"), "compare", upstream=upstream)
    read = {
        "said-0": ToolOutcome(True, "# a"),
        "measured-0": ToolOutcome(True, '{"file": "a.csv", "kind": "table", "size": "1 KB", "columns": {}}'),
        "measured-1": ToolOutcome(False, "there is no file"),
    }
    first = await OfflineAnalyst().answer(TurnRequest(assignment, ()))
    answer = await OfflineAnalyst().answer(TurnRequest(assignment, (PastTurn(first, read),)))
    content = answer.tool_calls[0].args["content"]
    assert "| a.csv | table | 1 KB |" in content
    assert "1 of the analysts' summaries could not be read" in content


CELL = st.one_of(
    st.integers(-99, 99).map(str), st.sampled_from(["", "na", "2026-01-02", "1,5", "ü", "x y", "1e400", "-"])
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=30))
async def test_no_table_breaks_the_kit(workplace: Workplace, table: list[list[str]]) -> None:
    give(workplace, "t.csv", "\n".join([";".join(("a", "b b", "ç")), *map(";".join, table)]).encode())
    assert await analyse(workplace, ["t.csv"], "trend, top 3, correlation, outliers, missing by ç")


def test_the_kit_can_be_sent_as_one_program() -> None:
    kit = files("raro.agents.models.offline").joinpath("kit")
    names = Counter(
        node.name
        for file in kit.iterdir()
        if file.name.endswith(".py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


async def test_tools_refuse_what_leads_outside(workplace: Workplace) -> None:
    tools = Toolbox(workplace, granted(AgentSpec(id="analyze_x")))
    (workplace.session.output / "link.txt").symlink_to("/etc/passwd")
    for path in ("../../../etc/passwd", "/etc/passwd", "output/link.txt", "link.txt", "input/../../x"):
        outcome = await tools.call(ToolCall(call_id="r", name="read_file", args={"path": path}))
        assert not outcome.ok, path
        assert "root:" not in outcome.text
    for path in ("../x", "/tmp/x", "a\\b", "..", "x/../../y"):
        outcome = await tools.call(ToolCall(call_id="w", name="write_file", args={"path": path, "content": "x"}))
        assert not outcome.ok, path
    missing = await tools.call(ToolCall(call_id="m", name="write_file", args={}))
    assert (missing.ok, missing.code) == (False, "bad_arguments")
    unknown = await tools.call(ToolCall(call_id="u", name="web_search", args={}))
    assert (unknown.ok, unknown.code) == (False, "tool_not_granted")


async def test_what_is_written_is_seen_by_python_and_read_back(workplace: Workplace) -> None:
    tools = Toolbox(workplace, granted(AgentSpec(id="coder_x")))
    args = {"path": "Süd/ä 📈.txt", "content": "grüß dich"}
    assert (await tools.call(ToolCall(call_id="w", name="write_file", args=args))).ok
    code = "print(open('output/Süd/ä 📈.txt', encoding='utf-8').read()); open('output/Süd/b.txt', 'w').write('x')"
    assert "grüß dich" in (await tools.call(ToolCall(call_id="p", name="execute_python", args={"code": code}))).text
    assert (await tools.call(ToolCall(call_id="r", name="read_file", args={"path": "Süd/b.txt"}))).text == "x"
    listed = await tools.call(ToolCall(call_id="l", name="list_files", args={}))
    assert "output/Süd/ä 📈.txt" in listed.text


async def test_long_text_is_cut_with_a_note(workplace: Workplace) -> None:
    give(workplace, "long.txt", b"x" * 60_000)
    tools = Toolbox(workplace, granted(AgentSpec(id="research_x")))
    outcome = await tools.call(ToolCall(call_id="r", name="read_file", args={"path": "long.txt"}))
    assert len(outcome.text) < 50_200
    assert "[cut: bytes 0 to 50,000 of 60,000; offset=50000 reads on]" in outcome.text
    rest = await tools.call(ToolCall(call_id="s", name="read_file", args={"path": "long.txt", "offset": 50_000}))
    assert rest.text == "x" * 10_000 + "\n\n[cut: bytes 50,000 to 60,000 of 60,000]"
