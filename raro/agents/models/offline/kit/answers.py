"""Answers what a directive names: columns, comparisons by group, top values, trends, correlations, gaps, outliers."""

from __future__ import annotations

import difflib
import re

from raro.agents.models.offline.kit.profiling import Column, Profile, beside, grouped, shown

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_TOP = re.compile(
    r"\b(?:top|highest|largest|biggest|best)\s*(\d+)?|\b(?:lowest|smallest|worst|bottom)\s*(\d+)?", re.IGNORECASE
)
_GENERIC = {"the", "and", "for", "with", "from", "data", "file", "files", "table", "column", "columns", "all", "this"}


def mentioned(profile: Profile, directive: str) -> list[Column]:
    """Columns that the directive names, whole or by similar words, in the order in which it names them."""
    words = [word.lower() for word in _WORD.findall(directive)]
    text = " ".join(words)
    found: list[tuple[int, Column]] = []
    for column in profile.columns:
        parts = [word.lower() for word in _WORD.findall(column.name)]
        if place := _place(parts, words, text):
            found.append((place, column))
    return [column for _, column in sorted(found, key=lambda item: item[0])]


def _place(parts: list[str], words: list[str], text: str) -> int:
    """Where the directive names the column, from 1; 0 when it does not."""
    if not parts:
        return 0
    whole = " ".join(parts)
    if re.search(rf"\b{re.escape(whole)}s?\b", text):
        return text.index(whole) + 1
    telling = [part for part in parts if len(part) > 2 and part not in _GENERIC]
    hits = [position for position in (_similar(part, words) for part in telling) if position]
    need = 1 if len(telling) == 1 else 2
    return min(hits) if len(hits) >= need else 0


def _similar(part: str, words: list[str]) -> int:
    for position, word in enumerate(words):
        plural = word.rstrip("s") == part.rstrip("s")
        if word == part or (len(part) > 3 and (plural or difflib.SequenceMatcher(None, word, part).ratio() > 0.86)):
            return sum(len(earlier) + 1 for earlier in words[:position]) + 1
    return 0


def answer(profile: Profile, directive: str) -> list[str]:
    """Sentences with numbers from the data; what could not be answered is said, and why."""
    if not directive.strip():
        return []
    named = mentioned(profile, directive)
    numbers = [column for column in named if column.kind == "number"]
    groups = [column for column in named if column.kind in ("category", "constant")]
    lower = directive.lower()
    lines: list[str] = []
    lines += _by_group(profile, numbers, groups, lower)
    lines += _correlation(profile, numbers, lower)
    lines += _trend(profile, numbers, lower)
    lines += _top(profile, numbers, directive)
    lines += _gaps(profile, lower) + _outliers(profile, numbers, lower)
    if not lines:
        lines += [_about(column) for column in named[:8]]
    return lines or [_unanswered(profile)]


def _by_group(profile: Profile, numbers: list[Column], groups: list[Column], lower: str) -> list[str]:
    asked = re.search(r"\bby\b|\bper\b|compar|differ|between|across|each|group|versus|\bvs\b", lower)
    if not (asked or (numbers and groups)):
        return []
    groups = groups or _default_groups(profile)
    numbers = numbers or (profile.of_kind("number")[:2] if asked else [])
    if not groups or not numbers:
        return []
    return [_comparison(groups[0], number) for number in numbers[:4]] + (
        [_comparison(groups[1], numbers[0])] if len(groups) > 1 else []
    )


def _default_groups(profile: Profile) -> list[Column]:
    return [column for column in profile.of_kind("category") if 2 <= column.distinct <= 12][:1]


def _comparison(group: Column, number: Column) -> str:
    table = grouped(group, number)
    if table.empty:
        return f"**{number.name} by {group.name}**: no row has both values."
    table = table.sort_values("mean", ascending=False)
    parts = [
        f"{name}: mean {shown(row['mean'])}, median {shown(row['median'])}, sum {shown(row['sum'])} (n={int(row['count'])})"
        for name, row in table.head(8).iterrows()
    ]
    highest, lowest = table.index[0], table.index[-1]
    gap = table["mean"].iloc[0] - table["mean"].iloc[-1]
    ending = f" “{highest}” is on average {shown(gap)} above “{lowest}”." if len(table) > 1 else ""
    return f"**{number.name} by {group.name}**: {'; '.join(parts)}.{ending}"


def _correlation(profile: Profile, numbers: list[Column], lower: str) -> list[str]:
    if not re.search(r"correlat|relat|depend|connection|influence|\bagainst\b", lower):
        return []
    if len(numbers) >= 2:
        both = beside(numbers[0].values, numbers[1].values).dropna()
        strength = float(both.iloc[:, 0].rank().corr(both.iloc[:, 1].rank()))
        return [
            f"**{numbers[0].name} and {numbers[1].name}**: rank correlation {strength:.2f} over {len(both):,} rows."
        ]
    strong = profile.correlations[:5]
    if not strong:
        return ["**Correlations**: no pair of number columns goes together strongly (|rank correlation| ≥ 0.5)."]
    return ["**Correlations**: " + "; ".join(f"{one} and {other} {value:+.2f}" for one, other, value in strong) + "."]


def _trend(profile: Profile, numbers: list[Column], lower: str) -> list[str]:
    if not re.search(r"trend|over time|develop|growth|month|week|dai?ly|year|evol|time series", lower):
        return []
    dates = profile.of_kind("date")
    if not dates:
        return ["**Trend**: the table has no column of dates, so no trend can be told."]
    return [_trend_of(dates[0], number) for number in (numbers or profile.of_kind("number"))[:3]]


def _trend_of(date: Column, number: Column) -> str:
    both = beside(date.values.rename("d"), number.values.rename("v")).dropna()
    both = both.sort_values("d")
    if len(both) < 4:
        return f"**{number.name} over time**: too few rows ({len(both)}) for a trend."
    quarter = max(1, len(both) // 4)
    first, last = both["v"].head(quarter).mean(), both["v"].tail(quarter).mean()
    strength = float(both["d"].rank().corr(both["v"].rank()))
    way = "rises" if strength > 0.2 else "falls" if strength < -0.2 else "shows no clear direction"
    return (
        f"**{number.name} over time**: it {way} (rank correlation with time {strength:.2f}); the first quarter of the rows "
        f"averages {shown(first)}, the last {shown(last)}."
    )


def _top(profile: Profile, numbers: list[Column], directive: str) -> list[str]:
    match = _TOP.search(directive)
    numbers = numbers or profile.of_kind("number")[:1]
    if not match or not numbers:
        return []
    count = int(match[1] or match[2] or 5)
    low = bool(re.match(r"lowest|smallest|worst|bottom", match[0], re.IGNORECASE))
    values = numbers[0].values.sort_values(ascending=low).head(min(count, 20))
    labels = [column for column in profile.columns if column.kind in ("id", "category", "text", "date")][:2]
    parts = [
        f"{shown(value)}" + "".join(f", {c.name} {c.values.get(index, '–')}" for c in labels)
        for index, value in values.items()
    ]
    return [f"**{'Lowest' if low else 'Highest'} {numbers[0].name}**: " + "; ".join(parts) + "."]


def _gaps(profile: Profile, lower: str) -> list[str]:
    if not re.search(r"missing|empty|gap|complete|quality|null|clean", lower):
        return []
    gaps = [f"{c.name} {c.missing:,} ({c.missing / max(profile.rows, 1):.1%})" for c in profile.columns if c.missing]
    return [
        "**Missing values**: " + ("; ".join(gaps) if gaps else "none") + f". Duplicate rows: {profile.duplicates:,}."
    ]


def _outliers(profile: Profile, numbers: list[Column], lower: str) -> list[str]:
    if not re.search(r"outlier|anomal|unusual|suspicious|fraud|audit|spike|error", lower):
        return []
    found = [c for c in (numbers or profile.of_kind("number")) if c.facts.get("outliers")]
    if not found:
        return ["**Outliers**: no value lies beyond 1.5 interquartile ranges of its column's middle half."]
    parts = [
        f"{c.name}: {c.facts['outliers']} (furthest: {', '.join(map(shown, c.facts['outlier_values'][:3]))})"
        for c in found
    ]
    return ["**Outliers** (beyond 1.5 interquartile ranges): " + "; ".join(parts) + "."]


def _about(column: Column) -> str:
    facts = column.facts
    if column.kind == "number":
        return (
            f"**{column.name}**: mean {shown(facts['mean'])}, median {shown(facts['median'])}, from {shown(facts['min'])} "
            f"to {shown(facts['max'])}; {column.missing} missing."
        )
    if "top" in facts:
        return f"**{column.name}**: " + ", ".join(f"{name} ({count:,})" for name, count in facts["top"].items()) + "."
    if column.kind == "date":
        return f"**{column.name}**: from {facts['first']} to {facts['last']}."
    return f"**{column.name}**: {column.distinct:,} different values, {column.missing:,} missing."


def _unanswered(profile: Profile) -> str:
    names = ", ".join(column.name for column in profile.columns[:15])
    return (
        "The directive names no column of this table and no measure the offline analyst knows, so it was not answered "
        f"directly. Columns: {names}. Name some of them, or ask for trends, correlations, outliers or missing values."
    )
