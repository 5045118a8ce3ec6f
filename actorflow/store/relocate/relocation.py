"""Moving runs, family by family: fenced at the source, taken in at the target, let go at the source.

Wherever it is interrupted, the next move to the same store goes on from there: what is fenced off is noted at the
source, and the target has taken a family in, or refused it for good, or not heard of it yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from actorflow.errors import CONFLICT, Error
from actorflow.run.state import OPEN
from actorflow.run.turn import StateChange
from actorflow.store.paging import PAGE, next_before
from actorflow.store.port import RunFilter
from actorflow.store.relocate.family import Families
from actorflow.store.relocate.parcel import Parcel
from actorflow.store.relocate.source import Source
from actorflow.store.relocate.target import OVERTAKEN, Target
from actorflow.store.relocate.ticket import Ticket, identity, ticket_of, tickets
from actorflow.store.sql import SqlStore
from actorflow.store.verify import findings

TOGETHER: Final = 100
"""Runs that are moved in one commit, when their families are smaller: this long nobody turns them."""


@dataclass(slots=True)
class Result:
    """What a move came to.

    Attributes:
        moved: how many runs are at the target now. events: of their journals. along: of the runs, those that were not
            asked for, but belong to such. finished: of the runs, those that an earlier move had left on their way.
        stayed: (workflow id, why) of families that were not moved, by one of their runs.
    """

    moved: int = 0
    events: int = 0
    along: int = 0
    finished: int = 0
    stayed: list[tuple[str, str]] = field(default_factory=list)


class Relocation:
    """One source and one target. Every method blocks; use it in one thread."""

    def __init__(
        self,
        source: SqlStore,
        target: SqlStore,
        told: Callable[[Result], None] = lambda _result: None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Move runs from `source` to `target`; `told` hears of progress.

        Raises:
            Error: kind Conflict, when both are the same store.
        """
        self._source, self._target = Source(source, clock), Target(target, clock)
        self._place, self._to_place = source.dialect.place, target.dialect.place
        self._from, self._to = identity(source), identity(target)
        self._told = told
        if self._from == self._to:
            raise Error(f"{self._to_place} is the store that the runs are in: name another", CONFLICT, retryable=False)

    def move(self, which: RunFilter) -> Result:
        """Move the runs that `which` says with all that belong to them, after what an earlier move has left undone.

        A family that the target cannot have, or that is damaged, stays where it is.
        """
        result = Result()
        for ticket in tickets(self._source.store):
            if ticket.to != self._to:
                why = f"it is on its way to {ticket.place}: end that with `actorflow move --to` there"
                result.stayed.append((self._name(ticket.runs), why))
                continue
            result.finished += len(ticket.runs)
            self._bring(ticket, result)
            self._told(result)
        known, wanted = self._source.families(), self._wanted(which)
        for group in _groups(known, wanted):
            self._move(known, group, result)
            result.along += len({run for one in group for run in known.of(one)} - set(wanted))
            self._told(result)
        return result

    def preview(self, which: RunFilter) -> Result:
        """Return what a move would come to now, changing nothing."""
        result, known, wanted = Result(), self._source.families(), self._wanted(which)
        for group in _groups(known, wanted, 1):
            runs = sorted(known.of(group[0]))
            parcel = self._source.read(runs)
            why = _damage(parcel) or self._target.would(parcel)
            if why:
                result.stayed.append((self._name(runs), why))
                continue
            result.moved += len(runs)
            result.events += parcel.events
            result.along += len(set(runs) - set(wanted))
        return result

    def _wanted(self, which: RunFilter) -> dict[int, None]:
        """Return the runs of a filter, oldest first."""
        found: list[int] = []
        before: int | None = None
        while rows := self._source.store.runs(which, PAGE, before):
            found += [row.run for row in rows]
            if (before := next_before(rows, before)) is None:
                break
        return dict.fromkeys(reversed(found))

    def _name(self, runs: Sequence[int]) -> str:
        rows = self._source.store.rows(self._source.sql.rows, self._source.store.dialect.pack(runs))
        return str(rows[0][2]) if rows else ""

    # ---- the protocol ------------------------------------------------------------------------------------------

    def _move(self, known: Families, group: Sequence[int], result: Result) -> None:
        ticket = self._source.fence(known, group, self._to, self._to_place)
        if ticket is None:
            if len(group) > 1:
                self._alone(known, group, result)
            return
        stayed = self._bring(ticket, result)
        if stayed and len(group) > 1:
            self._alone(known, group, result)
        elif stayed:
            result.stayed.append(stayed)

    def _alone(self, known: Families, group: Sequence[int], result: Result) -> None:
        """Move the families of a group one after another: one that cannot be moved keeps no other from it."""
        for run in group:
            self._move(known, [run], result)

    def _bring(self, ticket: Ticket, result: Result) -> tuple[str, str] | None:
        """Do for a ticket what is left to do; return who stays, and why."""
        parcel = self._source.read_of(ticket)
        if parcel is None:
            return None  # somebody else has done it
        name = next(iter(parcel.held.values())).row.workflow_id
        damage = _damage(parcel)
        place = self._place
        why = self._target.refuse(parcel, ticket, damage) if damage else self._target.take_in(parcel, ticket, place)
        if why == OVERTAKEN:
            return None if ticket_of(self._source.store, ticket.id) is None else (name, "it has been there before this")
        if why:
            self._source.give_back(ticket, why)
            return name, why
        self._end(ticket, parcel)
        result.moved += len(parcel.held)
        result.events += parcel.events
        return None

    def _end(self, ticket: Ticket, parcel: Parcel) -> None:
        """Send after the runs what they are told here until nothing is left, and let go of them."""
        ids = {run: held.row.run_id for run, held in parcel.held.items()}
        while (arrived := self._target.arrivals(ids, ticket)) is not None:
            if left := self._source.since(ticket, arrived):
                self._target.send_after(left, ticket, ids)
            elif self._source.let_go(ticket, arrived):
                return


def _groups(known: Families, wanted: dict[int, None], together: int = TOGETHER) -> Iterator[list[int]]:
    """Yield runs, one of each family, that are moved together."""
    seen: set[int] = set()
    group: list[int] = []
    size = 0
    for run in wanted:
        if (head := known.head(run)) in seen:
            continue
        seen.add(head)
        group.append(run)
        size += len(known.of(run))
        if size >= together:
            yield group
            group, size = [], 0
    if group:
        yield group


def _damage(parcel: Parcel) -> str:
    """Return what is wrong with runs as their store has them, "" when they are sound."""
    holders: dict[Any, int] = dict(parcel.ids)
    past: dict[int, list[Any]] = {}
    for row in parcel.past:
        past.setdefault(row[1], []).append(StateChange(row[2], row[3]))
    for run, held in parcel.held.items():
        holder = holders.get(held.row.workflow_id, 0) if held.row.state in OPEN else 0
        has_source = held.row.bundle_hash in parcel.sources
        for found in findings(held, past.get(run, []), holder=holder, has_source=has_source):
            return f"it is damaged, see `actorflow doctor`: {found.what}"
    return ""
