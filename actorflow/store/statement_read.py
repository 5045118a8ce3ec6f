"""The statements of a reader; see `actorflow.store.statement.compiled` for their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Table,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from actorflow.run.event import NAMING, TOLD_OF_NAMES
from actorflow.run.state import STILL
from actorflow.run.turn import RELEASE
from actorflow.store import tables as t
from actorflow.store.database import Database
from actorflow.store.listed import LISTED
from actorflow.store.statement import CALL, EVENT, INBOX, begins, bound, compiled, limited


class KinReadStatements:
    """What a reader asks about ids that runs hold beside their own, about search attributes, and about many runs."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""

        def sql(statement: Executable, *names: str) -> str:
            return compiled(dialect, statement, *names)

        both = t.queued_run.join(t.open_run, t.open_run.c.workflow_id == t.queued_run.c.workflow_id)
        beside = select(t.open_run.c.workflow_id, t.open_run.c.run).select_from(both)
        beside = beside.where(bound(t.queued_run.c.host), t.open_run.c.run == t.queued_run.c.run)
        self.held_beside = sql(beside, "key_host")
        own = and_(t.run.c.run == t.open_run.c.run, t.run.c.workflow_id == t.open_run.c.workflow_id)
        held = select(t.open_run.c.workflow_id, t.open_run.c.run, t.run.c.state)
        held = held.select_from(t.open_run.join(t.run, own)).where(bound(t.open_run.c.host))
        held = held.where(t.open_run.c.run > bindparam("after")).order_by(t.open_run.c.run)
        self.held = sql(limited(held), "key_host", "after", "limit")
        self.many = ManyStatements(dialect)
        holder = select(t.open_run.c.run).where(t.open_run.c.workflow_id == t.queued_run.c.workflow_id)
        wanted = select(t.queued_run.c.workflow_id, t.queued_run.c.ready, holder.scalar_subquery())
        mine = wanted.where(bound(t.queued_run.c.run)).order_by(t.queued_run.c.workflow_id)
        self.wanted = sql(mine, "key_run")
        self.attributes = sql(
            select(t.attribute.c.name, t.attribute.c.kind, t.attribute.c.value)
            .where(bound(t.attribute.c.run))
            .order_by(t.attribute.c.name, t.attribute.c.place),
            "key_run",
        )


class ListStatements:
    """The list of runs, newest first, and the conditions that can be put into it; see `listed.listing`."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""
        run, about, opened = t.run.c, t.attribute.c, select(t.open_run.c.run)
        rows = select(t.run).where(run.run < bindparam("before")).order_by(run.run.desc())
        self.runs = compiled(dialect, limited(rows), "before", "limit")
        same = [compiled(dialect, run[name] == bindparam(name), name) for name in LISTED[:-1]]
        self.conditions = [*same, compiled(dialect, begins(run.workflow_id), "length", "prefix")]
        some = select(about.run).where(about.name == bindparam("name"), about.value == bindparam("value"))
        self.described = compiled(dialect, run.run.in_(some), "name", "value")
        self.still_open = compiled(dialect, run.run.in_(opened))


class ReadStatements(KinReadStatements):
    """What a reader runs."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""
        super().__init__(dialect)

        def sql(statement: Executable, *names: str) -> str:
            return compiled(dialect, statement, *names)

        held = t.open_run.join(t.run, t.run.c.run == t.open_run.c.run)
        self.run_id, self.blob, self.info, self.sizes = _values(dialect)
        self.run = sql(select(t.run).where(bound(t.run.c.run)), "key_run")
        self.run_by_id = sql(select(t.run).where(bound(t.run.c.run_id)), "key_run_id")
        self.holder = sql(select(t.run).select_from(held).where(bound(t.open_run.c.workflow_id)), "key_workflow_id")
        newest = select(t.run).where(bound(t.run.c.workflow_id)).order_by(t.run.c.run.desc())
        self.newest = sql(limited(newest), "key_workflow_id", "limit")
        after_run = t.open_run.c.run > bindparam("after")
        own = t.open_run.c.workflow_id == t.run.c.workflow_id
        mine = select(t.run).select_from(held).where(bound(t.open_run.c.host), own, after_run)
        self.open_runs = sql(limited(mine.order_by(t.open_run.c.run)), "key_host", "after", "limit")

        self.journal, self.journaled = _journals(dialect)
        self.naming = _naming(dialect)
        rows = select(*(t.inbox.c[name] for name in INBOX)).where(
            bound(t.inbox.c.run), t.inbox.c.id > bindparam("after")
        )
        self.inbox = sql(rows.order_by(t.inbox.c.id), "key_run", "after")
        filled = t.open_run.c.run.in_(select(t.inbox.c.run))  # so read: by a join all open runs are looked at
        turned = t.run.c.state.not_in([literal_column(f"'{state}'") for state in sorted(STILL)])
        waiting = select(t.open_run.c.run).select_from(held).where(bound(t.open_run.c.host), filled, turned).distinct()
        self.inbox_runs = sql(waiting.order_by(t.open_run.c.run), "key_host")
        timers = select(t.timer.c.ref, t.timer.c.due).where(bound(t.timer.c.run)).order_by(t.timer.c.ref)
        self.timers = sql(timers, "key_run")
        call = tuple(t.call.c[name] for name in CALL)
        self.calls = sql(select(*call).where(bound(t.call.c.run)).order_by(t.call.c.ref), "key_run")
        past = (t.state_history.c.state, t.state_history.c.at, t.state_history.c.reason, t.state_history.c.by)
        history = select(*past).where(bound(t.state_history.c.run)).order_by(t.state_history.c.id)
        self.history = sql(history, "key_run")
        self.changes, self.last_change = _changes(dialect)
        before = t.continuation.join(t.run, t.run.c.run == t.continuation.c.previous)
        after = t.continuation.join(t.run, t.run.c.run == t.continuation.c.run)
        preceding, following = select(t.run.c.run_id).select_from(before), select(t.run.c.run_id).select_from(after)
        self.predecessor = sql(preceding.where(bound(t.continuation.c.run)), "key_run")
        self.successor = sql(following.where(bound(t.continuation.c.previous)), "key_previous")
        self.first = sql(select(t.continuation.c.first).where(bound(t.continuation.c.run)), "key_run")
        others = t.run.c.run.in_(select(t.continuation.c.run).where(bound(t.continuation.c.first)))
        chain = select(t.run).where(or_(bound(t.run.c.run), others), t.run.c.run > bindparam("after"))
        self.chain = sql(limited(chain.order_by(t.run.c.run)), "key_run", "key_first", "after", "limit")
        self.bundle = sql(select(t.source.c.bundle).where(bound(t.source.c.hash)), "key_hash")

        self.due_timers = _due(dialect, t.timer, t.timer.c.run, t.timer.c.ref, t.timer.c.due)
        self.due_served = _due(dialect, t.timer, t.timer.c.run, t.timer.c.ref, t.timer.c.due, served=True)
        self.due_calls = _due(dialect, t.call, t.call.c.run, *call)
        self.next_timer = _next(dialect, t.timer)
        self.next_call = _next(dialect, t.call)

        self.document, self.documents, self.due_documents, self.next_document = _documents(dialect)

        self.listed = ListStatements(dialect)
        self.counts = sql(select(t.run.c.host, t.run.c.state, func.count()).group_by(t.run.c.host, t.run.c.state))


def _journals(dialect: Database) -> tuple[str, str]:
    """Compile the reads of a journal: the events behind a position, and those of some kinds."""
    events = select(*(t.journal.c[name] for name in EVENT)).where(bound(t.journal.c.run)).order_by(t.journal.c.seq)
    following = limited(events.where(t.journal.c.seq > bindparam("after")))
    some = events.where(dialect.one_of(t.journal.c.kind, "kinds"))
    return compiled(dialect, following, "key_run", "after", "limit"), compiled(dialect, some, "key_run", "kinds")


def _naming(dialect: Database) -> str:
    """Compile the read of what open runs did with names; its literals are those of the index, or that is not used."""
    journals = t.open_run.join(t.run, t.run.c.run == t.open_run.c.run).join(t.journal, t.journal.c.run == t.run.c.run)
    columns = (t.run.c.workflow_id, t.run.c.run, *(t.journal.c[name] for name in EVENT))
    own = t.open_run.c.workflow_id == t.run.c.workflow_id
    literals = [literal_column(f"'{kind}'", Text) for kind in TOLD_OF_NAMES]
    named = t.journal.alias()
    users = select(named.c.run).where(named.c.run == t.open_run.c.run, named.c.kind.in_(literals[: len(NAMING)]))
    told = (users.exists(), t.journal.c.kind.in_(literals))
    rows = select(*columns).select_from(journals).where(bound(t.open_run.c.host), own, *told)
    return compiled(dialect, rows.order_by(t.open_run.c.run, t.journal.c.seq), "key_host")


class ManyStatements:
    """What loads many runs at once: each takes a list of run numbers, and gives its rows with the run first."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""

        def of_runs(table: Table, names: Sequence[str], order: str) -> str:
            rows = select(table.c.run, *(table.c[name] for name in names)).where(dialect.one_of(table.c.run, "runs"))
            return compiled(dialect, rows.order_by(table.c.run, table.c[order]), "runs")

        short = t.run.c.last_seq <= bindparam("longest")
        rows = select(t.run).where(dialect.one_of(t.run.c.run, "runs"), short).order_by(t.run.c.run)
        self.rows = compiled(dialect, rows, "runs", "longest")
        self.journals = of_runs(t.journal, EVENT, "seq")
        self.inboxes = of_runs(t.inbox, INBOX, "id")
        self.timers = of_runs(t.timer, ("ref", "due"), "ref")
        self.calls = of_runs(t.call, CALL, "ref")


def _changes(dialect: Database) -> tuple[str, str]:
    """Compile the reads of a watcher: the changes behind an id, and the newest id."""
    past, run = t.state_history.c, t.run.c
    of_change = (past.id, past.run, past.state, past.at, past.reason, past.by)
    joined = t.state_history.join(t.run, run.run == past.run)
    rows = select(*of_change, run.run_id, run.workflow_id, run.entry, run.host).select_from(joined)
    following = limited(rows.where(past.id > bindparam("after")).order_by(past.id))
    return compiled(dialect, following, "after", "limit"), compiled(dialect, select(func.max(past.id)))


def _values(dialect: Database) -> tuple[str, str, str, list[str]]:
    """Compile what values need: the run id, a large value, what the store says of itself, and the bytes of a run."""
    large = select(t.blob.c.value).where(bound(t.blob.c.run, t.blob.c.digest))
    run_id = select(t.run.c.run_id).where(bound(t.run.c.run))
    info = compiled(dialect, select(t.store_info))
    columns = (t.journal.c.payload, t.blob.c.value)
    sums = [select(func.sum(func.length(column))).where(bound(column.table.c.run)) for column in columns]
    sizes = [compiled(dialect, each, "key_run") for each in sums]
    return compiled(dialect, run_id, "key_run"), compiled(dialect, large, "key_run", "key_digest"), info, sizes


def _documents(dialect: Database) -> tuple[str, str, str, str]:
    """Compile the reads of documents: one, those of a kind and prefix, what is due, and when the next one is."""
    doc = t.document.c
    one = compiled(dialect, select(t.document).where(bound(doc.kind, doc.key)), "key_kind", "key_key")
    some = select(t.document).where(bound(doc.kind), begins(doc.key), doc.key > bindparam("after")).order_by(doc.key)
    listed = compiled(dialect, limited(some), "key_kind", "length", "prefix", "after", "limit")
    waits = and_(bound(doc.kind), doc.due > literal_column("0"))
    due = select(t.document).where(waits, doc.due <= bindparam("until")).order_by(doc.due, doc.key)
    dues = compiled(dialect, limited(due), "key_kind", "until", "limit")
    following = compiled(dialect, select(func.min(doc.due)).where(waits), "key_kind")
    return one, listed, dues, following


def _active(table: Table) -> Any:
    """Return the rows of a host's runs that are not paused, earliest first."""
    both = table.join(t.run, t.run.c.run == table.c.run)
    return both, and_(bound(table.c.host), t.run.c.state != bindparam("paused"))


def _due(dialect: Database, table: Table, *columns: ColumnElement[Any], served: bool = False) -> str:
    """Compile the read of what is due; with `served`, but for what lets runs of other queues than these begin."""
    both, active = _active(table)
    rows = select(*columns).select_from(both).where(active, table.c.due <= bindparam("until"))
    ordered, names = rows.order_by(table.c.due, table.c.run, table.c.ref), ("key_host", "paused", "until")
    if not served:
        return compiled(dialect, limited(ordered), *names, "limit")
    standing = select(t.queued_run.c.run).where(t.queued_run.c.ready != literal_column("0"))
    queues = or_(dialect.one_of(t.run.c.queue, "queues"), table.c.run.in_(standing))
    mine = ordered.where(or_(table.c.ref != literal_column(str(RELEASE)), queues))
    return compiled(dialect, limited(mine), *names, "queues", "limit")


def _next(dialect: Database, table: Table) -> str:
    both, active = _active(table)
    first = select(table.c.due).select_from(both).where(active).order_by(table.c.due)
    return compiled(dialect, limited(first), "key_host", "paused", "limit")
