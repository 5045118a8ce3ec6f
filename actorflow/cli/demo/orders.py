"""The orders of the demonstration, and what must have happened to each when all is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DECLINED_FROM: Final = 90_000
"""Cents from which the desk declines an order; as in the shop's `desk.py`."""

_PLAIN: Final = ("reserve", "charge", "ship", "notify")


@dataclass(frozen=True, slots=True)
class Expected:
    """The status an order must end with, and the effects it must have had, each exactly once."""

    status: str
    effects: tuple[str, ...]


def read_orders(path: Path) -> list[dict[str, Any]]:
    """Return the orders of a file with one JSON object a line."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def expected(order: Mapping[str, Any]) -> Expected:
    """Return what must happen to an order, from its fields alone."""
    if order["sku"] == "unicorn":
        return Expected("refused", ())
    if order["amount"] >= DECLINED_FROM:
        return Expected("declined", ("reserve", "release"))
    if order["card"] == "refused":
        return Expected("unpaid", ("reserve", "release"))
    if order["address"] == "moon":
        return Expected("undeliverable", ("reserve", "charge", "refund", "release"))
    return Expected("done", _PLAIN)
