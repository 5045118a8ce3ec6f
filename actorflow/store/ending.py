"""What the end of a run leads to in the same commit: its children's fate, and who has waited for its workflow id.

A run may be ended by its own turn, by a start that replaces it, or with its parent. Everything that may end with a
batch is looked up before it is decided (`complete`), down the tree of children.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from actorflow.codec import encode
from actorflow.errors import CANCELED, Failure
from actorflow.message import child_exit
from actorflow.names import Pid
from actorflow.run.event import CANCEL_REQUESTED, PROCESS_EXITED, RUN_CANCELLED, sealed
from actorflow.run.identity import CLOSE_TERMINATE, REPLACE
from actorflow.run.state import CANCELLED, CREATED, OPEN, TERMINAL, VERBS
from actorflow.run.turn import (
    NEVER,
    RELEASE,
    ChangeRun,
    Committed,
    Delivery,
    Item,
    StartRun,
    StateChange,
    Touched,
    Turn,
)

if TYPE_CHECKING:
    from actorflow.store.batch import Head, Known, Writes

TERMINATED: Final = Failure("workflow terminated", CANCELED, retryable=False, details={"forced": True})
_PARENT_ENDED: Final = "its parent has ended"


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

    def queued(self, runs: Iterable[int], keys: Iterable[str]) -> Iterable[tuple[int, str]]:
        """Return (run, workflow id waited for or held) of these runs, and of all that wait for these ids; by run."""
        ...


def complete(known: Known, batch: Sequence[Item], kin: Kin) -> bool:
    """Add to `known` all that the ends of runs in a batch may touch; tell whether a run may end."""
    ending = {run for run in _may_end(batch, known) if run in known.runs}
    if not ending:
        return False
    parents = {known.runs[run].parent_run for run in ending} - {0}
    _know(known, parents, kin)
    rising = ending
    while rising:
        found = [row for row in kin.children(rising) if row[0] not in ending]
        _know(known, (run for run, _, _ in found), kin)
        for run, parent, policy in found:
            known.children.setdefault(parent, []).append((run, policy))
        rising = {run for run, _, policy in found if _falls(known.runs[run], policy)}
        ending |= rising
    _queues(known, ending, kin)
    return True


def _falls(child: Head, policy: str) -> bool:
    return policy == CLOSE_TERMINATE or child.state == CREATED  # what has not begun has nothing to clean up


def _queues(known: Known, ending: set[int], kin: Kin) -> None:
    keys = dict(kin.queued(ending, ()))
    known.keys.update(keys)
    unknown = set(keys.values()) - known.holders.keys()
    if unknown:
        known.holders.update(kin.holders(unknown))
    freed = {known.runs[run].workflow_id for run in ending} | set(keys.values())
    lines: dict[str, list[int]] = {}
    for run, key in kin.queued((), freed):
        known.keys[run] = key
        line = lines.setdefault(key, [])
        if len(line) <= len(ending):
            line.append(run)
    _know(known, (run for line in lines.values() for run in line), kin)
    known.queues.update(lines)


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


def _replaced(start: StartRun, known: Known) -> Iterable[int]:
    if start.on_conflict == REPLACE and (holder := known.holders.get(start.workflow_id)):
        yield holder


class Endings:
    """The ends of one batch in the making, and what they touch."""

    def __init__(self, known: Known, writes: Writes, deliver: Callable[[Delivery], Committed]) -> None:
        """Begin with none; `deliver` puts something into the inbox of a run."""
        self._deliver = deliver
        self._known = known
        self._writes = writes
        self._over: list[Head] = []
        self._touched: list[Touched] = []

    def end(self, head: Head) -> None:
        """Set free what a run holds that ends; its children and those behind it follow with `settle`."""
        known, writes = self._known, self._writes
        for held in (head.workflow_id, known.keys.get(head.run, "")):
            if held and known.holders.get(held) == head.run:
                del known.holders[held]
                writes.opened.pop(held, None)
                writes.closed.add(held)
        writes.ended.add(head.run)
        writes.timers.pop(head.run, None)
        writes.calls.pop(head.run, None)
        if head.parent_run:
            writes.kin.pop(head.run, None)
            writes.orphaned.add(head.run)
        if head.run in known.keys:
            writes.queued.pop(head.run, None)
            writes.unqueued.add(head.run)
        self._over.append(head)

    def cut(self, head: Head, node: str, at: int, reason: str, by: str = "") -> None:
        """End a run from outside, with the last event of its journal; its parent hears of it."""
        payload = encode(TERMINATED)
        event = sealed(
            head.last_checksum, head.run_id.encode(), head.last_seq + 1, RUN_CANCELLED, 0, "", payload, b"", at
        )
        self._writes.journal.append((head.run, event))
        head.state, head.revision, head.result, head.waits = CANCELLED, head.revision + 1, payload, b""
        head.updated, head.last_seq, head.last_checksum, head.reason = at, event.seq, event.checksum, reason
        self._writes.history.append((head.run, StateChange(CANCELLED, at, reason, by)))
        self.end(head)
        if head.run not in self._writes.started:
            self._writes.changed[head.run] = head
        self._touched.append(Touched(head.run, head.workflow_id, head.host, ended=True))
        self._tell_parent(head, node, at)

    def _tell_parent(self, head: Head, node: str, at: int) -> None:
        parent = self._known.runs.get(head.parent_run)
        if parent is not None and parent.state in OPEN:
            pid = str(Pid(node, head.host, head.workflow_id))
            payload = encode(child_exit(pid, at, None, TERMINATED, head.workflow_id, head.run_id))
            self._put(parent, Delivery("", PROCESS_EXITED, "", pid, payload, at, run=parent.run, ref=head.parent_ref))

    def part(self, child: Head) -> None:
        """Let nothing happen to a child when its parent ends."""
        siblings = self._known.children.get(child.parent_run, [])
        siblings[:] = [item for item in siblings if item[0] != child.run]
        self._writes.kin.pop(child.run, None)
        self._writes.orphaned.add(child.run)

    def release_children(self, run: int) -> list[tuple[int, str]]:
        """Return the children of a run that ends, which nothing happens to for that."""
        return self._known.children.pop(run, [])

    def hand_over(self, children: list[tuple[int, str]], run: int, successor: int) -> None:
        """Let them be those of the run that it continues as."""
        self._known.children[successor] = children
        self._writes.handed_over.append((successor, run))

    def settle(self, node: str, at: int) -> list[Touched]:
        """Do what the ends so far lead to, and return everything that was touched beside the runs of the item."""
        while self._over:
            head = self._over.pop(0)
            for run, policy in self._known.children.pop(head.run, ()):
                self._part(self._known.runs[run], policy, node, at)
            for freed in (head.workflow_id, self._known.keys.get(head.run, "")):
                if freed and freed not in self._known.holders:
                    self._pass_on(freed, at)
        touched, self._touched = self._touched, []
        return touched

    def _part(self, child: Head, policy: str, node: str, at: int) -> None:
        if child.state not in OPEN:
            return
        if _falls(child, policy):
            self.cut(child, node, at, _PARENT_ENDED)
        else:
            payload = encode(["", _PARENT_ENDED])
            self._put(child, Delivery("", CANCEL_REQUESTED, "", "", payload, at, run=child.run))

    def _put(self, head: Head, delivery: Delivery) -> None:
        for row in self._deliver(delivery).inbox:
            self._touched.append(Touched(head.run, head.workflow_id, head.host, row=row, delivery=delivery))

    def _pass_on(self, workflow_id: str, at: int) -> None:
        """Give a workflow id that is free to the first run that waits for it."""
        for run in self._known.queues.get(workflow_id, ()):
            head = self._known.runs[run]
            if head.state in OPEN:
                due = at if head.state == CREATED else NEVER
                self._writes.timers.setdefault(run, {})[RELEASE] = (head.host, due)
                self.lead(head, workflow_id, due)
                return

    def lead(self, head: Head, workflow_id: str, due: int) -> None:
        """Let a run that waits for a workflow id hold it: it begins when `due`."""
        self.take(head, workflow_id)
        self._touched.append(Touched(head.run, workflow_id, head.host, released=due))

    def take(self, head: Head, workflow_id: str) -> None:
        """Let a run hold a workflow id that is free."""
        self._known.holders[workflow_id] = head.run
        self._writes.opened[workflow_id] = head
