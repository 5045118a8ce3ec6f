"""The statements of a store: written in SQLAlchemy Core, compiled once per database, run on the driver's own cursor.

A row of parameters is a tuple in the order named beside each statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.dml import Insert

from actorflow.run.event import NAMING, TOLD_OF_NAMES
from actorflow.run.state import STILL
from actorflow.run.turn import RELEASE
from actorflow.store import tables as t
from actorflow.store.database import Database, Rows

_HEAD = (
    t.run.c.run,
    t.run.c.run_id,
    t.run.c.workflow_id,
    t.run.c.host,
    t.run.c.state,
    t.run.c.revision,
    t.run.c.lease,
    t.run.c.updated,
    t.run.c.last_seq,
    t.run.c.last_checksum,
    t.run.c.reason,
    t.run.c.result,
    t.run.c.waits,
    t.run.c.parent_run,
    t.run.c.parent_ref,
    t.run.c.strict,
    t.run.c.queue,
)
_OF_DATA = (t.attribute, t.inbox, t.blob)
"""Tables whose rows go with the data of a run."""
_EVENT = ("seq", "kind", "ref", "target", "payload", "drawn", "at", "digest", "checksum")
_CALL = ("ref", "attempt", "due", "failure", "begun", "details", "crashes")
_INBOX = ("id", "kind", "ref", "target", "sender", "payload", "at", "digest")


def compiled(dialect: Database, statement: Executable, *names: str) -> str:
    """Return the SQL text of a statement whose parameters, in order, are `names`.

    Raises:
        ValueError: when the order is another.
    """
    assert isinstance(statement, ClauseElement)  # noqa: S101 - narrows the type; every Core statement is one
    text = statement.compile(dialect=dialect.core, column_keys=list(names))
    order = tuple(text.positiontup or ())  # type: ignore[attr-defined]
    if order != names:
        raise ValueError(f"parameters of {text}: got {order}, expected {names}")
    return str(text)


def row_statement(dialect: Database, statement: Insert, *names: str) -> Rows:
    """Return an insert for many rows of the columns `names`."""
    table = statement.table
    assert isinstance(table, Table)  # noqa: S101 - narrows the type
    return dialect.rows(compiled(dialect, statement, *names), table, names)


def limited(statement: Select[Any]) -> Select[Any]:
    """Return a select of at most `limit` rows, a parameter; the offset keeps Core from adding a parameter for it."""
    return statement.limit(bindparam("limit")).offset(literal_column("0"))


def _all(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


def _bound(*columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return `column = :key_column AND …`; a plain name would be taken for a new value in an update."""
    return and_(*(column == bindparam(f"key_{column.key}") for column in columns))


def begins(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a text begins with a prefix: its length is a parameter before it."""
    length = cast(bindparam("length"), Integer)
    begins: ColumnElement[bool] = func.substr(column, literal_column("1"), length) == bindparam("prefix")
    return begins


class WriteStatements:
    """What a commit runs; see `compiled` for the parameters."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""

        def sql(statement: Executable, *names: str) -> str:
            return compiled(dialect, statement, *names)

        self.kin = KinStatements(dialect)
        held = t.open_run.join(t.run, t.run.c.run == t.open_run.c.run)
        self.heads = sql(select(*_HEAD).where(dialect.one_of(t.run.c.run, "runs")), "runs")
        self.holders = sql(
            select(t.open_run.c.workflow_id, *_HEAD)
            .select_from(held)
            .where(dialect.one_of(t.open_run.c.workflow_id, "ids")),
            "ids",
        )
        self.run_ids = sql(select(t.run.c.run_id, t.run.c.run).where(dialect.one_of(t.run.c.run_id, "ids")), "ids")
        self.leases = sql(select(t.host_lease).where(dialect.one_of(t.host_lease.c.host, "hosts")), "hosts")
        self.hashes = sql(select(t.source.c.hash).where(dialect.one_of(t.source.c.hash, "hashes")), "hashes")

        def rows(statement: Insert, *names: str) -> Rows:
            return row_statement(dialect, statement, *names)

        self.start = rows(insert(t.run), *_all(t.run))
        changed = ("state", "revision", "updated", "last_seq", "last_checksum", "reason", "result", "waits")
        self.change = dialect.update_rows(t.run, changed, "run")
        self.open = rows(insert(t.open_run), *_all(t.open_run))
        self.close = sql(delete(t.open_run).where(dialect.one_of(t.open_run.c.workflow_id, "ids")), "ids")
        self.append = rows(insert(t.journal), "run", *_EVENT)
        self.note = rows(insert(t.state_history), "run", "state", "at", "reason", "by")
        self.keep = rows(dialect.insert_new(t.source), *_all(t.source))
        self.put = rows(insert(t.inbox), *_all(t.inbox))
        self.consume = sql(delete(t.inbox).where(_bound(t.inbox.c.run, t.inbox.c.id)), "key_run", "key_id")
        self.arm = rows(dialect.upsert(t.timer), *_all(t.timer))
        self.disarm = sql(delete(t.timer).where(_bound(t.timer.c.run, t.timer.c.ref)), "key_run", "key_ref")
        self.disarm_all = sql(delete(t.timer).where(dialect.one_of(t.timer.c.run, "runs")), "runs")
        self.wait = rows(dialect.upsert(t.call), *_all(t.call))
        self.unwait = sql(delete(t.call).where(_bound(t.call.c.run, t.call.c.ref)), "key_run", "key_ref")
        self.unwait_all = sql(delete(t.call).where(dialect.one_of(t.call.c.run, "runs")), "runs")

        self.chains = sql(
            select(t.continuation.c.run, t.continuation.c.first).where(dialect.one_of(t.continuation.c.run, "runs")),
            "runs",
        )
        self.repin, self.unused, self.forget = _sources(dialect)
        self.continued = sql(insert(t.continuation), *_all(t.continuation))
        left = select(*(t.inbox.c[name] for name in _INBOX)).where(_bound(t.inbox.c.run))
        self.left = sql(left.order_by(t.inbox.c.id), "key_run")
        self.go_over = sql(update(t.inbox).where(_bound(t.inbox.c.id)), "run", "ref", "digest", "key_id")
        self.go_under = sql(delete(t.inbox).where(_bound(t.inbox.c.run)), "key_run")
        named = _bound(t.document.c.kind, t.document.c.key)
        self.revision = sql(select(t.document.c.revision).where(named), "key_kind", "key_key")
        self.put_document = rows(dialect.upsert(t.document), *_all(t.document))
        self.drop_document = sql(delete(t.document).where(named), "key_kind", "key_key")

        self.scrub = sql(update(t.journal).where(dialect.one_of(t.journal.c.run, "runs")), "payload", "runs")
        event = _bound(t.journal.c.run, t.journal.c.seq)
        self.scrub_drawn = sql(update(t.journal).where(event), "drawn", "key_run", "key_seq")
        past = dialect.one_of(t.state_history.c.run, "runs")
        self.scrub_history = sql(update(t.state_history).where(past), "reason", "runs")
        self.purge = [
            sql(delete(table).where(dialect.one_of(table.c.run, "runs")), "runs")
            for table in (t.run, t.journal, t.state_history, t.continuation, t.child, t.queued_run, *_OF_DATA)
        ]
        self.scrub_rows = self.purge[-len(_OF_DATA) :]

        self.tell = sql(dialect.upsert(t.store_info), *_all(t.store_info))
        self.keep_blob = rows(dialect.insert_new(t.blob), "run", "digest", "value")

        mine = select(t.open_run.c.run).where(_bound(t.open_run.c.host))
        self.refence = sql(update(t.run).where(_bound(t.run.c.run)), "lease", "key_run")
        self.fence = sql(update(t.run).where(t.run.c.run.in_(mine)), "lease", "key_host")
        self.claim = sql(dialect.upsert(t.host_lease), *_all(t.host_lease))


class KinStatements:
    """What a commit asks and writes about the kin of runs: children, those that wait for an id, and attributes."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""

        def sql(statement: Executable, *names: str) -> str:
            return compiled(dialect, statement, *names)

        def rows(statement: Insert, *names: str) -> Rows:
            return row_statement(dialect, statement, *names)

        newest = select(func.max(t.run.c.run)).where(dialect.one_of(t.run.c.workflow_id, "ids"))
        last = newest.group_by(t.run.c.workflow_id)
        self.newest = sql(select(t.run.c.workflow_id, t.run.c.state).where(t.run.c.run.in_(last)), "ids")
        kin = select(t.child.c.run, t.child.c.parent_run, t.child.c.policy)
        self.children = sql(kin.where(dialect.one_of(t.child.c.parent_run, "runs")), "runs")
        its_run = t.queued_run.join(t.run, t.run.c.run == t.queued_run.c.run)
        standing = select(t.queued_run.c.run, t.queued_run.c.workflow_id, t.queued_run.c.ready, t.run.c.state)
        standing = standing.add_columns(t.queued_run.c.priority)
        queued = standing.select_from(its_run)
        self.keys = sql(queued.where(dialect.one_of(t.queued_run.c.run, "runs")), "runs")
        line = queued.where(dialect.one_of(t.queued_run.c.workflow_id, "ids"))
        self.queue = sql(line.order_by(t.queued_run.c.priority.desc(), t.queued_run.c.run), "ids")
        self.has_children = sql(limited(select(t.child.c.run)), "limit")
        self.has_queued = sql(limited(select(t.queued_run.c.run)), "limit")
        self.befriend = rows(insert(t.child), *_all(t.child))
        self.hand_over = sql(update(t.child).where(_bound(t.child.c.parent_run)), "parent_run", "key_parent_run")
        self.orphan = sql(delete(t.child).where(dialect.one_of(t.child.c.run, "runs")), "runs")
        self.queue_up = rows(insert(t.queued_run), *_all(t.queued_run))
        self.stand = sql(update(t.queued_run).where(_bound(t.queued_run.c.run)), "ready", "key_run")
        self.unqueue = sql(delete(t.queued_run).where(dialect.one_of(t.queued_run.c.run, "runs")), "runs")
        self.describe = rows(insert(t.attribute), *_all(t.attribute))
        self.undescribe = sql(
            delete(t.attribute).where(_bound(t.attribute.c.run, t.attribute.c.name)), "key_run", "key_name"
        )


class KinReadStatements:
    """What a reader asks about ids that runs hold beside their own, about search attributes, and about many runs."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""

        def sql(statement: Executable, *names: str) -> str:
            return compiled(dialect, statement, *names)

        both = t.queued_run.join(t.open_run, t.open_run.c.workflow_id == t.queued_run.c.workflow_id)
        beside = select(t.open_run.c.workflow_id, t.open_run.c.run).select_from(both)
        beside = beside.where(_bound(t.queued_run.c.host), t.open_run.c.run == t.queued_run.c.run)
        self.held_beside = sql(beside, "key_host")
        own = and_(t.run.c.run == t.open_run.c.run, t.run.c.workflow_id == t.open_run.c.workflow_id)
        held = select(t.open_run.c.workflow_id, t.open_run.c.run, t.run.c.state)
        held = held.select_from(t.open_run.join(t.run, own)).where(_bound(t.open_run.c.host))
        held = held.where(t.open_run.c.run > bindparam("after")).order_by(t.open_run.c.run)
        self.held = sql(limited(held), "key_host", "after", "limit")
        self.many = ManyStatements(dialect)
        holder = select(t.open_run.c.run).where(t.open_run.c.workflow_id == t.queued_run.c.workflow_id)
        wanted = select(t.queued_run.c.workflow_id, t.queued_run.c.ready, holder.scalar_subquery())
        mine = wanted.where(_bound(t.queued_run.c.run)).order_by(t.queued_run.c.workflow_id)
        self.wanted = sql(mine, "key_run")
        self.attributes = sql(
            select(t.attribute.c.name, t.attribute.c.kind, t.attribute.c.value)
            .where(_bound(t.attribute.c.run))
            .order_by(t.attribute.c.name, t.attribute.c.place),
            "key_run",
        )


class ReadStatements(KinReadStatements):
    """What a reader runs."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""
        super().__init__(dialect)

        def sql(statement: Executable, *names: str) -> str:
            return compiled(dialect, statement, *names)

        held = t.open_run.join(t.run, t.run.c.run == t.open_run.c.run)
        self.run_id, self.blob, self.info, self.sizes = _values(dialect)
        self.run = sql(select(t.run).where(_bound(t.run.c.run)), "key_run")
        self.run_by_id = sql(select(t.run).where(_bound(t.run.c.run_id)), "key_run_id")
        self.holder = sql(select(t.run).select_from(held).where(_bound(t.open_run.c.workflow_id)), "key_workflow_id")
        newest = select(t.run).where(_bound(t.run.c.workflow_id)).order_by(t.run.c.run.desc())
        self.newest = sql(limited(newest), "key_workflow_id", "limit")
        after_run = t.open_run.c.run > bindparam("after")
        own = t.open_run.c.workflow_id == t.run.c.workflow_id
        mine = select(t.run).select_from(held).where(_bound(t.open_run.c.host), own, after_run)
        self.open_runs = sql(limited(mine.order_by(t.open_run.c.run)), "key_host", "after", "limit")

        self.journal, self.journaled = _journals(dialect)
        self.naming = _naming(dialect)
        rows = select(*(t.inbox.c[name] for name in _INBOX)).where(
            _bound(t.inbox.c.run), t.inbox.c.id > bindparam("after")
        )
        self.inbox = sql(rows.order_by(t.inbox.c.id), "key_run", "after")
        filled = held.join(t.inbox, t.inbox.c.run == t.open_run.c.run)
        turned = t.run.c.state.not_in([literal_column(f"'{state}'") for state in sorted(STILL)])
        waiting = select(t.inbox.c.run).select_from(filled).where(_bound(t.open_run.c.host), turned).distinct()
        self.inbox_runs = sql(waiting.order_by(t.inbox.c.run), "key_host")
        timers = select(t.timer.c.ref, t.timer.c.due).where(_bound(t.timer.c.run)).order_by(t.timer.c.ref)
        self.timers = sql(timers, "key_run")
        call = tuple(t.call.c[name] for name in _CALL)
        self.calls = sql(select(*call).where(_bound(t.call.c.run)).order_by(t.call.c.ref), "key_run")
        past = (t.state_history.c.state, t.state_history.c.at, t.state_history.c.reason, t.state_history.c.by)
        history = select(*past).where(_bound(t.state_history.c.run)).order_by(t.state_history.c.id)
        self.history = sql(history, "key_run")
        self.changes, self.last_change = _changes(dialect)
        before = t.continuation.join(t.run, t.run.c.run == t.continuation.c.previous)
        after = t.continuation.join(t.run, t.run.c.run == t.continuation.c.run)
        preceding, following = select(t.run.c.run_id).select_from(before), select(t.run.c.run_id).select_from(after)
        self.predecessor = sql(preceding.where(_bound(t.continuation.c.run)), "key_run")
        self.successor = sql(following.where(_bound(t.continuation.c.previous)), "key_previous")
        self.first = sql(select(t.continuation.c.first).where(_bound(t.continuation.c.run)), "key_run")
        others = t.run.c.run.in_(select(t.continuation.c.run).where(_bound(t.continuation.c.first)))
        chain = select(t.run).where(or_(_bound(t.run.c.run), others), t.run.c.run > bindparam("after"))
        self.chain = sql(limited(chain.order_by(t.run.c.run)), "key_run", "key_first", "after", "limit")
        self.bundle = sql(select(t.source.c.bundle).where(_bound(t.source.c.hash)), "key_hash")

        self.due_timers = _due(dialect, t.timer, t.timer.c.run, t.timer.c.ref, t.timer.c.due)
        self.due_served = _due(dialect, t.timer, t.timer.c.run, t.timer.c.ref, t.timer.c.due, served=True)
        self.due_calls = _due(dialect, t.call, t.call.c.run, *call)
        self.next_timer = _next(dialect, t.timer)
        self.next_call = _next(dialect, t.call)

        self.document, self.documents, self.due_documents, self.next_document = _documents(dialect)

        self.counts = sql(select(t.run.c.host, t.run.c.state, func.count()).group_by(t.run.c.host, t.run.c.state))


def _journals(dialect: Database) -> tuple[str, str]:
    """Compile the reads of a journal: the events behind a position, and those of some kinds."""
    events = select(*(t.journal.c[name] for name in _EVENT)).where(_bound(t.journal.c.run)).order_by(t.journal.c.seq)
    following = limited(events.where(t.journal.c.seq > bindparam("after")))
    some = events.where(dialect.one_of(t.journal.c.kind, "kinds"))
    return compiled(dialect, following, "key_run", "after", "limit"), compiled(dialect, some, "key_run", "kinds")


def _naming(dialect: Database) -> str:
    """Compile the read of what open runs did with names; its literals are those of the index, or that is not used."""
    journals = t.open_run.join(t.run, t.run.c.run == t.open_run.c.run).join(t.journal, t.journal.c.run == t.run.c.run)
    columns = (t.run.c.workflow_id, t.run.c.run, *(t.journal.c[name] for name in _EVENT))
    own = t.open_run.c.workflow_id == t.run.c.workflow_id
    literals = [literal_column(f"'{kind}'", Text) for kind in TOLD_OF_NAMES]
    named = t.journal.alias()
    users = select(named.c.run).where(named.c.run == t.open_run.c.run, named.c.kind.in_(literals[: len(NAMING)]))
    told = (users.exists(), t.journal.c.kind.in_(literals))
    rows = select(*columns).select_from(journals).where(_bound(t.open_run.c.host), own, *told)
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
        self.journals = of_runs(t.journal, _EVENT, "seq")
        self.inboxes = of_runs(t.inbox, _INBOX, "id")
        self.timers = of_runs(t.timer, ("ref", "due"), "ref")
        self.calls = of_runs(t.call, _CALL, "ref")


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
    large = select(t.blob.c.value).where(_bound(t.blob.c.run, t.blob.c.digest))
    run_id = select(t.run.c.run_id).where(_bound(t.run.c.run))
    info = compiled(dialect, select(t.store_info))
    columns = (t.journal.c.payload, t.blob.c.value)
    sums = [select(func.sum(func.length(column))).where(_bound(column.table.c.run)) for column in columns]
    sizes = [compiled(dialect, each, "key_run") for each in sums]
    return compiled(dialect, run_id, "key_run"), compiled(dialect, large, "key_run", "key_digest"), info, sizes


def _sources(dialect: Database) -> tuple[str, str, str]:
    """Compile what pins a run to another source, the list of those that no run refers to, and the deletion of some."""
    repin = compiled(dialect, update(t.run).where(_bound(t.run.c.run)), "bundle_hash", "key_run")
    kept = select(t.run.c.bundle_hash)
    unused = select(t.source.c.hash, func.length(t.source.c.bundle)).where(t.source.c.hash.not_in(kept))
    forget = delete(t.source).where(dialect.one_of(t.source.c.hash, "hashes"))
    return repin, compiled(dialect, unused.order_by(t.source.c.hash)), compiled(dialect, forget, "hashes")


def _documents(dialect: Database) -> tuple[str, str, str, str]:
    """Compile the reads of documents: one, those of a kind and prefix, what is due, and when the next one is."""
    doc = t.document.c
    one = compiled(dialect, select(t.document).where(_bound(doc.kind, doc.key)), "key_kind", "key_key")
    some = select(t.document).where(_bound(doc.kind), begins(doc.key), doc.key > bindparam("after")).order_by(doc.key)
    listed = compiled(dialect, limited(some), "key_kind", "length", "prefix", "after", "limit")
    waits = and_(_bound(doc.kind), doc.due > literal_column("0"))
    due = select(t.document).where(waits, doc.due <= bindparam("until")).order_by(doc.due, doc.key)
    dues = compiled(dialect, limited(due), "key_kind", "until", "limit")
    following = compiled(dialect, select(func.min(doc.due)).where(waits), "key_kind")
    return one, listed, dues, following


def _active(table: Table) -> Any:
    """Return the rows of a host's runs that are not paused, earliest first."""
    both = table.join(t.run, t.run.c.run == table.c.run)
    return both, and_(_bound(table.c.host), t.run.c.state != bindparam("paused"))


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
