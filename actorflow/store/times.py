"""The time by which the runs of a store go, for who acts on them without being the node that turns them.

Nodes that share a database go by its time (`hosts/workflow/store_clock.py`); so do verbs of operators, wherever they
are typed: a wall clock that is wrong neither dates a change of state wrongly nor makes anything due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.duration import SECOND

if TYPE_CHECKING:
    from actorflow.clock import Clock
    from actorflow.store.stores import Stores

_KEPT: Final = SECOND
"""Nanoseconds for which an answer of a database is counted on from."""


class Times:
    """The time of each store of a node or of a command."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        """Ask these stores; `clock` is that of this machine, by which a store goes that no other machine shares."""
        self._stores = stores
        self._clock = clock
        self._said: dict[str, tuple[int, int]] = {}  # database → its time, and when that was by the monotonic clock

    async def now(self, database: str) -> int:
        """Return the time of a store: nanoseconds since the Unix epoch.

        That of a database is behind by what its answer took to come, and never ahead: nothing is due too early by it.

        Raises:
            Error: when its database cannot be read now.
        """
        if not self._stores.is_shared(database):
            return self._clock.now()
        said, read = self._said.get(database, (0, 0))
        now = self._clock.monotonic()
        if not said or now - read > _KEPT:
            said = await self._stores.read(database, _time)
            now = read = self._clock.monotonic()  # after the answer: what is counted on from it is never ahead
            self._said[database] = said, read
        return said + now - read


def _time(reader: Any) -> int:
    now: int = reader.time()
    return now
