"""What the demonstration shows: live progress, then what happened to each order, one history, and the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from actorflow.cli.demo.ledger import Ledger, Verdict
from actorflow.cli.demo.orders import expected

_TERMINAL: Final = ("completed", "failed", "cancelled")
_PLAIN_EVERY: Final = 20
"""Without a terminal, every so many updates become a line."""


class Progress:
    """The live picture; without a terminal, a line now and then."""

    def __init__(self, console: Console, orders: int) -> None:
        """Show the progress of so many orders."""
        self._console = console
        self._orders = orders
        self._live = Live(console=console, refresh_per_second=10, transient=True) if console.is_terminal else None
        self._updates = 0

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop showing."""
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        """Print a line above the live picture."""
        self._console.print(text)

    def update(self, states: Mapping[str, int], ledger: Ledger, kills: int, restarts: int) -> None:
        """Show new figures."""
        done = sum(states.get(state, 0) for state in _TERMINAL)
        figures = {
            "orders done": f"{done} of {self._orders}",
            "runs open": str(sum(states.values()) - done),
            "waiting for a signal or timer": str(states.get("waiting", 0)),
            "calls open": str(max(ledger.open, 0)),
            "attempts so far": str(ledger.begun.total()),
            "node kills": str(kills),
            "service restarts": str(restarts),
        }
        self._updates += 1
        if self._live is not None:
            self._live.update(_grid(figures))
        elif self._updates % _PLAIN_EVERY == 1:
            self._console.print("  ".join(f"{name}: {value}" for name, value in figures.items()))


def _grid(figures: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in figures.items():
        table.add_row(name, f"[bold]{value}[/bold]")
    return table


def print_outcomes(
    console: Console, orders: Sequence[Mapping[str, Any]], results: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Print how the orders ended; returns a sentence for each that did not end as it must."""
    table = Table("order", "goods", "amount", "run", "ended as", "why", title="what happened to each order")
    counts: Counter[str] = Counter()
    wrong = []
    for order in orders:
        run = results.get(order["id"], {})
        result = run.get("result") or {}
        status = result.get("status", "nothing")
        counts[status] += 1
        must = expected(order).status
        if status != must:
            wrong.append(f"{order['id']}: ended as {status}, must be {must}")
        amount = f"{order['amount'] / 100:.2f}"
        entry = str(run.get("entry", "")).partition(":")[2]
        table.add_row(order["id"], order["sku"], amount, entry, status, result.get("reason", ""))
    console.print(table)
    console.print("in all: " + ", ".join(f"{count} {status}" for status, count in counts.most_common()))
    return wrong


def print_history(console: Console, order: str, events: Sequence[Mapping[str, Any]]) -> None:
    """Print the journal of one run."""
    table = Table("seq", "event", "ref", "target", title=f"the history of {order}")
    for event in events:
        table.add_row(str(event["seq"]), event["kind"], str(event["ref"] or ""), event["target"])
    console.print(table)


def print_ledger(console: Console, ledger: Ledger, verdict: Verdict) -> None:
    """Print what the ledger and the shop's database say."""
    table = Table("effect", "happened", title="effects in the shop's database, each exactly once")
    for kind, count in sorted(verdict.effects.items()):
        table.add_row(kind, str(count))
    console.print(table)
    attempts = ", ".join(f"{calls} calls were attempted {times}×" for times, calls in sorted(verdict.attempts.items()))
    console.print(f"ledger: {ledger.begun.total()} attempts of {len(ledger.begun)} calls: {attempts}")


def print_violations(console: Console, violations: Sequence[str], folder: Path) -> None:
    """Print the verdict."""
    if not violations:
        console.print("[bold green]every order ended as it must, every effect happened exactly once[/bold green]")
        return
    console.print(f"[bold red]{len(violations)} violations[/bold red]; the files are kept in {folder}")
    for violation in violations[:20]:
        console.print(f"  {violation}")
