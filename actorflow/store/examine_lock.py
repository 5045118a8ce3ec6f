"""Checking what runs hold or want beside their workflow id: other ids and lock keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from actorflow.run.lock import is_lock, key_of
from actorflow.run.state import CREATED, OPEN, PAUSED, PENDING
from actorflow.store.verify import CLEAR

_UNBEGUN: Final = frozenset({CREATED, PENDING, PAUSED})


class LockFinding(NamedTuple):
    """Something wrong with what a run holds or wants: `cure` is `CLEAR` when it has ended, "" otherwise."""

    run: int
    workflow_id: str
    what: str
    cure: str = ""


class LockRow(NamedTuple):
    """An id or lock key that a run holds or wants; `holder` is the run that holds it, or None."""

    key: str
    ready: int
    holder: int | None
    run: int
    workflow_id: str
    state: str
    last_seq: int


def lock_findings(rows: Sequence[Sequence[Any]]) -> Iterator[LockFinding]:
    """Iterate what is wrong with these rows, in the order in which their runs are served: those of `LockRow`."""
    every = [LockRow(*row) for row in rows]
    runs = [list(group) for _, group in groupby(every, key=lambda row: row.run)]
    blocked: set[str] = set()
    for mine in runs:
        yield from _of_run(mine, blocked)


def _of_run(mine: list[LockRow], blocked: set[str]) -> Iterator[LockFinding]:
    """Look at one run; `blocked` are the keys that one before it waits for."""
    first = mine[0]
    wanted = [row for row in mine if row.holder != row.run]
    named = ", ".join(_named(row.key) for row in wanted)
    if first.state not in OPEN:
        what = f"the run is {first.state}, but still holds or waits for {', '.join(_named(row.key) for row in mine)}"
        yield LockFinding(first.run, first.workflow_id, what, CLEAR)
    elif wanted and first.state not in _UNBEGUN:
        yield LockFinding(first.run, first.workflow_id, f"the run is {first.state}, but does not hold {named}")
    elif wanted and first.ready and first.state != PAUSED:
        keys = {row.key for row in wanted}
        if not keys & blocked and all(row.holder is None for row in wanted):
            what = f"the run waits for {named}: nobody holds that, and nobody is before it"
            yield LockFinding(first.run, first.workflow_id, what)
        blocked |= keys


def _named(key: str) -> str:
    return f"lock {key_of(key)}" if is_lock(key) else f"workflow id {key!r}"
