"""Results of benchmarks: values, their spread, and how they are shown and compared."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.table import Table

_ROUND: Final = 100


@dataclass(slots=True)
class Result:
    """One workload.

    Attributes:
        name: stable, e.g. `durable/one-step/py/200`. unit: e.g. `workflows/s`. runs: one value a run.
        floor: what the parts below reach in the same unit, measured in the same session, or None.
        more: further figures, e.g. `p50_ms`.
        setting: what matters to the figure, e.g. `synchronous=FULL`.
    """

    name: str
    unit: str
    runs: list[float]
    floor: float | None = None
    more: dict[str, float] = field(default_factory=dict)
    setting: str = ""

    @property
    def median(self) -> float:
        """The median of the runs."""
        return statistics.median(self.runs)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data, what `--json` prints and `--compare` reads."""
        plain: dict[str, Any] = {"name": self.name, "unit": self.unit, "median": self.median, "runs": self.runs}
        if self.floor is not None:
            plain["floor"] = self.floor
        return plain | {"more": self.more, "setting": self.setting}


def table_of(results: Sequence[Result], before: Mapping[str, float]) -> Table:
    """Return the results as a table; `before` holds medians of an earlier session by name."""
    table = Table()
    for name in ("workload", "median", "lowest … highest", "unit", "of the floor", "before", "further"):
        table.add_column(name, no_wrap=True)
    for result in results:
        share = f"{100 * result.median / result.floor:.0f} %" if result.floor else ""
        old = before.get(result.name)
        ratio = f"×{result.median / old:.2f}" if old else ""
        further = "  ".join(f"{name} {value:.3g}" for name, value in result.more.items())
        spread = f"{_shown(min(result.runs))} … {_shown(max(result.runs))}"
        table.add_row(result.name, _shown(result.median), spread, result.unit, share, ratio, further)
    return table


def _shown(value: float) -> str:
    """Return a figure with three digits at least."""
    return f"{value:,.0f}" if value >= _ROUND else f"{value:.3g}"
