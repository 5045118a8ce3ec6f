"""The two halves of an SQL commit: looking up what a batch needs, and writing what its plan says.

Every kind of row is written in one go over the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from actorflow.run.turn import Item, StartRun
from actorflow.store.bulk import RowStatement
from actorflow.store.dialect import Sqlite
from actorflow.store.plan import Head, Known, Needs, Writes, needs, reopened
from actorflow.store.statement import WriteStatements


def look_up(cursor: Any, sql: WriteStatements, dialect: Sqlite, batch: Sequence[Item]) -> Known:
    """Return what the database holds of everything the batch may touch."""

    def fetch(statement: str, values: Iterable[Any]) -> list[Any]:
        packed = dialect.pack(sorted(values))
        rows: list[Any] = cursor.execute(statement, (packed,)).fetchall()
        return rows

    wanted = needs(batch)
    known = Known()
    if wanted.runs:
        known.runs = {row[0]: Head(*row) for row in fetch(sql.heads, wanted.runs)}
    if workflow_ids := wanted.workflow_ids | reopened(batch, known.runs):
        for row in fetch(sql.holders, workflow_ids):
            known.runs.setdefault(row[0], Head(*row))
    if wanted.run_ids:
        known.run_ids = dict(fetch(sql.run_ids, wanted.run_ids))
        known.leases = dict(fetch(sql.leases, wanted.hosts))
        known.hashes = {row[0] for row in fetch(sql.hashes, wanted.hashes)}
    _number(cursor, dialect, known, wanted)
    return known


def _number(cursor: Any, dialect: Sqlite, known: Known, wanted: Needs) -> None:
    if wanted.run_ids or wanted.inbox:
        last = dict(cursor.execute(dialect.last_numbers).fetchall())
        known.next_run = last.get("run", 0) + 1
        known.next_inbox = last.get("inbox", 0) + 1


def apply(cursor: Any, sql: WriteStatements, dialect: Sqlite, writes: Writes) -> None:
    """Write the rows of a planned batch: deletions first, so that what is set free can be taken again."""
    if writes.closed:
        cursor.execute(sql.close, (dialect.pack(sorted(writes.closed)),))
    if writes.ended:
        ended = (dialect.pack(sorted(writes.ended)),)
        cursor.execute(sql.disarm_all, ended)
        cursor.execute(sql.unwait_all, ended)
    for statement, rows in _steps(sql, writes):
        if not rows:
            continue
        if isinstance(statement, RowStatement):
            statement.run(cursor, rows)
        else:
            cursor.executemany(statement, rows)


def _steps(sql: WriteStatements, writes: Writes) -> Iterator[tuple[str | RowStatement, Sequence[Any]]]:
    yield sql.disarm, writes.dropped_timers
    yield sql.unwait, writes.dropped_calls
    yield sql.keep, list(writes.sources.items())
    yield sql.start, [_started(start, head) for start, head in writes.started.values()]
    yield sql.change, [_changed(head) for head in writes.changed.values()]
    yield sql.open, [(workflow_id, head.run, head.host) for workflow_id, head in writes.opened.items()]
    yield sql.append, [(run, *event) for run, event in writes.journal]
    yield sql.note, [(run, change.state, change.at, change.reason, change.by) for run, change in writes.history]
    yield sql.arm, list(_timers(writes))
    yield sql.wait, list(_calls(writes))
    yield sql.put, list(_inbox(writes))
    yield sql.consume, writes.consumed


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
    )


def _changed(head: Head) -> tuple[Any, ...]:
    return (
        head.state,
        head.revision,
        head.updated,
        head.last_seq,
        head.last_checksum,
        head.reason,
        head.result,
        head.waits,
        head.run,
    )


def _timers(writes: Writes) -> Iterator[tuple[Any, ...]]:
    for run, timers in writes.timers.items():
        for ref, (host, due) in timers.items():
            yield run, ref, host, due


def _calls(writes: Writes) -> Iterator[tuple[Any, ...]]:
    for run, calls in writes.calls.items():
        for ref, (host, call) in calls.items():
            yield run, ref, host, call.attempt, call.due, call.failure


def _inbox(writes: Writes) -> Iterator[tuple[Any, ...]]:
    for number, run, delivery in writes.inbox:
        yield number, run, delivery.kind, delivery.ref, delivery.target, delivery.sender, delivery.payload, delivery.at
