"""Which runs go together: a run has ties that only the commits of one store can keep.

A parent and its children, the runs of a chain, those that hold or wait for the same lock key or workflow id, and who
waits for the end of another run. Whoever moves one of a family moves all of it, in one commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from actorflow.codec import decode
from actorflow.store.belonging import AWAITED
from actorflow.store.database import Database
from actorflow.store.port import Reader
from actorflow.store.relocate.statement import MoveStatements

Ask: TypeAlias = Callable[..., list[Any]]
"""Runs a statement with its parameters and returns the rows."""
_PAGE: Final = 1000
_NEWER: Final = 6
"""Fields of what is kept of a run that waits for the end of another one: the last is the run id of that."""


class Families:
    """The families of a store as they were at one moment. `last` is the highest run number of that moment."""

    def __init__(self, last: int = 0) -> None:
        """Begin with every run alone."""
        self.last = last
        self._above: dict[int, int] = {}
        self._members: dict[int, set[int]] = {}

    def head(self, run: int) -> int:
        """Return the run that stands for the family of a run."""
        while (above := self._above.get(run, run)) != run:
            self._above[run] = run = self._above.get(above, above)
        return run

    def tie(self, one: int, other: int) -> None:
        """Let two runs be of one family."""
        first, second = self.head(one), self.head(other)
        if first == second:
            return
        more, fewer = self.of(first), self.of(second)
        if len(more) < len(fewer):
            first, second, more, fewer = second, first, fewer, more
        self._above[second] = first
        self._members[first] = more | fewer
        self._members.pop(second, None)

    def of(self, run: int) -> set[int]:
        """Return the family of a run."""
        head = self.head(run)
        return self._members.get(head, {head})


def families(reader: Reader, ask: Ask, sql: MoveStatements, dialect: Database) -> Families:
    """Return the families of a store, in its snapshot."""
    found = Families(ask(sql.last_run)[0][0] or 0)
    for one, other in (*ask(sql.parents), *ask(sql.successions)):
        found.tie(one, other)
    lines = ask(sql.lines)
    first: dict[str, int] = {}
    for run, key in lines:
        found.tie(run, first.setdefault(key, run))
    for run, key in ask(sql.holders, dialect.pack(sorted(first))) if first else ():
        found.tie(run, first[key])
    for run, other in _awaiting(reader):
        found.tie(run, other)
    return found


def _awaiting(reader: Reader) -> Iterator[tuple[int, int]]:
    """Yield (run, the one whose end it hears of)."""
    after = ""
    while page := reader.documents(AWAITED, after=after, limit=_PAGE):
        after = page[-1].key
        for row in page:
            value: Any = decode(row.value)
            other = reader.find(value[_NEWER - 1] if len(value) >= _NEWER else value[0])
            if other is not None:
                yield value[2], other.run


def grown(known: Families, runs: Iterable[int], ask: Ask, sql: MoveStatements, dialect: Database) -> list[int]:
    """Return a family as it is now, inside of a write transaction: with those who have joined it since `known`."""
    family: set[int] = set()
    joining = {run for one in runs for run in known.of(one)}
    while joining - family:
        family |= joining
        packed = dialect.pack(sorted(family))
        rows = ask(sql.rows, packed)
        ids = sorted({row[2] for row in rows} | {key for (key,) in ask(sql.keys, packed)})
        found = {run for (run,) in (*ask(sql.new_children, known.last, packed), *ask(sql.following, packed))}
        found |= {run for (run,) in ask(sql.waiting, dialect.pack(ids))}
        found |= {run for run, _ in ask(sql.holders, dialect.pack(ids))}
        joining = {other for run in found for other in known.of(run)}
    return _existing(sorted(family), ask, sql, dialect)


def _existing(runs: Sequence[int], ask: Ask, sql: MoveStatements, dialect: Database) -> list[int]:
    return sorted(row[0] for row in ask(sql.rows, dialect.pack(runs)))
