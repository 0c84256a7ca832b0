"""Two to six charts of a table, chosen by its columns' kinds."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raro.agents.models.offline.kit.profiling import Column, Profile, beside

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    Paint = Callable[[Axes], None]

MAX_CHARTS = 6
_MAX_POINTS = 5000
_MAX_LABEL = 28
# Okabe and Ito, "Color Universal Design" (2008): told apart with any colour vision.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C8C", "#F0E442")
_INK, _GRID = "#1A1918", "#D9D5CE"
_UNITS = {
    "mm": "mm", "cm": "cm", "km": "km", "kg": "kg", "g": "g", "ms": "ms", "s": "s", "sec": "s", "pct": "%",
    "percent": "%", "usd": "USD", "eur": "EUR", "c": "°C", "celsius": "°C", "mb": "MB", "gb": "GB", "kwh": "kWh",
    "v": "V", "a": "A", "w": "W", "hz": "Hz", "rpm": "rpm", "bar": "bar", "psi": "psi",
}  # fmt: skip


def draw(profile: Profile, wanted: Sequence[str], folder: Path, title: str) -> list[Path]:
    """Draw what suits the table, columns that were asked for first; returns the files."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    warnings.filterwarnings("ignore", message="Glyph .* missing")
    plt.rcParams.update(_STYLE)
    folder.mkdir(parents=True, exist_ok=True)
    numbers = _first(profile.of_kind("number"), wanted)
    groups = [column for column in _first(profile.of_kind("category"), wanted) if 2 <= column.distinct <= 12]
    dates = profile.of_kind("date")
    plans = _plans(profile, numbers, groups, dates)
    made: list[Path] = []
    for name, paint in plans[:MAX_CHARTS]:
        figure, axes = plt.subplots(figsize=(8, 4.8))
        try:
            paint(axes)
            path = folder / f"{len(made) + 1:02d}_{name}.png"
            figure.savefig(path, dpi=150, bbox_inches="tight")
            made.append(path)
        except (ValueError, TypeError, ZeroDivisionError) as error:
            sys.stderr.write(f"chart {name} was left out: {error}\n")
        finally:
            plt.close(figure)
    return made


def _plans(
    profile: Profile, numbers: list[Column], groups: list[Column], dates: list[Column]
) -> list[tuple[str, Paint]]:
    plans: list[tuple[str, Paint]] = []
    if dates and numbers:
        plans.append(("over_time", lambda axes: _line(axes, dates[0], numbers[0])))
    if groups and numbers:
        plans.append(("by_group", lambda axes: _boxes(axes, groups[0], numbers[0])))
    pair = _pair(profile, numbers)
    if pair:
        plans.append(("scatter", lambda axes: _scatter(axes, *pair, groups[0] if groups else None)))
    if numbers:
        plans.append(("distribution", lambda axes: _histogram(axes, numbers[0], groups[0] if groups else None)))
    if groups:
        plans.append(("counts", lambda axes: _bars(axes, groups[0])))
    if len(numbers) >= 3:
        plans.append(("correlation", lambda axes: _heat(axes, numbers[:12])))
    if len(numbers) > 1 and len(plans) < MAX_CHARTS:
        plans.append(("distribution_2", lambda axes: _histogram(axes, numbers[1], groups[0] if groups else None)))
    many = [column for column in profile.of_kind("category", "text") if column not in groups and column.distinct > 1]
    if many and len(plans) < 2:
        plans.append(("most_frequent", lambda axes: _bars(axes, many[0])))
    if any(column.missing for column in profile.columns) and len(plans) < MAX_CHARTS:
        plans.append(("missing", lambda axes: _missing(axes, profile)))
    return plans


def _first(columns: list[Column], wanted: Sequence[str]) -> list[Column]:
    return sorted(columns, key=lambda column: wanted.index(column.name) if column.name in wanted else len(wanted))


def _pair(profile: Profile, numbers: list[Column]) -> tuple[Column, Column] | None:
    by_name = {column.name: column for column in numbers}
    for one, other, _ in profile.correlations:
        if one in by_name and other in by_name:
            return by_name[one], by_name[other]
    return (numbers[0], numbers[1]) if len(numbers) > 1 else None


def _histogram(axes: Axes, column: Column, group: Column | None) -> None:
    import numpy as np

    low, high = column.values.quantile([0.001, 0.999])
    values = column.values[column.values.between(low, high)] if len(column.values) > 1000 else column.values
    bins = np.histogram_bin_edges(values, bins=min(40, max(8, int(np.sqrt(len(values))))))
    parts = _parts(values, group, 4)
    axes.hist(
        [part for _, part in parts],
        bins=list(bins),
        stacked=True,
        color=PALETTE[: len(parts)],
        label=[n for n, _ in parts],
    )
    median = float(column.values.median())
    axes.axvline(median, color=_INK, linewidth=1.2, linestyle="--")
    axes.annotate(
        f"median {median:,.4g}",
        (median, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(4, -12),
        textcoords="offset points",
        fontsize=9,
    )
    _finish(axes, f"Distribution of {_short(column.name)}", label(column.name), "rows", legend=len(parts) > 1)


def _boxes(axes: Axes, group: Column, column: Column) -> None:
    parts = sorted(_parts(column.values, group, 12), key=lambda part: -float(part[1].median()))
    boxes = axes.boxplot(
        [part for _, part in parts],
        tick_labels=[f"{_short(name)}\nn={len(part):,}" for name, part in parts],
        patch_artist=True,
        medianprops={"color": _INK, "linewidth": 1.5},
        flierprops={"marker": "o", "markersize": 3, "markerfacecolor": "none", "markeredgecolor": "#6B655C"},
    )
    for index, box in enumerate(boxes["boxes"]):
        box.set(facecolor=PALETTE[index % len(PALETTE)], alpha=0.75)
    _finish(axes, f"{_short(column.name)} by {_short(group.name)}", label(group.name), label(column.name))
    _slant(axes, parts)


def _scatter(axes: Axes, one: Column, other: Column, group: Column | None) -> None:
    both = beside(one.values.rename("x"), other.values.rename("y")).dropna()
    both = both.sample(_MAX_POINTS, random_state=7) if len(both) > _MAX_POINTS else both
    for index, (name, part) in enumerate(_parts(both["x"], group, 6)):
        axes.scatter(part, both.loc[part.index, "y"], s=16, alpha=0.7, color=PALETTE[index], label=name, linewidths=0)
    strength = float(both["x"].rank().corr(both["y"].rank()))
    title = f"{_short(other.name)} against {_short(one.name)} (rank correlation {strength:.2f})"
    _finish(axes, title, label(one.name), label(other.name), legend=group is not None)


def _bars(axes: Axes, column: Column) -> None:
    counts = column.values.map(str).value_counts().head(15)[::-1]
    bars = axes.barh([_short(str(name)) for name in counts.index], list(counts), color=PALETTE[0])
    axes.bar_label(bars, labels=[f"{int(count):,}" for count in counts], padding=3, fontsize=9)
    axes.margins(x=0.12)
    _finish(axes, f"Rows by {_short(column.name)}", "rows", label(column.name), grid="x")


def _line(axes: Axes, date: Column, column: Column) -> None:
    both = beside(date.values.rename("when"), column.values.rename("value")).dropna()
    # Several rows of one moment would draw as a vertical stroke.
    series = both.groupby("when")["value"].mean().sort_index()
    span = series.index.max() - series.index.min()
    steps = (("YS", 3650), ("MS", 400), ("W", 90), ("D", 5), ("h", 0.2), ("min", 0.003))
    step = next((code for code, days in steps if span.total_seconds() / 86400 > days and len(series) > 200), None)
    drawn = series.resample(step).mean().dropna() if step else series
    axes.plot(
        drawn.index, drawn, color=PALETTE[0], linewidth=1.4, marker="o" if len(drawn) < 40 else None, markersize=3
    )
    axes.figure.autofmt_xdate(rotation=30)
    named = {"YS": "yearly", "MS": "monthly", "W": "weekly", "D": "daily", "h": "hourly", "min": "by minute"}
    how = f" ({named[step]} mean)" if step else " (mean)" if len(series) < len(both) else ""
    _finish(axes, f"{_short(column.name)} over time{how}", label(date.name), label(column.name))


def _heat(axes: Axes, columns: list[Column]) -> None:
    frame = beside(*(column.values.rename(column.name) for column in columns))
    matrix = frame.rank().corr().to_numpy(dtype=float)
    image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    names = [_short(column.name) for column in columns]
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set_yticks(range(len(names)), names)
    for row in range(len(names)):
        for number in range(len(names)):
            value = matrix[row, number]
            if value == value:
                axes.text(
                    number,
                    row,
                    f"{value:.2f}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if abs(value) > 0.6 else _INK,
                )
    axes.figure.colorbar(image, ax=axes, shrink=0.85, label="rank correlation")
    axes.grid(visible=False)
    axes.set_title("How the numbers go together")


def _missing(axes: Axes, profile: Profile) -> None:
    columns = sorted((c for c in profile.columns if c.missing), key=lambda c: c.missing)[-15:]
    bars = axes.barh([_short(c.name) for c in columns], [c.missing for c in columns], color=PALETTE[5])
    axes.bar_label(bars, padding=3, fontsize=9)
    axes.margins(x=0.12)
    _finish(axes, "Missing values by column", "missing values", "", grid="x")


def _parts(values: pd.Series, group: Column | None, most: int) -> list[tuple[str, pd.Series]]:
    """The values by group; small groups beyond `most` together as “other”."""
    if group is None:
        return [("all", values)]
    names = group.values.map(str).reindex(values.index)
    top = list(names.value_counts().head(most).index)
    parts = [(str(name), values[names == name]) for name in top]
    rest = values[~names.isin(top)]
    found = [part for part in [*parts, ("other", rest)] if len(part[1])]
    return found or [("all", values)]


def _slant(axes: Axes, parts: list[tuple[str, pd.Series]]) -> None:
    if len(parts) > 6 or max(len(name) for name, _ in parts) > 14:
        axes.tick_params(axis="x", rotation=30)


def _finish(axes: Axes, title: str, x: str, y: str, *, legend: bool = False, grid: str = "y") -> None:
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x" if grid == "x" else "y")
    if legend:
        axes.legend(frameon=False, fontsize=9)


def label(name: str) -> str:
    """A column's name for an axis, with the unit that its last word names."""
    words = name.replace("$", r"\$").replace("_", " ").split()
    unit = _UNITS.get(words[-1].lower()) if len(words) > 1 else None
    return f"{' '.join(words[:-1])} ({unit})" if unit else " ".join(words)


def _short(name: str) -> str:
    """For titles and ticks: the unit stands on the axis."""
    plain = re.sub(r" \([^)]*\)$", "", label(name)) if "_" in name else name.replace("$", r"\$")
    return plain if len(plain) <= _MAX_LABEL else plain[: _MAX_LABEL - 1] + "…"


_STYLE: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.8,
    "figure.facecolor": "white",
    "text.color": _INK,
}
