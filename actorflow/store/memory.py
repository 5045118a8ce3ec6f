"""The store in plain dicts: the same answers as the SQL stores, gone with the process.

It keeps every open run, and of the ended ones the newest; nothing else bounds it. One thread uses it, reads too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import fields, replace
from typing import Any, Final, TypeVar

from actorflow.run.event import CARRIED
from actorflow.run.shard import SHARDS, shard_of
from actorflow.run.state import TERMINAL
from actorflow.run.turn import Committed, InboxRow, Item, RunRow, StartRun
from actorflow.store.batch import Head, Known, Writes, needs, onward, parents, reopened, retried
from actorflow.store.concern import complete
from actorflow.store.memory_read import MemoryRows
from actorflow.store.owning_memory import MemoryOwnership
from actorflow.store.plan import plan
from actorflow.store.telling import Listener

T = TypeVar("T")

KEPT: Final = 10_000
"""How many ended runs are remembered unless told otherwise."""

_HEAD_FIELDS: Final = tuple(field.name for field in fields(Head))


class MemoryStore(MemoryRows):
    """A store in memory (`port.Store`, and its own `port.Reader`)."""

    shared: bool = False

    def __init__(self, kept: int = KEPT) -> None:
        """Make an empty store that remembers `kept` ended runs."""
        self._kept = kept
        super().__init__()
        self.ownership = MemoryOwnership(self._leases, self._fence)

    @property
    def commits(self) -> int:
        """How many batches and claims this store has applied."""
        return self._commits

    def reader(self) -> MemoryStore:
        """Return itself: there is one thread, so every read is a snapshot."""
        return self

    def listener(self) -> Listener | None:
        """Return nothing: nobody else writes (`port.Store.listener`)."""
        return None

    def overtaken(self) -> dict[int, int]:
        """Return nothing: nobody else writes (`port.Store.overtaken`)."""
        return {}

    def snapshot(self, read: Callable[[Any], T]) -> T:
        """Return `read(self)`."""
        return read(self)

    def close(self) -> None:
        """Do nothing: there is no connection."""

    # ---- writing -----------------------------------------------------------------------------------------------

    def commit(self, batch: Sequence[Item]) -> list[Committed]:
        """Apply a batch (`port.Store.commit`)."""
        answers, writes = plan(batch, self._look_up(batch))
        self._apply(writes)
        self._commits += 1
        return answers

    def commit_at_once(self, batch: Sequence[Item]) -> list[Committed] | None:
        """Apply a batch (`port.Store.commit_at_once`)."""
        return self.commit(batch)

    def collect_sources(self, *, dry_run: bool = False) -> list[tuple[str, int]]:
        """Remove the sources that no run refers to (`port.Store.collect_sources`)."""
        referred = {row.bundle_hash for row in self._runs.values()}
        unused = [(name, len(data)) for name, data in sorted(self._sources.items()) if name not in referred]
        if not dry_run:
            for name, _ in unused:
                del self._sources[name]
        return unused

    def claim(self, host: str, lease: int = 0) -> int:
        """Fence earlier owners of a host off and return the new token (`port.Store.claim`)."""
        tokens = self.ownership.tokens(host).values()
        token = max(lease, 1 + max([self._leases.get(host, 0), *tokens]))
        self._leases[host] = token
        self.ownership.claimed(host, token)
        self._fence(host, range(SHARDS), token)
        return token

    def _fence(self, host: str, shards: Collection[int], token: int) -> None:
        for run in self._holders.values():
            if self._runs[run].host == host and shard_of(run) in shards:
                self._runs[run] = replace(self._runs[run], lease=token)
        self._commits += 1

    def pulse(self) -> MemoryOwnership:
        """Return what raises the counter of a node (`port.Store.pulse`)."""
        return self.ownership

    def _look_up(self, batch: Sequence[Item]) -> Known:
        wanted = needs(batch)
        known = Known(next_run=self._last_run + 1, next_inbox=self._last_inbox + 1)
        known.runs = {run: _head(self._runs[run]) for run in wanted.runs if run in self._runs}
        for workflow_id in wanted.workflow_ids | reopened(batch, known.runs):
            if run := self._holders.get(workflow_id):
                known.holders[workflow_id] = run
                known.runs.setdefault(run, _head(self._runs[run]))
        known.runs.update({run: _head(self._runs[run]) for run in parents(batch, known) if run in self._runs})
        ended = onward(known)
        for run in (self._holders[workflow_id] for workflow_id in ended if workflow_id in self._holders):
            known.runs.setdefault(run, _head(self._runs[run]))
        known.chains = {run: first for run, (_, first) in self._continued.items()} if ended or wanted.chains else {}
        known.run_ids = {name: self._run_ids[name] for name in wanted.run_ids if name in self._run_ids}
        wanted.hosts |= retried(batch, known.runs)
        known.leases = {host: self._leases[host] for host in wanted.hosts if host in self._leases}
        known.tokens = {host: self.ownership.tokens(host) for host in wanted.hosts}
        known.hashes = wanted.hashes & self._sources.keys()
        newest = {name: self._newest[name] for name in wanted.reused if name in self._newest}
        known.newest = {name: self._runs[run].state for name, run in newest.items()}
        complete(known, batch, _MemoryKin(self._runs, self._kin, self._queued, self._holders))
        held = wanted.documents & self._documents.keys()
        known.documents = {name: self._documents[name].revision for name in held}
        return known

    def _apply(self, writes: Writes) -> None:
        for workflow_id in writes.closed:
            self._holders.pop(workflow_id, None)
        for run, drawn in writes.scrubbed.items():
            self._scrub(run, dict(drawn))
        self._sources.update(writes.sources)
        for start, head in writes.started.values():
            self._start(start, head)
        for head in writes.changed.values():
            values = {name: getattr(head, name) for name in _HEAD_FIELDS}
            self._runs[head.run] = replace(self._runs[head.run], **values)
        for run, source in writes.repinned.items():
            self._runs[run] = replace(self._runs[run], bundle_hash=source)
        for workflow_id, head in writes.opened.items():
            self._holders[workflow_id] = head.run
        self._relate(writes)
        self._log(writes)
        self._wait(writes)
        self._deliver(writes)
        for name, row in writes.documents.items():
            self._documents.pop(name, None)
            if row is not None:
                self._documents[name] = row
        self._forget(writes)
        for run in writes.purged:
            self._ended.pop(run, None)
            self._delete(self._runs.pop(run))

    def _scrub(self, run: int, drawn: dict[int, bytes]) -> None:
        journal = self._journals.get(run, [])
        self._journals[run] = [
            event._replace(payload=b"", drawn=drawn.get(event.seq, event.drawn)) for event in journal
        ]
        past = self._histories.get(run, {})
        self._histories[run] = {number: replace(change, reason="") for number, change in past.items()}
        for rows in (self._inboxes, self._attributes):
            rows.pop(run, None)

    def _relate(self, writes: Writes) -> None:
        for run in writes.orphaned:
            self._kin.pop(run, None)
        for run in writes.unqueued:
            self._queued.pop(run, None)
        for successor, run in writes.handed_over:
            moved = {child: (successor, policy) for child, (parent, policy) in self._kin.items() if parent == run}
            self._kin.update(moved)
        self._kin.update(writes.kin)
        self._queued.update(writes.queued)
        for run in writes.stands:
            keys, host, _ready, priority = self._queued[run]
            self._queued[run] = (keys, host, True, priority)
        for run, values in writes.attributes.items():
            kept = self._attributes.setdefault(run, {})
            kept.update(values)
            self._attributes[run] = {name: value for name, value in kept.items() if value is not None}

    def _start(self, start: StartRun, head: Head) -> None:
        values = {name: getattr(head, name) for name in _HEAD_FIELDS}
        self._runs[head.run] = RunRow(
            **values,
            entry=start.entry,
            bundle_hash=start.bundle_hash,
            created=start.at,
            parent=start.parent,
        )
        self._last_run = max(self._last_run, head.run)
        self._run_ids[head.run_id] = head.run
        self._newest[head.workflow_id] = head.run

    def _log(self, writes: Writes) -> None:
        for run, event in writes.journal:
            self._journals.setdefault(run, []).append(event)
        for run, change in writes.history:
            self._last_change += 1
            self._changes[self._last_change] = run
            self._histories.setdefault(run, {})[self._last_change] = change

    def _wait(self, writes: Writes) -> None:
        for run in writes.ended:
            self._timers.drop_all(run)
            self._calls.drop_all(run)
        for run, ref in writes.dropped_timers:
            self._timers.drop(run, ref)
        for run, ref in writes.dropped_calls:
            self._calls.drop(run, ref)
        for run, timers in writes.timers.items():
            for ref, (host, due) in timers.items():
                self._timers.put(run, ref, host, due, (ref, due))
        for run, calls in writes.calls.items():
            for ref, (host, call) in calls.items():
                self._calls.put(run, ref, host, call.due, call)

    def _deliver(self, writes: Writes) -> None:
        for number, run, item in writes.inbox:
            row = InboxRow(number, item.kind, item.ref, item.target, item.sender, item.payload, item.at)
            self._inboxes.setdefault(run, {})[number] = row
            self._last_inbox = number
        for run, number in writes.consumed:
            self._inboxes.get(run, {}).pop(number, None)
        for run, previous, first in writes.continued:
            self._continued[run], self._successors[previous] = (previous, first), run
            left = self._inboxes.pop(previous, {})
            carried = {number: replace(row, ref=0) for number, row in left.items() if row.kind in CARRIED}
            self._inboxes[run] = dict(sorted((self._inboxes.get(run, {}) | carried).items()))

    def _forget(self, writes: Writes) -> None:
        """Remember the runs that ended, and forget the oldest of them beyond what is kept."""
        for head in writes.opened.values():
            self._ended.pop(head.run, None)
        ended = (run for run in sorted(writes.ended) if self._runs[run].state in TERMINAL)
        self._ended.update(dict.fromkeys(ended))
        while len(self._ended) > self._kept:
            run = next(iter(self._ended))
            del self._ended[run]
            self._delete(self._runs.pop(run))

    def _delete(self, row: RunRow) -> None:
        del self._run_ids[row.run_id]
        if self._newest[row.workflow_id] == row.run:
            del self._newest[row.workflow_id]
        for number in self._histories.pop(row.run, ()):
            del self._changes[number]
        previous, _ = self._continued.pop(row.run, (0, 0))
        self._successors.pop(previous, None)
        for rows in (self._journals, self._inboxes, self._attributes):
            rows.pop(row.run, None)


class _MemoryKin:
    """What the store knows about runs that may end (`concern.Kin`)."""

    def __init__(
        self,
        rows: dict[int, RunRow],
        kin: dict[int, tuple[int, str]],
        queued: dict[int, tuple[Sequence[str], str, bool, int]],
        holders: dict[str, int],
    ) -> None:
        self._rows = rows
        self._kin = kin
        self._queued = queued
        self._holders = holders

    def heads(self, runs: Iterable[int]) -> list[Head]:
        return [_head(self._rows[run]) for run in sorted(runs) if run in self._rows]

    def children(self, parents: Iterable[int]) -> list[tuple[int, int, str]]:
        wanted = set(parents)
        return [(run, parent, policy) for run, (parent, policy) in self._kin.items() if parent in wanted]

    def holders(self, ids: Iterable[str]) -> list[tuple[str, int]]:
        return [(name, self._holders[name]) for name in ids if name in self._holders]

    def has_queued(self) -> bool:
        return bool(self._queued)

    def queued(self, runs: Iterable[int], keys: Iterable[str]) -> list[tuple[int, str, int, str, int]]:
        some, ids = set(runs), set(keys)
        rows = (
            (run, key, int(ready), self._rows[run].state, priority)
            for run, (names, _host, ready, priority) in self._queued.items()
            for key in names
            if run in some or key in ids
        )
        return sorted(rows, key=lambda row: (-row[-1], row))


def _head(row: RunRow) -> Head:
    return Head(**{name: getattr(row, name) for name in _HEAD_FIELDS})
