"""What must be known of the runs that may end with a batch, and of those whom that concerns, before it is decided.

Children, down the tree of those that end with their parents, and who holds and who wants the ids and lock keys that
may be set free. What their ends lead to is `ending`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from actorflow.run.event import CANCEL_REQUESTED
from actorflow.run.identity import CLOSE_TERMINATE, QUEUE, REPLACE
from actorflow.run.last_turn import LastTurn
from actorflow.run.state import CREATED, PAUSED, TERMINAL, VERBS
from actorflow.run.turn import ChangeRun, Delivery, Item, StartRun, Turn

if TYPE_CHECKING:
    from actorflow.store.batch import Head, Known

_CONCERNING: Final = frozenset({QUEUE, REPLACE})
"""What a start may do about an open run of its id that concerns more than its own row."""
QueuedRow: TypeAlias = tuple[int, str, int, str, int]
"""A run, a key that it wants or holds, whether it stands in line, its state, and its priority."""


class Kin(Protocol):
    """What a store is asked about runs that may end: it knows its rows, and nothing of the batch."""

    def heads(self, runs: Iterable[int]) -> Iterable[Head]:
        """Return the heads of runs."""
        ...

    def children(self, parents: Iterable[int]) -> Iterable[tuple[int, int, str]]:
        """Return (run, parent, policy) of the open children of runs that do not outlive them."""
        ...

    def holders(self, ids: Iterable[str]) -> Iterable[tuple[str, int]]:
        """Return (workflow id, run) of those that are held."""
        ...

    def has_queued(self) -> bool:
        """Tell whether anybody wants or holds an id or a lock key beside its own."""
        ...

    def queued(self, runs: Iterable[int], keys: Iterable[str]) -> Iterable[QueuedRow]:
        """Return the rows of these runs, and of all with these keys, in the order in which they are served."""
        ...


def complete(known: Known, batch: Sequence[Item], kin: Kin) -> bool:
    """Add to `known` all that the ends of runs in a batch may touch; tell whether a run may end."""
    ending, others = _sorted_out(batch)
    moving, keys = set[int](), set[str]()
    if others:
        ending.update(_may_end(others, known))
        moving.update(run for run in _may_move(others, known) if run in known.runs)
        keys.update(_asked(others))
    ending &= known.runs.keys()
    moving |= ending
    if not ending:
        if moving or keys:
            _queues(known, moving, keys, kin)
        return False
    parents = {known.runs[run].parent_run for run in ending} - {0}
    _know(known, parents, kin)
    rising = ending
    while rising:
        moving |= rising
        found = [row for row in kin.children(rising) if row[0] not in ending]
        _know(known, (run for run, _, _ in found), kin)
        moving |= {run for run, _, _ in found}
        for run, parent, policy in found:
            known.children.setdefault(parent, []).append((run, policy))
        rising = {run for run, _, policy in found if falls(known.runs[run], policy)}
        ending |= rising
    _queues(known, moving, keys, kin)
    return True


def _sorted_out(batch: Sequence[Item]) -> tuple[set[int], list[Item]]:
    """Return the runs that end by plain turns, and the items that may concern other runs or keys: of most batches none.

    One pass over a batch in place of three.
    """
    ending, others = set[int](), list[Item]()
    for item in batch:
        if type(item) is LastTurn:
            ending.add(item.run)
        elif isinstance(item, Turn):
            if item.state in TERMINAL:
                ending.add(item.run)
            if item.starts or item.deliveries or item.successor is not None:
                others.append(item)
        elif not isinstance(item, StartRun) or item.key or item.locks or item.on_conflict in _CONCERNING:
            others.append(item)
    return ending, others


def falls(child: Head, policy: str) -> bool:
    """Tell whether a child ends at once with its parent."""
    return policy == CLOSE_TERMINATE or child.state == CREATED  # what has not begun has nothing to clean up


def _queues(known: Known, moving: set[int], asked: set[str], kin: Kin) -> None:
    """Add who holds and who wants what the runs of a batch hold or want, and what the first of those want besides.

    Whoever is behind the first who stays as he is does not get it by this batch, so the rest of a line is left out.
    """
    if not asked and not kin.has_queued():
        return
    own = list(kin.queued(moving, ()))
    _want(known, own)
    freed = {known.runs[run].workflow_id for run in moving} | {key for _, key, *_ in own} | asked
    most = len(moving) + len(asked) + 1
    _line_up(known, kin.queued((), freed), moving, most)
    first = {run for key in freed for run in known.queues.get(key, ())}
    others = list(kin.queued(first - moving, ()))
    _want(known, others)
    beside = {key for _, key, *_ in others} - freed
    if beside:
        _line_up(known, kin.queued((), beside), moving, most)
    unknown = (freed | beside) - known.holders.keys()
    if known.keys and unknown:
        known.holders.update(kin.holders(unknown))
    _know(known, (run for line in known.queues.values() for run in line), kin)
    _know(known, (holder for key in freed if (holder := known.holders.get(key))), kin)


def _want(known: Known, rows: Iterable[QueuedRow]) -> None:
    keys: dict[int, list[str]] = {}
    for run, key, ready, _, priority in rows:
        keys.setdefault(run, []).append(key)
        if priority:
            known.priorities[run] = priority
        if ready:
            known.ready.add(run)
    known.keys.update(keys)


def _line_up(known: Known, rows: Iterable[QueuedRow], moving: set[int], most: int) -> None:
    for run, key, ready, state, priority in rows:
        line = known.queues.setdefault(key, [])
        if priority:
            known.priorities[run] = priority
        if ready:
            known.ready.add(run)
        if run in moving or (len(line) <= most and ready and state != PAUSED):
            line.append(run)


def _know(known: Known, runs: Iterable[int], kin: Kin) -> None:
    missing = {run for run in runs if run not in known.runs}
    if missing:
        known.runs.update((head.run, head) for head in kin.heads(missing))


def _may_end(batch: Sequence[Item], known: Known) -> Iterable[int]:
    for item in batch:
        if isinstance(item, Turn):
            if item.state in TERMINAL:
                yield item.run
            for start in item.starts:
                yield from _replaced(start, known)
        elif isinstance(item, StartRun):
            yield from _replaced(item, known)
        elif isinstance(item, ChangeRun) and VERBS[item.verb].to in TERMINAL:
            yield item.run or known.holders.get(item.workflow_id, 0)


def _may_move(batch: Sequence[Item], known: Known) -> Iterable[int]:
    """Yield the runs whose place in a line may change beside those that end: that pause, resume or are due."""
    for item in batch:
        if isinstance(item, ChangeRun) or (isinstance(item, Delivery) and item.kind == CANCEL_REQUESTED):
            yield item.run or known.holders.get(item.workflow_id, 0)
        elif isinstance(item, Turn):
            for told in item.deliveries:
                if told.kind == CANCEL_REQUESTED:
                    yield told.run or known.holders.get(told.workflow_id, 0)


def _asked(batch: Sequence[Item]) -> Iterable[str]:
    """Yield the ids and lock keys that the items of a batch ask for beside the own ids of runs."""
    for item in batch:
        for start in [item] if isinstance(item, StartRun) else item.starts if isinstance(item, Turn) else ():
            if start.key or start.locks:
                yield from (key for key in (start.key, *start.locks) if key)
            if start.on_conflict == QUEUE:
                yield start.workflow_id
        if isinstance(item, Turn) and item.successor is not None:
            yield from (key for key in (item.successor.key, *item.successor.locks) if key)


def _replaced(start: StartRun, known: Known) -> Iterable[int]:
    if start.on_conflict == REPLACE and (holder := known.holders.get(start.workflow_id)):
        yield holder
