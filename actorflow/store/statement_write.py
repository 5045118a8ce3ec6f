"""The statements of a commit; see `actorflow.store.statement.compiled` for their parameters."""

from __future__ import annotations

from sqlalchemy import (
    Executable,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.sql.dml import Insert

from actorflow.store import tables as t
from actorflow.store.database import Database, Rows
from actorflow.store.departed import MOVED_OPEN
from actorflow.store.statement import EVENT, INBOX, all_of, bound, compiled, limited, row_statement

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
        self.leases, self.tokens = _tokens(dialect)
        self.hashes = sql(select(t.source.c.hash).where(dialect.one_of(t.source.c.hash, "hashes")), "hashes")

        def rows(statement: Insert, *names: str) -> Rows:
            return row_statement(dialect, statement, *names)

        self.start = rows(insert(t.run), *all_of(t.run))
        changed = ("state", "revision", "updated", "last_seq", "last_checksum", "reason", "result", "waits")
        self.change = dialect.update_rows(t.run, changed, "run")
        self.open = rows(insert(t.open_run), *all_of(t.open_run))
        self.close = sql(delete(t.open_run).where(dialect.one_of(t.open_run.c.workflow_id, "ids")), "ids")
        self.append = rows(insert(t.journal), "run", *EVENT)
        self.note = rows(insert(t.state_history), "run", "state", "at", "reason", "by")
        self.keep = rows(dialect.insert_new(t.source), *all_of(t.source))
        self.put, self.earlier = rows(insert(t.inbox), *all_of(t.inbox)), _earlier(dialect)
        self.consume = sql(delete(t.inbox).where(bound(t.inbox.c.run, t.inbox.c.id)), "key_run", "key_id")
        self.arm = rows(dialect.upsert(t.timer), *all_of(t.timer))
        self.disarm = sql(delete(t.timer).where(bound(t.timer.c.run, t.timer.c.ref)), "key_run", "key_ref")
        self.disarm_all = sql(delete(t.timer).where(dialect.one_of(t.timer.c.run, "runs")), "runs")
        self.wait = rows(dialect.upsert(t.call), *all_of(t.call))
        self.unwait = sql(delete(t.call).where(bound(t.call.c.run, t.call.c.ref)), "key_run", "key_ref")
        self.unwait_all = sql(delete(t.call).where(dialect.one_of(t.call.c.run, "runs")), "runs")

        self.chains = sql(
            select(t.continuation.c.run, t.continuation.c.first).where(dialect.one_of(t.continuation.c.run, "runs")),
            "runs",
        )
        self.repin, self.unused, self.forget = _sources(dialect)
        self.continued = sql(insert(t.continuation), *all_of(t.continuation))
        left = select(*(t.inbox.c[name] for name in INBOX)).where(bound(t.inbox.c.run)).order_by(t.inbox.c.id)
        self.left, self.departed = sql(left, "key_run"), _departed(dialect)
        self.go_over = sql(update(t.inbox).where(bound(t.inbox.c.id)), "run", "ref", "digest", "key_id")
        self.go_under = sql(delete(t.inbox).where(bound(t.inbox.c.run)), "key_run")
        named = bound(t.document.c.kind, t.document.c.key)
        self.revision = sql(select(t.document.c.revision).where(named), "key_kind", "key_key")
        self.put_document = rows(dialect.upsert(t.document), *all_of(t.document))
        self.drop_document = sql(delete(t.document).where(named), "key_kind", "key_key")

        self.scrub = sql(update(t.journal).where(dialect.one_of(t.journal.c.run, "runs")), "payload", "runs")
        event = bound(t.journal.c.run, t.journal.c.seq)
        self.scrub_drawn = sql(update(t.journal).where(event), "drawn", "key_run", "key_seq")
        past = dialect.one_of(t.state_history.c.run, "runs")
        self.scrub_history = sql(update(t.state_history).where(past), "reason", "runs")
        self.purge = [
            sql(delete(table).where(dialect.one_of(table.c.run, "runs")), "runs")
            for table in (t.run, t.journal, t.state_history, t.continuation, t.child, t.queued_run, *_OF_DATA)
        ]
        self.scrub_rows = self.purge[-len(_OF_DATA) :]

        self.tell = sql(dialect.upsert(t.store_info), *all_of(t.store_info))
        self.keep_blob = rows(dialect.insert_new(t.blob), "run", "digest", "value")

        mine = select(t.open_run.c.run).where(bound(t.open_run.c.host))
        self.refence = sql(update(t.run).where(bound(t.run.c.run)), "lease", "key_run")
        self.fence = sql(update(t.run).where(t.run.c.run.in_(mine)), "lease", "key_host")
        self.claim = sql(dialect.upsert(t.host_lease), *all_of(t.host_lease))


def _earlier(dialect: Database) -> str:
    """Return the text of: of each of these runs, the newest inbox row before this one."""
    before = dialect.one_of(t.inbox.c.run, "runs"), t.inbox.c.id < bindparam("first")
    newest = select(t.inbox.c.run, func.max(t.inbox.c.id)).where(*before).group_by(t.inbox.c.run)
    return compiled(dialect, newest, "runs", "first")


def _tokens(dialect: Database) -> tuple[str, str]:
    """Compile the reads of the tokens of hosts, and of those of their shards."""
    leases = select(t.host_lease).where(dialect.one_of(t.host_lease.c.host, "hosts"))
    shards = select(t.host_shard.c.host, t.host_shard.c.shard, t.host_shard.c.token)
    tokens = shards.where(dialect.one_of(t.host_shard.c.host, "hosts"))
    return compiled(dialect, leases, "hosts"), compiled(dialect, tokens, "hosts")


def _departed(dialect: Database) -> list[str]:
    """Compile the reads of ids that are not to be started here: those of a list, and whether there is any."""
    gone = select(t.document.c.key).where(t.document.c.kind == literal_column(f"'{MOVED_OPEN}'"))
    some = compiled(dialect, gone.where(dialect.one_of(t.document.c.key, "ids")), "ids")
    return [some, compiled(dialect, limited(gone), "limit")]


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
        self.befriend = rows(insert(t.child), *all_of(t.child))
        self.hand_over = sql(update(t.child).where(bound(t.child.c.parent_run)), "parent_run", "key_parent_run")
        self.orphan = sql(delete(t.child).where(dialect.one_of(t.child.c.run, "runs")), "runs")
        self.queue_up = rows(insert(t.queued_run), *all_of(t.queued_run))
        self.stand = sql(update(t.queued_run).where(bound(t.queued_run.c.run)), "ready", "key_run")
        self.unqueue = sql(delete(t.queued_run).where(dialect.one_of(t.queued_run.c.run, "runs")), "runs")
        self.describe = rows(insert(t.attribute), *all_of(t.attribute))
        self.undescribe = sql(
            delete(t.attribute).where(bound(t.attribute.c.run, t.attribute.c.name)), "key_run", "key_name"
        )


def _sources(dialect: Database) -> tuple[str, str, str]:
    """Compile what pins a run to another source, the list of those that no run refers to, and the deletion of some."""
    repin = compiled(dialect, update(t.run).where(bound(t.run.c.run)), "bundle_hash", "key_run")
    kept = select(t.run.c.bundle_hash)
    unused = select(t.source.c.hash, func.length(t.source.c.bundle)).where(t.source.c.hash.not_in(kept))
    forget = delete(t.source).where(dialect.one_of(t.source.c.hash, "hashes"))
    return repin, compiled(dialect, unused.order_by(t.source.c.hash)), compiled(dialect, forget, "hashes")
