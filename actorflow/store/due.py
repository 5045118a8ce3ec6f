"""What waits for a moment: timers and calls of all runs in memory, in the order in which they are due."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any


class DueList:
    """What is due when, for one host: (due, run, ref), earliest first."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._order: list[tuple[int, int, int]] = []

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        return iter(self._order)

    def add(self, due: int, run: int, ref: int) -> None:
        """Put one in its place."""
        insort(self._order, (due, run, ref))

    def remove(self, due: int, run: int, ref: int) -> None:
        """Take one out that is there."""
        del self._order[bisect_left(self._order, (due, run, ref))]


class Waiting:
    """Timers or calls of all runs: rows by run and ref, and the order in which they are due."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.rows: dict[int, dict[int, tuple[str, int, Any]]] = {}
        self._due: dict[str, DueList] = {}

    def put(self, run: int, ref: int, host: str, due: int, row: Any) -> None:
        """Add or replace one."""
        self.drop(run, ref)
        self.rows.setdefault(run, {})[ref] = (host, due, row)
        self._due.setdefault(host, DueList()).add(due, run, ref)

    def drop(self, run: int, ref: int) -> None:
        """Take one out, if it is there."""
        if found := self.rows.get(run, {}).pop(ref, None):
            host, due, _row = found
            self._due[host].remove(due, run, ref)

    def drop_all(self, run: int) -> None:
        """Take out all of a run."""
        for ref in list(self.rows.get(run, ())):
            self.drop(run, ref)
        self.rows.pop(run, None)

    def of(self, run: int) -> list[Any]:
        """Return the rows of a run, by ref."""
        return [row for _ref, (_host, _due, row) in sorted(self.rows.get(run, {}).items(), key=lambda item: item[0])]

    def due(self, host: str) -> Iterator[tuple[int, int, int]]:
        """Iterate (due, run, ref) of a host, earliest first."""
        return iter(self._due.get(host, ()))
