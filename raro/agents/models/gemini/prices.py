"""What a turn costs, by the list prices in prices.toml. A model that is not in it has no known price."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

_MILLION = 1_000_000


@cache
def _prices() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = tomllib.loads(files(__package__).joinpath("prices.toml").read_text())["model"]
    return found


def cost_usd(model: str, tokens_in: int, tokens_out: int, tokens_cached: int) -> float | None:
    """US dollars of one turn; `tokens_cached` are part of `tokens_in` and cheaper. None: the price is not known."""
    price = _prices().get(model)
    if price is None:
        return None
    tier = price["long"] if "long" in price and tokens_in > price["long"]["above"] else price
    fresh = max(0, tokens_in - tokens_cached)
    cached = tokens_cached * tier.get("cached", tier["input"])
    return float(round((fresh * tier["input"] + cached + tokens_out * tier["output"]) / _MILLION, 8))
