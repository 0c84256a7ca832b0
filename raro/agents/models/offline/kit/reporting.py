"""Puts it together: one folder per input with report.md, summary.json and charts, and a digest for the analyst."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from raro.agents.models.offline.kit.answers import answer, mentioned
from raro.agents.models.offline.kit.charts import draw
from raro.agents.models.offline.kit.documents import describe
from raro.agents.models.offline.kit.loading import Loaded, load
from raro.agents.models.offline.kit.looking import human_size
from raro.agents.models.offline.kit.profiling import Column, Profile, grouped, profile, shown
from raro.agents.models.offline.kit.sniffing import OUTPUT

if TYPE_CHECKING:
    import pandas as pd

# Well below what a sandbox lets a program print, also when every letter is escaped.
DIGEST_CHARS = 36_000
_COLUMNS = 150


def analyse(names: Sequence[str], directive: str) -> None:
    """Work on every input and print a line `DIGEST {json}` for the analyst."""
    reports = [_one(load(name), directive, _folder(name)) for name in names]
    share = DIGEST_CHARS // max(1, len(names))
    cut = [
        report if len(report) <= share else f"{report[:share]}\n\n[cut; the whole is in report.md]"
        for report in reports
    ]
    print("DIGEST " + json.dumps({"reports": cut}, ensure_ascii=True))


def _one(loaded: Loaded, directive: str, folder: str) -> str:
    (OUTPUT / folder).mkdir(parents=True, exist_ok=True)
    if loaded.frame is not None and loaded.frame.shape[1]:
        summary, sections = _table(loaded, directive, folder)
    else:
        answers, findings, body = describe(loaded, directive)
        summary = {"answers": answers, "findings": findings, "columns": {}}
        sections = body
    about = {"file": loaded.name, "kind": loaded.kind, "size": human_size(loaded.size_bytes), "rows": loaded.rows}
    summary = {**about, **summary, "notes": loaded.notes}
    report = _report(summary, directive, sections)
    (OUTPUT / folder / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=2), encoding="utf-8")
    (OUTPUT / folder / "report.md").write_text(_relative(report, folder), encoding="utf-8")
    return report


def _table(loaded: Loaded, directive: str, folder: str) -> tuple[dict[str, Any], list[str]]:
    assert loaded.frame is not None
    table = profile(loaded.frame, loaded.rows)
    named = [column.name for column in mentioned(table, directive)]
    charts = draw(table, named, OUTPUT / folder, loaded.name) if loaded.rows else []
    _clean(table, loaded.frame).to_csv(OUTPUT / folder / "summary.csv", index=False)
    loaded.notes += table.notes
    summary = {
        "answers": answer(table, directive) if loaded.rows else ["The table has no rows."],
        "findings": _findings(table),
        "columns": {column.name: _measured(column) for column in table.columns[:_COLUMNS]},
        "charts": [f"{folder}/{path.name}" for path in charts],
        "duplicates": table.duplicates,
    }
    links = [f"![{path.stem[3:].replace('_', ' ')}]({folder}/{path.name})" for path in charts]
    sections = [*(["## Charts", *links] if links else []), *_columns(table), *_groups(table, named)]
    return summary, sections


def _clean(table: Profile, frame: pd.DataFrame) -> pd.DataFrame:
    """One row per column of the input: what a person would check first."""
    import pandas as pd

    keys = ("mean", "median", "std", "min", "q25", "q75", "max", "outliers", "first", "last")
    return pd.DataFrame(
        [
            {
                "column": column.name,
                "kind": column.kind,
                "missing": column.missing,
                "distinct": column.distinct,
                **{key: column.facts.get(key) for key in keys},
                "most_frequent": next(iter(column.facts.get("top", {})), None),
            }
            for column in table.columns
        ]
    )


def _measured(column: Column) -> dict[str, Any]:
    facts = {key: value for key, value in column.facts.items() if key != "was"}
    return {"kind": column.kind, "missing": column.missing, "distinct": column.distinct, **facts}


def _findings(table: Profile) -> list[str]:
    found = [f"{table.rows:,} rows, {len(table.columns)} columns"]
    if table.correlations:
        one, other, value = table.correlations[0]
        found.append(f"{one} and {other} go together most strongly (rank correlation {value:+.2f})")
    gaps = sorted((c for c in table.columns if c.missing), key=lambda c: -c.missing)
    if gaps:
        found.append(f"{gaps[0].name} has the most missing values ({gaps[0].missing:,} of {table.rows:,})")
    wild = sorted((c for c in table.of_kind("number") if c.facts["outliers"]), key=lambda c: -c.facts["outliers"])
    if wild:
        furthest = ", ".join(map(shown, wild[0].facts["outlier_values"][:3]))
        found.append(f"{wild[0].name} has {wild[0].facts['outliers']} outliers (furthest: {furthest})")
    if table.duplicates:
        found.append(f"{table.duplicates:,} rows are exact duplicates")
    constant = [c.name for c in table.of_kind("constant")]
    if constant:
        found.append(f"always the same: {', '.join(constant[:5])}")
    skewed = [c for c in table.of_kind("number") if abs(c.facts["skew"]) > 2]
    if skewed:
        found.append(f"{skewed[0].name} is strongly skewed (skew {skewed[0].facts['skew']})")
    return found


def _columns(table: Profile) -> list[str]:
    lines = ["## Columns", "| column | kind | missing | distinct | typical | range |\n|---|---|---|---|---|---|"]
    rows = [
        f"| {_cell(c.name)} | {c.kind} | {c.missing:,} | {c.distinct:,} | {_typical(c)} | {_range(c)} |"
        for c in table.columns[:80]
    ]
    return [lines[0], "\n".join([lines[1], *rows])]


def _typical(column: Column) -> str:
    if "median" in column.facts:
        return f"median {shown(column.facts['median'])}, mean {shown(column.facts['mean'])}"
    if "top" in column.facts:
        name, count = next(iter(column.facts["top"].items()))
        return f"{_cell(name)} ({count:,})"
    return ""


def _range(column: Column) -> str:
    if "min" in column.facts:
        return f"{shown(column.facts['min'])} to {shown(column.facts['max'])}"
    return f"{column.facts['first']} to {column.facts['last']}" if "first" in column.facts else ""


def _groups(table: Profile, named: list[str]) -> list[str]:
    groups = [c for c in table.of_kind("category") if 2 <= c.distinct <= 12]
    numbers = table.of_kind("number")
    if not groups or not numbers:
        return []
    groups.sort(key=lambda c: named.index(c.name) if c.name in named else len(named))
    numbers.sort(key=lambda c: named.index(c.name) if c.name in named else len(named))
    sections = [f"## By {groups[0].name}"]
    for number in numbers[:4]:
        rows = [
            f"| {_cell(str(name))} | {int(row['count']):,} | {shown(row['mean'])} | {shown(row['median'])} | {shown(row['std'])} |"
            for name, row in grouped(groups[0], number).iterrows()
        ]
        head = f"| {_cell(groups[0].name)} | rows | mean {_cell(number.name)} | median | std |\n|---|---|---|---|---|"
        sections.append("\n".join([head, *rows]))
    return sections


def _report(summary: dict[str, Any], directive: str, sections: list[str]) -> str:
    size = f"{summary['rows']:,} rows, {summary['size']}" if summary["kind"] == "table" else summary["size"]
    parts = [f"# {summary['file']}", f"*{summary['kind']}, {size}*"]
    if summary["answers"]:
        asked = f"> {' '.join(directive.split())}\n\n" if directive.strip() else ""
        parts.append("## What was asked\n\n" + asked + "\n".join(f"- {line}" for line in summary["answers"]))
    parts.append("## Findings\n\n" + "\n".join(f"- {line}" for line in summary["findings"]))
    parts += sections
    caveats = [*summary["notes"]]
    if summary["kind"] == "table":
        caveats.append("outliers lie beyond 1.5 interquartile ranges; correlations are of ranks and show no cause")
    if caveats:
        parts.append("## Method and caveats\n\n" + "\n".join(f"- {line}" for line in caveats))
    return "\n\n".join(parts)


def _relative(report: str, folder: str) -> str:
    note = "\n\n*Made by RARO's offline analyst with fixed statistical methods; no language model was used.*\n"
    return report.replace(f"]({folder}/", "](") + note


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:60]


def _folder(name: str) -> str:
    """`penguins.csv` → `penguins_csv`; a name that loses something on the way gets a few digits of its hash.

    No two inputs share a folder, also when two agents that know nothing of each other work on them.
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    folder = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:50] or "file"
    if re.fullmatch(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*\.[A-Za-z0-9]+", name) and len(name) <= 50:
        return folder
    return f"{folder}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"
