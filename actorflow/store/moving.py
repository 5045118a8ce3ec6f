"""Who waits for runs to move: told by the writer of their store, in the node's thread, of what it has committed.

Whoever watches looks at the store first, and again whenever it is woken up: it is told that something has happened, and
not what. Commits of other processes are not heard of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import trio

from actorflow.run.event import CANCEL_REQUESTED
from actorflow.run.turn import Committed, Delivery, Item, KeepCalls, Turn
from actorflow.store.group import Answer, Write


class Watch:
    """One run that somebody watches."""

    def __init__(self) -> None:
        """Begin with nothing having happened."""
        self._event = trio.Event()

    def wake(self) -> None:
        """Let the next `wait` return."""
        self._event.set()

    async def wait(self) -> None:
        """Wait until the run has moved since the last `wait` returned, or may have."""
        await self._event.wait()
        self._event = trio.Event()


class Moves:
    """The runs of one store that are watched."""

    def __init__(self) -> None:
        """Watch none."""
        self._watches: dict[tuple[int, bool], list[Watch]] = {}

    def __len__(self) -> int:
        """Return how many runs are watched."""
        return len(self._watches)

    @contextmanager
    def watching(self, run: int, *, every: bool) -> Iterator[Watch]:
        """Watch a run for the block: its changes of state, with `every` each turn of it."""
        key, watch = (run, every), Watch()
        self._watches.setdefault(key, []).append(watch)
        try:
            yield watch
        finally:
            self._watches[key].remove(watch)
            if not self._watches[key]:
                del self._watches[key]

    def committed(self, writes: Sequence[Write], answers: Sequence[Answer]) -> None:
        """Wake up who watches a run that these have moved."""
        for write, answer in zip(writes, answers, strict=True):
            if isinstance(answer, Committed) and answer.accepted:
                for run, is_change in _moved(write.item, answer):
                    self._wake(run, is_change=is_change)

    def changed(self, run: int) -> None:
        """Wake up who watches a run: somebody else has changed its state."""
        self._wake(run, is_change=True)

    def wake_all(self) -> None:
        """Let everybody look again: nobody tells them any more."""
        for watches in self._watches.values():
            for watch in watches:
                watch.wake()

    def _wake(self, run: int, *, is_change: bool) -> None:
        for every in (True, False) if is_change else (True,):
            for watch in self._watches.get((run, every), ()):
                watch.wake()


@runtime_checkable
class Moving(Protocol):
    """A host whose runs can be watched."""

    @property
    def moves(self) -> Moves | None:
        """What tells of runs that have moved, None when the host does not serve."""
        ...


def moves_of(hosts: Mapping[str, object], host: str) -> Moves | None:
    """Return what tells of the runs of a host, None when it is not one of these or does not serve."""
    found = hosts.get(host)
    return found.moves if isinstance(found, Moving) else None


def _moved(item: Item, answer: Committed) -> Iterator[tuple[int, bool]]:
    """Iterate the runs that an item has moved, and whether their state may have changed more than for a turn."""
    turns_only = (isinstance(item, Turn) and item.change is None) or isinstance(item, KeepCalls)
    told_only = isinstance(item, Delivery) and item.kind != CANCEL_REQUESTED
    yield answer.run, not (turns_only or told_only)
    for part in (*answer.starts, *answer.deliveries):
        yield part.run, True
    for touched in answer.touched:
        yield touched.run, True
