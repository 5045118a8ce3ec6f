"""The store in plain dicts: the same answers as the SQL stores, gone with the process.

It keeps every open run, and of the ended ones the newest; nothing else bounds it. One thread uses it, reads too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import islice
from typing import Any, Final, TypeVar

from actorflow.errors import not_found
from actorflow.run.document import DocumentRow
from actorflow.run.event import CARRIED, NAMING, REQUEST_SETTLED, JournalEvent
from actorflow.run.state import OPEN, PAUSED, TERMINAL
from actorflow.run.turn import CallRow, Committed, InboxRow, Item, OpenRun, RunChanged, RunRow, StartRun, StateChange
from actorflow.store.attribute import attribute_rows, attributes_of, memo_of
from actorflow.store.batch import Head, Known, Writes, needs, onward, parents, reopened, retried
from actorflow.store.due import Waiting
from actorflow.store.ending import complete
from actorflow.store.plan import plan
from actorflow.store.port import RunFilter
from actorflow.store.verify import verify_missing, verify_run

T = TypeVar("T")

KEPT: Final = 10_000
"""How many ended runs are remembered unless told otherwise."""

_HEAD_FIELDS: Final = tuple(field.name for field in fields(Head))


class MemoryStore:
    """A store in memory (`port.Store`, and its own `port.Reader`)."""

    def __init__(self, kept: int = KEPT) -> None:
        """Make an empty store that remembers `kept` ended runs."""
        self._kept = kept
        self._runs: dict[int, RunRow] = {}
        self._run_ids: dict[str, int] = {}
        self._holders: dict[str, int] = {}
        self._newest: dict[str, int] = {}
        self._journals: dict[int, list[JournalEvent]] = {}
        self._histories: dict[int, dict[int, StateChange]] = {}
        self._changes: dict[int, int] = {}
        self._inboxes: dict[int, dict[int, InboxRow]] = {}
        self._timers = Waiting()
        self._calls = Waiting()
        self._sources: dict[str, bytes] = {}
        self._leases: dict[str, int] = {}
        self._continued: dict[int, tuple[int, int]] = {}
        self._successors: dict[int, int] = {}
        self._documents: dict[tuple[str, str], DocumentRow] = {}
        self._ended: dict[int, None] = {}
        self._kin: dict[int, tuple[int, str]] = {}
        self._queued: dict[int, tuple[str, str]] = {}
        self._attributes: dict[int, dict[str, Any]] = {}
        self._last_run = 0
        self._last_inbox = 0
        self._last_change = 0
        self._commits = 0

    @property
    def commits(self) -> int:
        """How many batches and claims this store has applied."""
        return self._commits

    def reader(self) -> MemoryStore:
        """Return itself: there is one thread, so every read is a snapshot."""
        return self

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
        token = max(lease, self._leases.get(host, 0) + 1)
        self._leases[host] = token
        for run in self._holders.values():
            if self._runs[run].host == host:
                self._runs[run] = replace(self._runs[run], lease=token)
        self._commits += 1
        return token

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

    # ---- hot reads ---------------------------------------------------------------------------------------------

    def load(self, run: int, *, lazy: bool = False) -> OpenRun:  # noqa: ARG002 - the port's; nothing is apart here
        """Return everything needed to continue a run."""
        if run not in self._runs:
            raise not_found(f"there is no run {run}", run=run)
        journal = list(self._journals[run])
        return OpenRun(replace(self._runs[run]), journal, self.inbox(run), self._timers.of(run), self._calls.of(run))

    def load_many(self, runs: Sequence[int], longest: int, *, lazy: bool = False) -> list[OpenRun]:
        """Return everything needed to continue several runs."""
        mine = (run for run in sorted(set(runs)) if run in self._runs and self._runs[run].last_seq <= longest)
        return [self.load(run, lazy=lazy) for run in mine]

    def open_runs(self, host: str, after: int = 0, limit: int = 1000) -> list[RunRow]:
        """Return runs of a host that have not ended."""
        mine = (run for run in set(self._holders.values()) if run > after and self._runs[run].host == host)
        return [replace(self._runs[run]) for run in sorted(mine)[:limit]]

    def held_beside(self, host: str) -> list[tuple[str, int]]:
        """Return (workflow id, run) of ids that open runs hold beside their own."""
        queued = ((run, workflow_id) for run, (workflow_id, at_host) in self._queued.items() if at_host == host)
        return [(workflow_id, run) for run, workflow_id in queued if self._holders.get(workflow_id) == run]

    def find(self, reference: str) -> RunRow | None:
        """Return the run a workflow id or run id means."""
        run = self._holders.get(reference) or self._run_ids.get(reference) or self._newest.get(reference)
        return replace(self._runs[run]) if run else None

    def continued(self, run: int) -> tuple[str, str]:
        """Return the run ids of the run that this one continues, and of the one it continued as."""
        before = self._runs.get(self._continued.get(run, (0, 0))[0])
        after = self._runs.get(self._successors.get(run, 0))
        return (before.run_id if before else "", after.run_id if after else "")

    def due_timers(self, host: str, until: int, limit: int = 1000) -> list[tuple[int, int, int]]:
        """Return (run, ref, due) of due timers."""
        return [(run, ref, due) for due, run, ref in islice(self._due(self._timers, host, until), limit)]

    def due_calls(self, host: str, until: int, limit: int = 1000) -> list[tuple[int, CallRow]]:
        """Return (run, call) of due calls."""
        due = islice(self._due(self._calls, host, until), limit)
        return [(run, replace(self._calls.rows[run][ref][2])) for _due, run, ref in due]

    def _due(self, waiting: Waiting, host: str, until: int | None = None) -> Iterator[tuple[int, int, int]]:
        for due, run, ref in waiting.due(host):
            if until is not None and due > until:
                return
            if self._runs[run].state != PAUSED:
                yield due, run, ref

    def next_due(self, host: str) -> int | None:
        """Return when the next timer or call is due."""
        firsts = (next(self._due(waiting, host), None) for waiting in (self._timers, self._calls))
        return min((first[0] for first in firsts if first), default=None)

    def info(self) -> dict[str, str]:
        """Return what the store says of itself: it was never copied."""
        return {}

    def bundle(self, content_hash: str) -> bytes | None:
        """Return the source of a content hash."""
        return self._sources.get(content_hash)

    def inbox_runs(self, host: str) -> list[int]:
        """Return the open runs that have deliveries."""
        filled = (run for run, rows in self._inboxes.items() if rows)
        return sorted(run for run in filled if self._runs[run].host == host and self._runs[run].state in OPEN)

    def naming(self, host: str) -> list[tuple[str, JournalEvent]]:
        """Return what a host's open runs did with names."""
        rows = (row for row in self._runs.values() if row.host == host and row.state in OPEN)
        named = (row for row in rows if any(event.kind in NAMING for event in self._journals[row.run]))
        told = (*NAMING, REQUEST_SETTLED)
        return [(row.workflow_id, event) for row in named for event in self._journals[row.run] if event.kind in told]

    def inbox(self, run: int, after: int = 0) -> list[InboxRow]:
        """Return deliveries not journaled yet."""
        return [replace(row) for number, row in self._inboxes.get(run, {}).items() if number > after]

    # ---- documents ---------------------------------------------------------------------------------------------

    def document(self, kind: str, key: str) -> DocumentRow | None:
        """Return a document."""
        row = self._documents.get((kind, key))
        return replace(row) if row else None

    def documents(self, kind: str, prefix: str = "", after: str = "", limit: int = 1000) -> list[DocumentRow]:
        """Return documents of a kind, by key."""
        rows = [row for row in self._documents.values() if row.kind == kind and row.key > after]
        mine = sorted((row for row in rows if row.key.startswith(prefix)), key=lambda row: row.key.encode())
        return [replace(row) for row in mine[:limit]]

    def due_documents(self, kind: str, until: int, limit: int = 1000) -> list[DocumentRow]:
        """Return documents of a kind that are due."""
        rows = [row for row in self._documents.values() if row.kind == kind and 0 < row.due <= until]
        return [replace(row) for row in sorted(rows, key=lambda row: (row.due, row.key))[:limit]]

    def next_due_document(self, kind: str) -> int | None:
        """Return when the next document of a kind is due."""
        return min((row.due for row in self._documents.values() if row.kind == kind and row.due), default=None)

    # ---- read models -------------------------------------------------------------------------------------------

    def runs(self, which: RunFilter, limit: int = 100, before: int | None = None) -> list[RunRow]:
        """Return runs, newest first."""
        rows = (row for row in reversed(self._runs.values()) if before is None or row.run < before)
        found = (row for row in rows if _is(row, which) and self._has(row.run, which.attributes))
        return [replace(row) for row in islice(found, limit)]

    def _has(self, run: int, wanted: tuple[tuple[str, str], ...]) -> bool:
        if not wanted:
            return True
        texts = {(row[1], row[4]) for row in attribute_rows(run, self._attributes.get(run, {}))}
        return texts.issuperset(wanted)

    def attributes(self, run: int) -> dict[str, Any]:
        """Return the search attributes of a run."""
        return attributes_of(self._described(run))

    def memo(self, run: int) -> dict[str, Any]:
        """Return the memo of a run."""
        return memo_of(self._described(run))

    def _described(self, run: int) -> list[tuple[str, str, str]]:
        rows = sorted(attribute_rows(run, self._attributes.get(run, {})))
        return [(name, kind, text) for _run, name, _place, kind, text in rows]

    def journal(self, run: int, after: int = 0, limit: int = 1000) -> list[JournalEvent]:
        """Return journal events, in order."""
        return self._journals.get(run, [])[after : after + limit]

    def journaled(self, run: int, kinds: Sequence[str]) -> list[JournalEvent]:
        """Return the events of some kinds in a journal."""
        return [event for event in self._journals.get(run, ()) if event.kind in kinds]

    def chain(self, run: int, after: int = 0, limit: int = 100) -> list[RunRow]:
        """Return the runs of a chain, oldest first."""
        first = self._continued.get(run, (0, run))[1]
        mine = [first, *(one for one, (_, root) in sorted(self._continued.items()) if root == first)]
        return [replace(self._runs[one]) for one in mine if one > after and one in self._runs][:limit]

    def history_size(self, run: int) -> int:
        """Return the bytes of the payloads in a journal."""
        return sum(len(event.payload) for event in self._journals.get(run, ()))

    def history(self, run: int) -> list[StateChange]:
        """Return the state history."""
        return [replace(change) for change in self._histories.get(run, {}).values()]

    def changes(self, after: int, limit: int = 1000) -> list[RunChanged]:
        """Return changes of state of all runs, in order."""
        if after >= self._last_change:
            return []
        found = ((number, run) for number, run in self._changes.items() if number > after)
        return [self._changed(number, self._runs[run]) for number, run in islice(found, limit)]

    def _changed(self, number: int, row: RunRow) -> RunChanged:
        change = self._histories[row.run][number]
        about = (row.run_id, row.workflow_id, row.entry, row.host)
        return RunChanged(number, row.run, change.state, change.at, change.reason, change.by, *about)

    def last_change(self) -> int:
        """Return the id of the newest change of state."""
        return max(self._changes, default=0)

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many runs there are by (host, state)."""
        counts: dict[tuple[str, str], int] = {}
        for row in self._runs.values():
            counts[row.host, row.state] = counts.get((row.host, row.state), 0) + 1
        return counts

    def verify(self, run: int) -> list[str]:
        """Check a run and return a sentence for each fault."""
        if run not in self._runs:
            return verify_missing(run, self._journals.get(run, []))
        held = self.load(run)
        holder = self._holders.get(held.row.workflow_id, 0)
        return verify_run(held, self.history(run), holder=holder, has_source=held.row.bundle_hash in self._sources)


class _MemoryKin:
    """What the store knows about runs that may end (`ending.Kin`)."""

    def __init__(
        self,
        rows: dict[int, RunRow],
        kin: dict[int, tuple[int, str]],
        queued: dict[int, tuple[str, str]],
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

    def queued(self, runs: Iterable[int], keys: Iterable[str]) -> list[tuple[int, str]]:
        some, ids = set(runs), set(keys)
        return sorted((run, name) for run, (name, _host) in self._queued.items() if run in some or name in ids)


def _head(row: RunRow) -> Head:
    return Head(**{name: getattr(row, name) for name in _HEAD_FIELDS})


def _is(row: RunRow, which: RunFilter) -> bool:
    return (
        which.host in ("", row.host)
        and which.state in ("", row.state)
        and which.entry in ("", row.entry)
        and row.workflow_id.startswith(which.prefix)
    )
