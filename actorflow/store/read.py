"""Reading a store on one SQL connection: the hot reads and the read models."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import not_found
from actorflow.run.document import DocumentRow
from actorflow.run.event import COMPARED, JournalEvent, event_of
from actorflow.run.row import RunChanged, Wanted
from actorflow.run.state import OPEN, PAUSED
from actorflow.run.turn import CallRow, InboxRow, OpenRun, RunRow, StateChange
from actorflow.store.attribute import attributes_of, memo_of
from actorflow.store.database import Database
from actorflow.store.listed import LISTED, listing
from actorflow.store.port import Reader, RunFilter
from actorflow.store.reading import SqlReading, explained
from actorflow.store.recorded import READS, statements_of
from actorflow.store.seal import delivery_digest, document_digest, sound
from actorflow.store.vault import MARK, Opener, of_call, of_inbox, of_row
from actorflow.store.verify import verify_missing, verify_run

if TYPE_CHECKING:
    from actorflow.store.shard_read import ShardStatements, SqlShardReader
    from actorflow.store.statement_read import ReadStatements

_ALL: Final = 2**63 - 1
_MOST: Final = 32 * 1024 * 1024
"""Bytes of payloads after which no further run is loaded together with others."""


class SqlReader(SqlReading):
    """Reads on a connection of its own (`port.Reader`); used by one thread at a time."""

    def __init__(self, dialect: Database, reads: ReadStatements | None = None) -> None:
        """Take statements, or those of databases of this kind; the first read opens the connection."""
        super().__init__(dialect)
        self._reads: ReadStatements = reads or statements_of(READS, dialect)
        self._listings: dict[tuple[frozenset[str], bool, int], str] = {}
        self._sharded: ShardStatements | None = None
        self._opener = Opener(dialect.vault, self._rows, self._reads.run_id, self._reads.blob)

    def _run_row(self, sql: str, *parameters: object) -> RunRow | None:
        rows = self._rows(sql, *parameters)
        return self._row(rows[0]) if rows else None

    def _row(self, values: Sequence[Any]) -> RunRow:
        row = RunRow(*values)
        if row.result is not None and row.result[:1] == MARK:
            row.result = self._opener.value(row.run, row.result, lambda name: of_row(name, "result"))
        if row.waits[:1] == MARK:
            row.waits = self._opener.value(row.run, row.waits, lambda name: of_row(name, "waits"))
        return row

    def _call(self, run: int, values: Sequence[Any]) -> CallRow:
        call = CallRow(*values)
        for column in ("failure", "details"):
            if (data := getattr(call, column))[:1] == MARK:
                setattr(call, column, self._opener.value(run, data, lambda name: of_call(name, call.ref)))
        return call

    # ---- hot reads ---------------------------------------------------------------------------------------------

    @explained
    def load(self, run: int, *, lazy: bool = False) -> OpenRun:
        """Return everything needed to continue a run."""
        row = self._run_row(self._reads.run, run)
        if row is None:
            raise not_found(f"{self.dialect.place}: there is no run {run}", run=run)
        events = (JournalEvent(*values) for values in self._rows(self._reads.journal, run, 0, _ALL))
        return self._held(
            row, [self._opener.event(run, event, lazy=lazy and event.kind in COMPARED) for event in events]
        )

    def _held(self, row: RunRow, journal: list[JournalEvent]) -> OpenRun:
        reads = self._reads
        timers = self._rows(reads.timers, row.run)
        calls = [self._call(row.run, values) for values in self._rows(reads.calls, row.run)]
        return OpenRun(row, journal, self.inbox(row.run), timers, calls)

    @explained
    def load_many(self, runs: Sequence[int], longest: int, *, lazy: bool = False) -> list[OpenRun]:
        """Return everything needed to continue several runs."""
        many, listed = self._reads.many, self.dialect.pack(sorted(runs))
        rows = map(self._row, self._rows(many.rows, listed, longest))
        found = {row.run: OpenRun(row, [], [], [], []) for row in rows}
        listed = self.dialect.pack(self._journals(found, lazy=lazy))
        for run, *values in self._rows(many.inboxes, listed):
            found[run].inbox.append(self._delivery(run, values))
        for run, ref, due in self._rows(many.timers, listed):
            found[run].timers.append((ref, due))
        for run, *values in self._rows(many.calls, listed):
            found[run].calls.append(self._call(run, values))
        return list(found.values())

    def _journals(self, found: dict[int, OpenRun], *, lazy: bool) -> list[int]:
        """Read the journals of runs, as many as one answer may hold; drop the other runs, and return who is left."""
        size, opened = 0, self._opener.event
        for row in self._connection().execute(self._reads.many.journals, (self.dialect.pack(list(found)),)):
            run, event = row[0], event_of(row[1:])
            if event.payload[:1] == MARK or event.drawn[:1] == MARK:
                event = opened(run, event, lazy=lazy and event.kind in COMPARED)
            found[run].events.append(event)
            size += len(event.payload)
            if size > _MOST and run != next(iter(found)):
                for other in [other for other in found if other >= run]:
                    del found[other]
                break
        return list(found)

    @explained
    def open_runs(self, host: str, after: int = 0, limit: int = 1000) -> list[RunRow]:
        """Return runs of a host that have not ended."""
        return [self._row(values) for values in self._rows(self._reads.open_runs, host, after, limit)]

    @explained
    def held(self, host: str, after: int = 0, limit: int = 1000) -> list[tuple[str, int, str]]:
        """Return (workflow id, run, state) of open runs."""
        return self._rows(self._reads.held, host, after, limit)

    @explained
    def held_beside(self, host: str) -> list[tuple[str, int]]:
        """Return (workflow id, run) of ids that open runs hold beside their own."""
        return self._rows(self._reads.held_beside, host)

    @explained
    def wanted(self, run: int) -> list[Wanted]:
        """Return the ids and lock keys beside its own that an open run does not hold."""
        rows = self._rows(self._reads.wanted, run)
        return [Wanted(key, bool(ready), holder or 0) for key, ready, holder in rows if holder != run]

    @explained
    def attributes(self, run: int) -> dict[str, Any]:
        """Return the search attributes of a run."""
        return attributes_of(self._rows(self._reads.attributes, run))

    @explained
    def memo(self, run: int) -> dict[str, Any]:
        """Return the memo of a run."""
        return memo_of(self._rows(self._reads.attributes, run))

    @explained
    def find(self, reference: str) -> RunRow | None:
        """Return the run a workflow id or run id means."""
        reads = self._reads
        return (
            self._run_row(reads.holder, reference)
            or self._run_row(reads.run_by_id, reference)
            or self._run_row(reads.newest, reference, 1)
        )

    @explained
    def continued(self, run: int) -> tuple[str, str]:
        """Return the run ids of the run that this one continues, and of the one it continued as."""
        before, after = self._rows(self._reads.predecessor, run), self._rows(self._reads.successor, run)
        return (before[0][0] if before else "", after[0][0] if after else "")

    @explained
    def due_timers(
        self, host: str, until: int, limit: int = 1000, queues: Collection[str] | None = None
    ) -> list[tuple[int, int, int]]:
        """Return (run, ref, due) of due timers."""
        if queues is not None:
            served = self.dialect.pack(sorted(queues))
            return self._rows(self._reads.due_served, host, PAUSED, until, served, limit)
        return self._rows(self._reads.due_timers, host, PAUSED, until, limit)

    @explained
    def due_calls(self, host: str, until: int, limit: int = 1000) -> list[tuple[int, CallRow]]:
        """Return (run, call) of due calls."""
        rows = self._rows(self._reads.due_calls, host, PAUSED, until, limit)
        return [(run, self._call(run, values)) for run, *values in rows]

    @explained
    def next_due(self, host: str) -> int | None:
        """Return when the next timer or call is due."""
        reads = self._reads
        found = [*self._rows(reads.next_timer, host, PAUSED, 1), *self._rows(reads.next_call, host, PAUSED, 1)]
        return min((due for (due,) in found), default=None)

    @explained
    def bundle(self, content_hash: str) -> bytes | None:
        """Return the source of a content hash."""
        rows = self._rows(self._reads.bundle, content_hash)
        return rows[0][0] if rows else None

    @explained
    def inbox_runs(self, host: str) -> list[int]:
        """Return the open runs that have deliveries."""
        return [run for (run,) in self._rows(self._reads.inbox_runs, host)]

    @explained
    def naming(self, host: str) -> list[tuple[str, JournalEvent]]:
        """Return what a host's open runs did with names."""
        rows = self._rows(self._reads.naming, host)
        return [(workflow_id, self._opener.event(run, JournalEvent(*values))) for workflow_id, run, *values in rows]

    @explained
    def inbox(self, run: int, after: int = 0) -> list[InboxRow]:
        """Return deliveries not journaled yet."""
        return [self._delivery(run, values) for values in self._rows(self._reads.inbox, run, after)]

    def _delivery(self, run: int, values: Sequence[Any]) -> InboxRow:
        row = _delivery(run, values)
        row.payload = self._opener.value(run, row.payload, lambda _name: of_inbox(row.id, row.kind))
        return row

    def of_shards(self, shards: Collection[int]) -> SqlShardReader:
        """Return the reads of some shards of a host (`port.HotReader.of_shards`)."""
        from actorflow.store.shard_read import ShardStatements, SqlShardReader  # noqa: PLC0415 - brings SQLAlchemy

        if self._sharded is None:
            self._sharded = ShardStatements(self.dialect)
        opened = (self._call, self._opener.event)
        return SqlShardReader(self._sharded, self.dialect.pack, shards, self._rows, opened)

    # ---- documents ---------------------------------------------------------------------------------------------

    @explained
    def document(self, kind: str, key: str) -> DocumentRow | None:
        """Return a document."""
        rows = self._rows(self._reads.document, kind, key)
        return self._opener.document(_document(rows[0])) if rows else None

    @explained
    def documents(self, kind: str, prefix: str = "", after: str = "", limit: int = 1000) -> list[DocumentRow]:
        """Return documents of a kind, by key."""
        rows = self._rows(self._reads.documents, kind, len(prefix), prefix, after, limit)
        return [self._opener.document(_document(values)) for values in rows]

    @explained
    def due_documents(self, kind: str, until: int, limit: int = 1000) -> list[DocumentRow]:
        """Return documents of a kind that are due."""
        return [
            self._opener.document(_document(values))
            for values in self._rows(self._reads.due_documents, kind, until, limit)
        ]

    @explained
    def next_due_document(self, kind: str) -> int | None:
        """Return when the next document of a kind is due."""
        rows = self._rows(self._reads.next_document, kind)
        return rows[0][0] if rows else None

    @explained
    def info(self) -> dict[str, str]:
        """Return what the store says of itself."""
        return dict(self._rows(self._reads.info))

    # ---- read models -------------------------------------------------------------------------------------------

    @explained
    def runs(self, which: RunFilter, limit: int = 100, before: int | None = None) -> list[RunRow]:
        """Return runs, newest first."""
        fields = frozenset(name for name in LISTED if getattr(which, name))
        kind = (fields, which.state in OPEN, len(which.attributes))
        if kind not in self._listings:
            self._listings[kind] = listing(self._reads.listed, fields, only_open=kind[1], attributes=kind[2])
        last = _ALL if before is None else before
        named = [part for pair in which.attributes for part in pair]
        rows = self._rows(self._listings[kind], *_wanted(which, fields), *named, last, limit)
        return [self._row(values) for values in rows]

    @explained
    def journal(self, run: int, after: int = 0, limit: int = 1000) -> list[JournalEvent]:
        """Return journal events, in order."""
        events = (JournalEvent(*values) for values in self._rows(self._reads.journal, run, after, limit))
        return [self._opener.event(run, event) for event in events]

    @explained
    def journaled(self, run: int, kinds: Sequence[str]) -> list[JournalEvent]:
        """Return the events of some kinds in a journal."""
        rows = self._rows(self._reads.journaled, run, self.dialect.pack(sorted(kinds)))
        return [self._opener.event(run, JournalEvent(*values)) for values in rows]

    @explained
    def chain(self, run: int, after: int = 0, limit: int = 100) -> list[RunRow]:
        """Return the runs of a chain, oldest first."""
        found = self._rows(self._reads.first, run)
        first = found[0][0] if found else run
        rows = self._rows(self._reads.chain, first, first, after, limit)
        return [RunRow(*values) for values in rows]

    @explained
    def history_size(self, run: int) -> int:
        """Return the bytes of the payloads in a journal, as they are stored, with those that are kept apart."""
        inline, apart = self._reads.sizes
        return sum(size or 0 for sql in (inline, apart) for (size,) in self._rows(sql, run))

    @explained
    def history(self, run: int) -> list[StateChange]:
        """Return the state history."""
        return [StateChange(*values) for values in self._rows(self._reads.history, run)]

    @explained
    def changes(self, after: int, limit: int = 1000) -> list[RunChanged]:
        """Return changes of state of all runs, in order."""
        return [RunChanged(*values) for values in self._rows(self._reads.changes, after, limit)]

    @explained
    def last_change(self) -> int:
        """Return the id of the newest change of state."""
        return max(self._rows(self._reads.last_change)[0][0] or 0, 0)  # below 0 is what has come with moved runs

    @explained
    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many runs there are by (host, state)."""
        return {(host, state): count for host, state, count in self._rows(self._reads.counts)}

    @explained
    def verify(self, run: int) -> list[str]:
        """Check a run and return a sentence for each fault."""
        row = self._run_row(self._reads.run, run)
        if row is None:
            return verify_missing(run, self.journal(run, limit=_ALL))
        holder = self._run_row(self._reads.holder, row.workflow_id)
        return verify_run(
            self._held(row, self.journal(run, limit=_ALL)),
            self.history(run),
            holder=holder.run if holder else 0,
            has_source=self.bundle(row.bundle_hash) is not None,
        )


def _delivery(run: int, values: Sequence[Any]) -> InboxRow:
    row = InboxRow(*values[:-1])
    sound(values[-1], delivery_digest(run, row.id, row), f"inbox row {row.id} of run {run}")
    return row


def _document(values: Sequence[Any]) -> DocumentRow:
    row = DocumentRow(*values[:-1])
    sound(values[-1], document_digest(row), f"document {row.kind} {row.key!r}")
    return row


def sampled(reader: Reader, host: str, most: int | None) -> Iterator[RunRow]:
    """Yield open runs of a host by run number: all, or at most so many, spread evenly over them."""
    numbers: list[int] = []
    after = 0
    while rows := [row for row in reader.open_runs(host, after) if row.run > after]:  # a damaged file may give others
        numbers += [row.run for row in rows]
        after = max(numbers)
        if most is None:
            yield from rows
    if most:
        step = max(1, -(-len(numbers) // most))
        for run in numbers[::step]:
            yield from reader.open_runs(host, run - 1, 1)


def _wanted(which: RunFilter, fields: frozenset[str]) -> Sequence[object]:
    values: list[object] = [getattr(which, name) for name in LISTED if name in fields]
    if "prefix" in fields:
        values.insert(len(values) - 1, len(which.prefix))
    return values
