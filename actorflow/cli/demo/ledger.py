"""What the demonstration can know without asking actorflow: the ledger file and the shop's own database."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actorflow.cli.demo.orders import expected


@dataclass(slots=True)
class Ledger:
    """The ledger so far; `refresh` reads what was appended since.

    Attributes:
        begun, done: attempts begun and finished, by invocation id.
        kinds: invocation id → (order, kind of effect).
    """

    path: Path
    begun: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, tuple[str, str]] = field(default_factory=dict)
    lost: int = 0
    _offset: int = 0

    def refresh(self) -> None:
        """Read the complete lines appended since the last time."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        end = data.rfind(b"\n") + 1
        self._offset += end
        for line in data[:end].splitlines():
            entry = json.loads(line)
            invocation = entry["invocation"]
            self.kinds[invocation] = (entry["order"], entry["kind"])
            (self.begun if entry["event"] == "begun" else self.done)[invocation] += 1

    @property
    def open(self) -> int:
        """How many attempts have begun and neither finished nor were killed before the last `forget_open`."""
        return self.begun.total() - self.done.total() - self.lost

    def forget_open(self) -> None:
        """Take what is open as lost: its process was killed."""
        self.lost = self.begun.total() - self.done.total()


@dataclass(slots=True)
class Verdict:
    """What the final check found: sentences for each violation, and counts for the summary."""

    violations: list[str] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)


def check(orders: Sequence[Mapping[str, Any]], folder: Path, ledger: Ledger, kills: int) -> Verdict:
    """Hold the business database and the ledger against what must have happened; reads no journal."""
    verdict = Verdict()
    effects: dict[str, list[str]] = defaultdict(list)
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        rows = connection.execute("select invocation, order_id, kind from effect").fetchall()
        stock = dict(connection.execute("select sku, quantity from stock").fetchall())
    for _, order_id, kind in rows:
        effects[order_id].append(kind)
        verdict.effects[kind] += 1
    for order in orders:
        must, did = sorted(expected(order).effects), sorted(effects.get(order["id"], []))
        if must != did:
            verdict.violations.append(f"{order['id']}: effects {did}, must be {must}")
    _check_stock(orders, stock, verdict)
    _check_attempts(ledger, {row[0] for row in rows}, kills, verdict)
    return verdict


def _check_stock(orders: Sequence[Mapping[str, Any]], stock: Mapping[str, int], verdict: Verdict) -> None:
    sold: Counter[str] = Counter()
    for order in orders:
        did = expected(order).effects
        if "reserve" in did and "release" not in did:
            sold[order["sku"]] += order["quantity"]
    full = max(stock.values(), default=0) if not sold else 4_000
    for sku, quantity in stock.items():
        must = (full if sku != "unicorn" else 0) - sold[sku]
        if quantity != must:
            verdict.violations.append(f"stock of {sku}: {quantity}, must be {must}")


def _check_attempts(ledger: Ledger, effective: set[str], kills: int, verdict: Verdict) -> None:
    """A call is attempted once, and once more for each kill that hit it; what had an effect was attempted."""
    for invocation, count in ledger.begun.items():
        verdict.attempts[count] += 1
        if count > kills + 1:
            order, kind = ledger.kinds[invocation]
            verdict.violations.append(f"{order}: {kind} was attempted {count} times with {kills} kills")
    for invocation in effective - set(ledger.begun):
        verdict.violations.append(f"effect {invocation} is in the database and not in the ledger")
