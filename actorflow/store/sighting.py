"""Who is dead: nodes whose counters have stood still for long enough, by the clock of the one who looks.

No two clocks are compared. A pause of the one who looks, or of the database, counts for nothing: between two looks no
more time has passed than a look may take.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from actorflow.store.owning import NodeRow

DEAD: Final = 6.0
"""Seconds for which the counter of a dead node has stood still."""
_MOST: Final = 2.0
"""Seconds that may have passed between two looks, twice what is between two beats; the rest nobody has watched."""


class Sightings:
    """What one node has seen of the counters of all."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counters: dict[str, int] = {}
        self._still: dict[str, float] = {}
        self._looked = 0.0

    def see(self, rows: Iterable[NodeRow], now: float) -> None:
        """Look once. `now` are seconds of a clock that never goes back."""
        passed = min(max(now - self._looked, 0.0), _MOST)
        found = {row.node: row.counter for row in rows}
        self._still = {
            node: self._still.get(node, 0.0) + passed if self._counters.get(node) == counter else 0.0
            for node, counter in found.items()
        }
        self._counters, self._looked = found, now

    def dead(self, observer: str) -> list[tuple[str, int]]:
        """Return (node, counter) of the dead among the others."""
        return [
            (node, self._counters[node]) for node, still in self._still.items() if node != observer and still >= DEAD
        ]
