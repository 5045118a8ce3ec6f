"""What the store in memory holds, and its reads: the same answers as those of the SQL stores."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from actorflow.errors import not_found
from actorflow.run.document import DocumentRow
from actorflow.run.event import NAMING, TOLD_OF_NAMES, JournalEvent
from actorflow.run.row import RunChanged, Wanted
from actorflow.run.state import OPEN, PAUSED, STILL
from actorflow.run.turn import RELEASE, CallRow, InboxRow, OpenRun, RunRow, StateChange
from actorflow.store.attribute import attribute_rows, attributes_of, memo_of
from actorflow.store.due import Waiting
from actorflow.store.owning_memory import MemoryShardReader
from actorflow.store.port import RunFilter
from actorflow.store.verify import verify_missing, verify_run


class MemoryRows:
    """The rows of a store in memory, and every read of them."""

    def __init__(self) -> None:
        """Begin with none."""
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
        self._queued: dict[int, tuple[Sequence[str], str, bool, int]] = {}
        self._attributes: dict[int, dict[str, Any]] = {}
        self._last_run = 0
        self._last_inbox = 0
        self._last_change = 0
        self._commits = 0

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

    def held(self, host: str, after: int = 0, limit: int = 1000) -> list[tuple[str, int, str]]:
        """Return (workflow id, run, state) of open runs."""
        return [(row.workflow_id, row.run, row.state) for row in self.open_runs(host, after, limit)]

    def held_beside(self, host: str) -> list[tuple[str, int]]:
        """Return (workflow id, run) of ids that open runs hold beside their own."""
        queued = ((run, key) for run, (keys, at_host, *_) in self._queued.items() if at_host == host for key in keys)
        return [(key, run) for run, key in queued if self._holders.get(key) == run]

    def wanted(self, run: int) -> list[Wanted]:
        """Return the ids and lock keys beside its own that an open run does not hold."""
        keys, _host, ready, _priority = self._queued.get(run, ((), "", False, 0))
        return [Wanted(key, ready, self._holders.get(key, 0)) for key in sorted(keys) if self._holders.get(key) != run]

    def find(self, reference: str) -> RunRow | None:
        """Return the run a workflow id or run id means."""
        run = self._holders.get(reference) or self._run_ids.get(reference) or self._newest.get(reference)
        return replace(self._runs[run]) if run else None

    def continued(self, run: int) -> tuple[str, str]:
        """Return the run ids of the run that this one continues, and of the one it continued as."""
        before = self._runs.get(self._continued.get(run, (0, 0))[0])
        after = self._runs.get(self._successors.get(run, 0))
        return (before.run_id if before else "", after.run_id if after else "")

    def due_timers(
        self, host: str, until: int, limit: int = 1000, queues: Collection[str] | None = None
    ) -> list[tuple[int, int, int]]:
        """Return (run, ref, due) of due timers."""
        due = self._due(self._timers, host, until)
        mine = (row for row in due if queues is None or row[2] != RELEASE or self._is_served(row[1], queues))
        return [(run, ref, due) for due, run, ref in islice(mine, limit)]

    def _is_served(self, run: int, queues: Collection[str]) -> bool:
        standing = run in self._queued and self._queued[run][2]
        return standing or self._runs[run].queue in queues

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
        filled = (self._runs[run] for run, rows in self._inboxes.items() if rows)
        return sorted(row.run for row in filled if row.host == host and row.state in OPEN - STILL)

    def naming(self, host: str) -> list[tuple[str, JournalEvent]]:
        """Return what a host's open runs did with names."""
        rows = (row for row in self._runs.values() if row.host == host and row.state in OPEN)
        named = (row for row in rows if any(event.kind in NAMING for event in self._journals[row.run]))
        journals = ((row.workflow_id, self._journals[row.run]) for row in named)
        return [(name, event) for name, journal in journals for event in journal if event.kind in TOLD_OF_NAMES]

    def inbox(self, run: int, after: int = 0) -> list[InboxRow]:
        """Return deliveries not journaled yet."""
        return [replace(row) for number, row in self._inboxes.get(run, {}).items() if number > after]

    def of_shards(self, shards: Collection[int]) -> MemoryShardReader:
        """Return the reads of some shards of a host (`port.HotReader.of_shards`)."""
        return MemoryShardReader(self, shards)

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

    def await_end(self, run: int) -> None:
        """Do nothing: there are no other nodes."""

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


def _is(row: RunRow, which: RunFilter) -> bool:
    return (
        which.host in ("", row.host)
        and which.state in ("", row.state)
        and which.entry in ("", row.entry)
        and which.queue in ("", row.queue)
        and row.workflow_id.startswith(which.prefix)
    )
