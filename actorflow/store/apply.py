"""The two halves of an SQL commit: looking up what a batch needs, and writing what its plan says.

Every kind of row is written in one go over the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from actorflow.run.event import CARRIED
from actorflow.run.plain_turn import PlainTurn
from actorflow.run.turn import InboxRow, Item, StartRun
from actorflow.store.attribute import attribute_rows
from actorflow.store.batch import Head, Kept, Known, Needs, Writes, needs, of_steps, onward, parents, reopened, retried
from actorflow.store.concern import complete
from actorflow.store.database import Database
from actorflow.store.seal import delivery_digest, document_digest

if TYPE_CHECKING:
    from actorflow.store.statement_write import WriteStatements

_CHANGED: Final = attrgetter(
    "state", "revision", "updated", "last_seq", "last_checksum", "reason", "result", "waits", "run"
)
"""The values of the statement that changes the row of a run, by the names of `Head`."""
Fetch: TypeAlias = Callable[[str, Iterable[Any]], list[Any]]


def look_up(cursor: Any, sql: WriteStatements, dialect: Database, batch: Sequence[Item], kept: Kept) -> Known:
    """Return what the database holds of everything the batch may touch; `kept` says some of it without asking."""
    steps = of_steps(batch, kept.heads)
    if steps is not None:
        return Known(runs=steps)

    def fetch(statement: str, values: Iterable[Any]) -> list[Any]:
        packed = dialect.pack(sorted(values))
        rows: list[Any] = cursor.execute(statement, (packed,)).fetchall()
        return rows

    wanted = needs(batch)
    known = Known()
    batch = [item for item in batch if type(item) is not PlainTurn]  # of which `needs` says all: they are the most
    _look_up_heads(fetch, sql, batch, wanted, known, kept)
    if wanted.reused:
        known.newest = dict(fetch(sql.kin.newest, wanted.reused))
    ending = complete(known, batch, _SqlKin(cursor, sql, dialect, kept))
    if wanted.changes:
        wanted.hosts |= retried(batch, known.runs)
    if wanted.run_ids and kept.has_departed is None:
        kept.has_departed = cursor.execute(sql.departed[1], (1,)).fetchone() is not None
    if wanted.run_ids or wanted.hosts or wanted.hashes:
        _look_up_starts(fetch, sql, wanted, known, kept)
    if wanted.documents:
        asked = {name: cursor.execute(sql.revision, name).fetchone() for name in wanted.documents}
        known.documents = {name: row[0] for name, row in asked.items() if row}
    if wanted.run_ids or wanted.inbox or ending:
        _number(cursor, dialect, known, kept)
    return known


def _look_up_heads(  # noqa: PLR0913, PLR0917 - the parts of a look-up
    fetch: Fetch, sql: WriteStatements, batch: Sequence[Item], wanted: Needs, known: Known, kept: Kept
) -> None:
    known.runs = {run: kept.heads[run] for run in wanted.runs if run in kept.heads}
    workflow_ids, ended = wanted.workflow_ids, set[str]()
    if len(known.runs) < len(wanted.runs):  # those that are kept are open
        known.runs.update({row[0]: Head(*row) for row in fetch(sql.heads, wanted.runs - known.runs.keys())})
        workflow_ids = workflow_ids | reopened(batch, known.runs)
        ended = onward(known)
    if workflow_ids:
        for name, *row in fetch(sql.holders, workflow_ids):
            known.holders[name] = row[0]
            known.runs.setdefault(row[0], kept.heads.get(row[0]) or Head(*row))
    if wanted.changes and (others := parents(batch, known)):
        known.runs.update({row[0]: kept.heads.get(row[0]) or Head(*row) for row in fetch(sql.heads, others)})
        ended = onward(known)
    if ended:
        for _name, *row in fetch(sql.holders, ended):
            known.runs.setdefault(row[0], kept.heads.get(row[0]) or Head(*row))
    if ended or wanted.chains:
        known.chains = dict(fetch(sql.chains, known.runs))


def _look_up_starts(fetch: Fetch, sql: WriteStatements, wanted: Needs, known: Known, kept: Kept) -> None:
    known.run_ids = dict(fetch(sql.run_ids, wanted.run_ids))
    known.tokens = {host: kept.tokens[host] for host in wanted.hosts if host in kept.tokens}
    if kept.has_departed is not False:
        known.departed = {row[0] for row in fetch(sql.departed[0], wanted.workflow_ids)}
    known.leases = {host: kept.leases[host] for host in wanted.hosts if host in kept.leases}
    if len(known.tokens) < len(wanted.hosts):
        known.leases = dict(fetch(sql.leases, wanted.hosts))
        tokens: dict[str, dict[int, int]] = {host: {} for host in wanted.hosts}
        for host, shard, token in fetch(sql.tokens, wanted.hosts):
            tokens[host][shard] = token
        known.tokens = {**tokens}
    known.hashes = wanted.hashes & kept.hashes
    if len(known.hashes) < len(wanted.hashes):
        known.hashes = {row[0] for row in fetch(sql.hashes, wanted.hashes)}


class _SqlKin:
    """What the database holds about runs that may end (`concern.Kin`); it knows whether there is anything at all."""

    def __init__(self, cursor: Any, sql: WriteStatements, dialect: Database, kept: Kept) -> None:
        self._cursor = cursor
        self._sql = sql
        self._dialect = dialect
        self._kept = kept

    def heads(self, runs: Iterable[int]) -> Iterator[Head]:
        for row in self._fetch(self._sql.heads, runs):
            yield self._kept.heads.get(row[0]) or Head(*row)

    def children(self, parents: Iterable[int]) -> list[tuple[int, int, str]]:
        if self._kept.has_children is None:
            self._kept.has_children = self._any(self._sql.kin.has_children)
        return self._fetch(self._sql.kin.children, parents) if self._kept.has_children else []

    def holders(self, ids: Iterable[str]) -> list[tuple[str, int]]:
        return [(row[0], row[1]) for row in self._fetch(self._sql.holders, ids)]

    def has_queued(self) -> bool:
        if self._kept.has_queued is None:
            self._kept.has_queued = self._any(self._sql.kin.has_queued)
        return self._kept.has_queued

    def queued(self, runs: Iterable[int], keys: Iterable[str]) -> list[tuple[int, str, int, str, int]]:
        if not self.has_queued():
            return []
        return self._fetch(self._sql.kin.keys, runs) + self._fetch(self._sql.kin.queue, keys)

    def _any(self, statement: str) -> bool:
        return self._cursor.execute(statement, (1,)).fetchone() is not None

    def _fetch(self, statement: str, values: Iterable[Any]) -> list[Any]:
        listed = sorted(values)
        return self._cursor.execute(statement, (self._dialect.pack(listed),)).fetchall() if listed else []


def _number(cursor: Any, dialect: Database, known: Known, kept: Kept) -> None:
    if kept.numbers is None:
        run, inbox = dialect.numbers(cursor)
        kept.numbers = (run + 1, inbox + 1)
    known.next_run, known.next_inbox = kept.numbers
    known.numbered = True


def apply(cursor: Any, sql: WriteStatements, dialect: Database, writes: Writes) -> None:
    """Write the rows of a planned batch: deletions first, so that what is set free can be taken again."""
    if writes.closed:
        cursor.execute(sql.close, (dialect.pack(sorted(writes.closed)),))
    if writes.ended:
        ended = (dialect.pack(sorted(writes.ended)),)
        cursor.execute(sql.disarm_all, ended)
        cursor.execute(sql.unwait_all, ended)
    _scrub(cursor, sql, dialect, writes)
    if writes.orphaned:
        cursor.execute(sql.kin.orphan, (dialect.pack(sorted(writes.orphaned)),))
    if writes.unqueued:
        cursor.execute(sql.kin.unqueue, (dialect.pack(sorted(writes.unqueued)),))
    _write_sources(cursor, sql, writes)
    _write_runs(cursor, sql, writes)
    sql.append.run(cursor, [(run, *event) for run, event in writes.journal])
    _write_waits(cursor, sql, writes)
    if writes.fenced:
        cursor.executemany(sql.refence, [(lease, run) for run, lease in writes.fenced.items()])
    for run, previous, first in writes.continued:
        cursor.execute(sql.continued, (run, previous, first))
        _go_over(cursor, sql, run, previous)
    if writes.documents:
        _write_documents(cursor, sql, writes)

    if writes.purged:
        purged = (dialect.pack(sorted(writes.purged)),)
        for statement in sql.purge:
            cursor.execute(statement, purged)


def _go_over(cursor: Any, sql: WriteStatements, run: int, previous: int) -> None:
    """Give a run what is left in the inbox of the one it continues; a row that is damaged stays known as such."""
    for *values, digest in cursor.execute(sql.left, (previous,)).fetchall():
        row = InboxRow(*values)
        if row.kind in CARRIED:
            is_sound = digest == delivery_digest(previous, row.id, row)
            row.ref = 0
            sealed = delivery_digest(run, row.id, row) if is_sound else digest
            cursor.execute(sql.go_over, (run, 0, sealed, row.id))
    cursor.execute(sql.go_under, (previous,))


def _scrub(cursor: Any, sql: WriteStatements, dialect: Database, writes: Writes) -> None:
    """Empty the payloads of runs, what they drew, inboxes, attributes and memos, and the reasons of their history."""
    if not writes.scrubbed:
        return
    runs = dialect.pack(sorted(writes.scrubbed))
    cursor.execute(sql.scrub, (b"", runs))
    cursor.executemany(
        sql.scrub_drawn, [(drawn, run, seq) for run, events in writes.scrubbed.items() for seq, drawn in events]
    )
    cursor.execute(sql.scrub_history, ("", runs))
    for statement in sql.scrub_rows:
        cursor.execute(statement, (runs,))


def _write_documents(cursor: Any, sql: WriteStatements, writes: Writes) -> None:
    gone = [name for name, row in writes.documents.items() if row is None]
    if gone:
        cursor.executemany(sql.drop_document, gone)
    kept = [row for row in writes.documents.values() if row]
    rows = [(row.kind, row.key, row.due, row.revision, row.value, document_digest(row)) for row in kept]
    sql.put_document.run(cursor, rows)


def _write_sources(cursor: Any, sql: WriteStatements, writes: Writes) -> None:
    if writes.sources:
        sql.keep.run(cursor, list(writes.sources.items()))
    if writes.repinned:
        cursor.executemany(sql.repin, [(source, run) for run, source in writes.repinned.items()])


def _write_runs(cursor: Any, sql: WriteStatements, writes: Writes) -> None:
    if writes.started:
        sql.start.run(cursor, [_started(start, head) for start, head in writes.started.values()])
    if writes.changed:
        sql.change.run(cursor, list(map(_CHANGED, writes.changed.values())))
    if writes.opened:
        opened = writes.opened.items()
        sql.open.run(cursor, [(workflow_id, head.run, head.host) for workflow_id, head in opened])
    if writes.handed_over:
        cursor.executemany(sql.kin.hand_over, writes.handed_over)
    if writes.kin:
        sql.kin.befriend.run(cursor, [(run, *row) for run, row in writes.kin.items()])
    if writes.queued or writes.stands:
        _queue_up(cursor, sql, writes)
    if writes.attributes:
        named = [(run, name) for run, values in writes.attributes.items() for name in values]
        cursor.executemany(sql.kin.undescribe, named)
        sql.kin.describe.run(
            cursor, [row for run, values in writes.attributes.items() for row in attribute_rows(run, values)]
        )
    if writes.blobs:
        sql.keep_blob.run(cursor, writes.blobs)
    if writes.history:
        changes = [(run, change.state, change.at, change.reason, change.by) for run, change in writes.history]
        sql.note.run(cursor, changes)


def _queue_up(cursor: Any, sql: WriteStatements, writes: Writes) -> None:
    queued = writes.queued.items()
    rows = [(run, key, host, int(ready), rank) for run, (keys, host, ready, rank) in queued for key in keys]
    sql.kin.queue_up.run(cursor, rows)
    cursor.executemany(sql.kin.stand, [(1, run) for run in sorted(writes.stands)])


def earlier(cursor: Any, sql: WriteStatements, dialect: Database, writes: Writes) -> dict[int, int]:
    """Return the runs that got something in a batch and had something before, with the newest inbox row of that."""
    runs = dialect.pack(sorted({run for _, run, _ in writes.inbox}))
    return dict(cursor.execute(sql.earlier, (runs, writes.inbox[0][0])).fetchall())


def _write_waits(cursor: Any, sql: WriteStatements, writes: Writes) -> None:
    if writes.dropped_timers:
        cursor.executemany(sql.disarm, writes.dropped_timers)
    if writes.timers:
        sql.arm.run(cursor, list(_timers(writes)))
    if writes.dropped_calls:
        cursor.executemany(sql.unwait, writes.dropped_calls)
    if writes.calls:
        sql.wait.run(cursor, list(_calls(writes)))
    if writes.inbox:
        sql.put.run(cursor, list(_inbox(writes)))
    if writes.consumed:
        cursor.executemany(sql.consume, writes.consumed)


def _started(start: StartRun, head: Head) -> tuple[Any, ...]:
    return (
        head.run,
        head.run_id,
        head.workflow_id,
        start.entry,
        head.host,
        start.bundle_hash,
        head.state,
        head.revision,
        head.lease,
        start.at,
        head.updated,
        start.parent,
        start.parent_run,
        start.parent_ref,
        head.last_seq,
        head.last_checksum,
        head.reason,
        head.result,
        head.waits,
        head.strict,
        head.queue,
    )


def _timers(writes: Writes) -> Iterator[tuple[Any, ...]]:
    for run, timers in writes.timers.items():
        for ref, (host, due) in timers.items():
            yield run, ref, host, due


def _calls(writes: Writes) -> Iterator[tuple[Any, ...]]:
    for run, calls in writes.calls.items():
        for ref, (host, call) in calls.items():
            yield run, ref, host, call.attempt, call.due, call.failure, call.begun, call.details, call.crashes


def _inbox(writes: Writes) -> Iterator[tuple[Any, ...]]:
    for number, run, item in writes.inbox:
        digest = delivery_digest(run, number, item)
        yield number, run, item.kind, item.ref, item.target, item.sender, item.payload, item.at, digest
