"""What a table holds: a kind per column, missing values, distributions, outliers, correlations, groups."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MAX_GROUPS = 20
_STRONG = 0.5
_MIN_PAIRS = 8


@dataclass
class Column:
    """One column: `kind` is number, date, category, text, id, constant or empty."""

    name: str
    kind: str
    missing: int
    distinct: int
    values: pd.Series
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Profile:
    """A table's columns, and what stands out between them."""

    columns: list[Column]
    rows: int
    duplicates: int
    correlations: list[tuple[str, str, float]]
    notes: list[str]

    def of_kind(self, *kinds: str) -> list[Column]:
        """Columns of these kinds, in the table's order."""
        return [column for column in self.columns if column.kind in kinds]


def profile(frame: pd.DataFrame, rows: int) -> Profile:
    """Look at every column; numbers and dates written as text are taken for what they mean."""
    columns = [_column(str(name), frame.iloc[:, number]) for number, name in enumerate(frame.columns)]
    notes = [f"“{column.name}”: {column.facts['was']}" for column in columns if "was" in column.facts]
    return Profile(columns, rows, _duplicates(frame), _correlations(columns), notes)


def _column(name: str, series: pd.Series) -> Column:
    present = series.dropna()
    if present.dtype == object or str(present.dtype).startswith("str"):
        text = present.map(str).str.strip()
        present = text[~text.str.lower().isin({"", "na", "n/a", "nan", "null", "none", "-"})]
    missing = len(series) - len(present)
    if present.empty:
        return Column(name, "empty", missing, 0, present)
    values, was = _typed(present)
    missing = len(series) - len(values)
    if values.empty:
        return Column(name, "empty", missing, 0, values)
    distinct = int(values.map(str).nunique())
    kind = _kind_of_column(name, values, distinct)
    if kind == "category" and _sort_of(values) == "number":
        values = values.astype(int).map(str)
    column = Column(name, kind, missing, distinct, values)
    if was:
        column.facts["was"] = was
    column.facts |= _facts(kind, values)
    return column


def _typed(values: pd.Series) -> tuple[pd.Series, str]:
    """The values as numbers or dates when nearly all of them are; and what they were written as."""
    import pandas as pd

    match _sort_of(values):
        case "bool":
            return values.map({True: "yes", False: "no"}), ""
        case "number":
            return _finite(values.astype(float)), ""
        case "date":
            return _without_zone(values), ""
    text = values.map(str)
    for change, was in ((_plain, "numbers written as text"), (_comma, "numbers written with a decimal comma")):
        numbers = pd.to_numeric(change(text), errors="coerce")
        if numbers.notna().mean() >= 0.95:
            return _finite(numbers.dropna().astype(float)), was
    if text.str.contains(r"\d{1,4}[-/.:]\d{1,2}", regex=True).mean() > 0.9:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dates = pd.to_datetime(text, errors="coerce", format="mixed", utc=True)
        if dates.notna().mean() >= 0.95:
            return _without_zone(dates.dropna()), "dates written as text"
    return text, ""


def _sort_of(values: pd.Series) -> str:
    """`bool`, `number`, `date` or `other`: what the values are, not what they say."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(values):
        return "bool"
    if pd.api.types.is_numeric_dtype(values):
        return "number"
    return "date" if pd.api.types.is_datetime64_any_dtype(values) else "other"


def _finite(values: pd.Series) -> pd.Series:
    """Without infinities: they would make every measure infinite too."""
    return values[values.abs() < 1e300]


def _plain(text: pd.Series) -> pd.Series:
    return text.str.replace(r"^[€$£]\s*|\s*[€$£%]$", "", regex=True).str.replace(r"(?<=\d),(?=\d{3}\b)", "", regex=True)


def _comma(text: pd.Series) -> pd.Series:
    plain = text.str.replace(r"^[€$£]\s*|\s*[€$£%]$", "", regex=True)
    return plain.str.replace(r"\.(?=\d{3}\b)", "", regex=True).str.replace(",", ".", regex=False)


def _without_zone(values: pd.Series) -> pd.Series:
    import pandas as pd

    dates = pd.to_datetime(values, utc=True)
    return dates.dt.tz_localize(None)


def _kind_of_column(name: str, values: pd.Series, distinct: int) -> str:
    if distinct == 1:
        return "constant"
    sort = _sort_of(values)
    if sort == "date":
        return "date"
    unique = distinct == len(values) and len(values) > 20
    if sort == "number":
        whole = bool((values == values.round()).all())
        if whole and unique and re.search(r"(^|[_ ])(id|nr|no|index|key)$|^(rowid|unnamed.*)$", name.lower()):
            return "id"
        if (
            whole
            and distinct <= 12
            and distinct * 10 <= len(values)
            and re.search(r"year|month|class|code|type", name.lower())
        ):
            return "category"
        return "number"
    if distinct <= 50 and distinct * 2 <= max(len(values), 4):
        return "category"
    longish = values.map(len).mean() > 30
    return "text" if longish or not unique else "id"


def _facts(kind: str, values: pd.Series) -> dict[str, Any]:
    if kind == "number" or (kind == "constant" and _sort_of(values) == "number"):
        return _number_facts(values)
    if kind == "date":
        return {"first": str(values.min()), "last": str(values.max())}
    if kind in ("category", "constant"):
        counts = values.map(str).value_counts()
        return {"top": {str(name): int(count) for name, count in counts.head(10).items()}}
    return {}


def _number_facts(values: pd.Series) -> dict[str, Any]:
    low, median, high = (float(values.quantile(share)) for share in (0.25, 0.5, 0.75))
    spread = high - low
    outside = values[(values < low - 1.5 * spread) | (values > high + 1.5 * spread)] if spread > 0 else values[:0]
    return {
        "mean": _rounded(values.mean()),
        "median": _rounded(median),
        "std": _rounded(values.std()) if len(values) > 1 else None,
        "min": _rounded(values.min()),
        "max": _rounded(values.max()),
        "q25": _rounded(low),
        "q75": _rounded(high),
        "outliers": len(outside),
        "outlier_values": [_rounded(value) for value in sorted(set(outside), key=lambda x: -abs(x - median))[:5]],
        "skew": _rounded(values.skew()) if len(values) > 2 and values.nunique() > 1 else 0.0,
    }


def _correlations(columns: list[Column]) -> list[tuple[str, str, float]]:
    """Pairs of number columns by strength of Spearman's rank correlation; weak ones are left out."""
    numbers = [column for column in columns if column.kind == "number"][:30]
    found = []
    for index, one in enumerate(numbers):
        for other in numbers[index + 1 :]:
            both = beside(one.values, other.values).dropna()
            if len(both) >= _MIN_PAIRS and both.iloc[:, 0].nunique() > 1 and both.iloc[:, 1].nunique() > 1:
                strength = float(both.iloc[:, 0].rank().corr(both.iloc[:, 1].rank()))
                if abs(strength) >= _STRONG:
                    found.append((one.name, other.name, _rounded(strength)))
    return sorted(found, key=lambda item: -abs(item[2]))


def beside(*columns: pd.Series) -> pd.DataFrame:
    """Columns of one table beside each other again, with gaps where a value is missing."""
    import pandas as pd

    return pd.concat(columns, axis=1)


def _duplicates(frame: pd.DataFrame) -> int:
    return int(frame.astype(str).duplicated().sum()) if len(frame) and frame.shape[1] else 0


def grouped(by: Column, of: Column) -> pd.DataFrame:
    """Count, mean, median, standard deviation, minimum, maximum and sum of a number per group; largest first."""
    both = beside(by.values.map(str).rename("group"), of.values.rename("value")).dropna()
    table = both.groupby("group")["value"].agg(["count", "mean", "median", "std", "min", "max", "sum"])
    return table.sort_values("count", ascending=False).head(MAX_GROUPS)


def _rounded(value: Any) -> float:
    """Four significant digits, whole numbers whole."""
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        return 0.0
    return float(f"{number:.4g}") if abs(number) < 1e4 else round(number, 1)


def shown(value: Any) -> str:
    """A number for people."""
    if value is None:
        return "–"
    number = float(value)
    if number != number or abs(number) == float("inf"):
        return "–"
    if number == int(number) and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:,.4g}" if abs(number) < 1e4 else f"{number:,.0f}"
