"""What the end of a run leads to in the same commit: its children's fate, and who has waited for its workflow id.

A run may be ended by its own turn, by a start that replaces it, or with its parent. Everything that may end with a
batch is looked up before it is decided (`concern`), down the tree of children.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from actorflow.codec import encode
from actorflow.errors import CANCELED, Failure
from actorflow.message import child_exit
from actorflow.names import Pid
from actorflow.run.event import CANCEL_REQUESTED, PROCESS_EXITED, RUN_CANCELLED, sealed
from actorflow.run.lock import is_lock
from actorflow.run.state import CANCELLED, CREATED, OPEN, PAUSED
from actorflow.run.turn import (
    NEVER,
    RELEASE,
    Committed,
    Delivery,
    StartRun,
    StateChange,
    Touched,
)
from actorflow.store.concern import falls

if TYPE_CHECKING:
    from actorflow.store.batch import Head, Known, Writes

TERMINATED: Final = Failure("workflow terminated", CANCELED, retryable=False, details={"forced": True})
_PARENT_ENDED: Final = "its parent has ended"


class Endings:
    """The ends of one batch in the making, and what they touch."""

    def __init__(self, known: Known, writes: Writes, deliver: Callable[[Delivery], Committed]) -> None:
        """Begin with none; `deliver` puts something into the inbox of a run."""
        self._deliver = deliver
        self._known = known
        self._writes = writes
        self._over: list[Head] = []
        self._touched: list[Touched] = []
        self._aside: list[str] = []

    def close(self) -> None:
        """Let go of who delivers: the batch is decided."""
        del self._deliver

    def end(self, head: Head) -> None:
        """Set free what a run holds that ends; its children and those behind it follow with `settle`."""
        known, writes = self._known, self._writes
        run = head.run
        self._free(head.workflow_id, run)
        writes.ended.add(run)
        writes.timers.pop(run, None)
        writes.calls.pop(run, None)
        if head.parent_run:
            writes.kin.pop(run, None)
            writes.orphaned.add(run)
        if run in known.keys:
            for held in known.keys[run]:
                self._free(held, run)
            writes.queued.pop(run, None)
            writes.unqueued.add(run)
        self._over.append(head)

    def _free(self, key: str, run: int) -> None:
        """Set an id or a lock key free, if this run holds it."""
        if self._known.holders.get(key) == run:
            del self._known.holders[key]
            self._writes.opened.pop(key, None)
            self._writes.closed.add(key)

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
            if self._known.queues:
                for freed in (head.workflow_id, *self._known.keys.get(head.run, ())):
                    self._pass_on(freed, at)
        while self._aside:
            self._pass_on(self._aside.pop(0), at)
        touched, self._touched = self._touched, []
        return touched

    def _part(self, child: Head, policy: str, node: str, at: int) -> None:
        if child.state not in OPEN:
            return
        if falls(child, policy):
            self.cut(child, node, at, _PARENT_ENDED)
        else:
            payload = encode(["", _PARENT_ENDED])
            self._put(child, Delivery("", CANCEL_REQUESTED, "", "", payload, at, run=child.run))

    def _put(self, head: Head, delivery: Delivery) -> None:
        for row in self._deliver(delivery).inbox:
            self._touched.append(Touched(head.run, head.workflow_id, head.host, row=row, delivery=delivery))

    # ---- ids and lock keys beside a run's own --------------------------------------------------------------------

    def queue_up(self, start: StartRun, head: Head, due: int, *, follows: bool) -> int:
        """Let a new run stand in line, or take at once what it may; return when it begins, as far as that is known.

        One that goes on for another has what that held at once; a later attempt has its id so, not its locks.
        """
        keys, at_once = [key for key in (start.key, *start.locks) if key], follows and start.state != CREATED
        self._known.keys[head.run] = keys
        self._writes.queued[head.run] = (keys, head.host, start.ready, start.priority)
        if start.priority:
            self._known.priorities[head.run] = start.priority
        for key in keys:
            insort(self._known.queues.setdefault(key, []), head.run, key=self._rank)
        if start.ready:
            self._known.ready.add(head.run)
        for key in keys if at_once else [start.key] if follows and start.key else ():
            if key not in self._known.holders:
                self.take(head, key)
        if not self.wanted(head.run):
            self._touched.append(Touched(head.run, start.key, head.host, released=due))
            return due
        if follows and start.key:
            self._touched.append(Touched(head.run, start.key, head.host, released=NEVER))
        if not start.ready:
            return due
        return due if self._grant(head, due) else NEVER

    def _rank(self, run: int) -> tuple[int, int]:
        """Return by what a run stands in line, lowest first."""
        return -self._known.priorities.get(run, 0), run

    def stand(self, head: Head, at: int) -> None:
        """Let a run stand in line from now on; it gets what it wants if that is free and nobody is before it."""
        if not self.wanted(head.run):
            return
        if head.run not in self._known.ready:
            self._known.ready.add(head.run)
            self._writes.stands.add(head.run)
        if not self._grant(head, at) and head.state == CREATED:
            self._writes.timers.setdefault(head.run, {})[RELEASE] = (head.host, NEVER)

    def step_aside(self, head: Head) -> None:
        """Let those behind a run that is paused go on; they do so with `settle`."""
        self._aside += self.wanted(head.run)

    def wanted(self, run: int) -> list[str]:
        """Return what a run wants beside its workflow id and does not hold."""
        holders = self._known.holders
        return [key for key in self._known.keys.get(run, ()) if holders.get(key) != run]

    def first(self, key: str) -> int:
        """Return the first run that stands in line for an id or a lock key, 0 for none."""
        known = self._known
        for run in known.queues.get(key, ()):
            head = known.runs[run]
            if run in known.ready and head.state in OPEN and head.state != PAUSED and known.holders.get(key) != run:
                return run
        return 0

    def _pass_on(self, key: str, at: int) -> None:
        """Give what is free to the first run in line for it, unless that wants something besides which is not."""
        if key not in self._known.holders and (run := self.first(key)):
            self._grant(self._known.runs[run], at)

    def _grant(self, head: Head, due: int) -> bool:
        """Give a run all that it wants, if it is the first in every line; it begins when `due`."""
        wanted = self.wanted(head.run)
        if any(key in self._known.holders or self.first(key) != head.run for key in wanted):
            return False
        for key in wanted:
            self.take(head, key)
        if head.state == CREATED:
            self._writes.timers.setdefault(head.run, {})[RELEASE] = (head.host, due)
        beside = next((key for key in self._known.keys[head.run] if not is_lock(key)), "")
        self._touched.append(Touched(head.run, beside, head.host, released=due))
        return True

    def take(self, head: Head, key: str) -> None:
        """Let a run hold an id or a lock key that is free."""
        self._known.holders[key] = head.run
        self._writes.opened[key] = head
