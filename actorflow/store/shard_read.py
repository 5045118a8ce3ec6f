"""Reading the runs of some shards of a host: what a node asks that shares the host with others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, Table, Text, and_, bindparam, exists, literal_column, or_, select

from actorflow.run.event import NAMING, TOLD_OF_NAMES, JournalEvent
from actorflow.run.state import PAUSED, STILL
from actorflow.run.turn import RELEASE, CallRow
from actorflow.store import tables as t
from actorflow.store.owning_sql import in_shards
from actorflow.store.statement import compiled, limited

if TYPE_CHECKING:
    from actorflow.store.database import Database

_CALL = ("ref", "attempt", "due", "failure", "begun", "details", "crashes")
_EVENT = ("seq", "kind", "ref", "target", "payload", "drawn", "at", "digest", "checksum")


class ShardStatements:
    """What a reader asks of some shards; see `statement.compiled` for the parameters."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""
        opened = t.open_run.join(t.run, t.run.c.run == t.open_run.c.run)
        own = t.run.c.workflow_id == t.open_run.c.workflow_id
        mine = and_(_at_host(t.open_run), in_shards(dialect, t.open_run.c.run))

        held = select(t.open_run.c.workflow_id, t.open_run.c.run, t.run.c.state).select_from(opened)
        paged = held.where(mine, own, t.open_run.c.run > bindparam("after")).order_by(t.open_run.c.run)
        self.held = compiled(dialect, limited(paged), "key_host", "shards", "after", "limit")

        both = t.queued_run.join(t.open_run, t.open_run.c.workflow_id == t.queued_run.c.workflow_id)
        beside = select(t.open_run.c.workflow_id, t.open_run.c.run).select_from(both)
        same = t.open_run.c.run == t.queued_run.c.run
        self.held_beside = compiled(dialect, beside.where(mine, same), "key_host", "shards")

        turned = t.run.c.state.not_in([literal_column(f"'{state}'") for state in sorted(STILL)])
        filled = t.open_run.c.run.in_(select(t.inbox.c.run))  # so read: by a join all open runs are looked at
        waiting = select(t.open_run.c.run).select_from(opened).where(mine, filled, turned).distinct()
        self.inbox_runs = compiled(dialect, waiting.order_by(t.open_run.c.run), "key_host", "shards")

        self.naming = compiled(dialect, _naming(mine, own), "key_host", "shards")
        self.due_timers = _due(dialect, t.timer, t.timer.c.run, t.timer.c.ref, t.timer.c.due)
        self.due_served = _due(dialect, t.timer, t.timer.c.run, t.timer.c.ref, t.timer.c.due, served=True)
        self.due_calls = _due(dialect, t.call, t.call.c.run, *(t.call.c[name] for name in _CALL))


def _at_host(table: Table) -> ColumnElement[bool]:
    found: ColumnElement[bool] = table.c.host == bindparam("key_host")
    return found


def _naming(mine: ColumnElement[bool], own: ColumnElement[bool]) -> Select[Any]:
    """Return the read of what open runs did with names; its literals are those of the index, or that is not used."""
    journals = t.open_run.join(t.run, t.run.c.run == t.open_run.c.run).join(t.journal, t.journal.c.run == t.run.c.run)
    literals = [literal_column(f"'{kind}'", Text) for kind in TOLD_OF_NAMES]
    named = t.journal.alias()
    users = exists(
        select(named.c.run).where(named.c.run == t.open_run.c.run, named.c.kind.in_(literals[: len(NAMING)]))
    )
    columns = (t.run.c.workflow_id, t.run.c.run, *(t.journal.c[name] for name in _EVENT))
    rows = select(*columns).select_from(journals).where(mine, own, users, t.journal.c.kind.in_(literals))
    return rows.order_by(t.open_run.c.run, t.journal.c.seq)


def _due(dialect: Database, table: Table, *columns: ColumnElement[Any], served: bool = False) -> str:
    """Compile the read of what is due; with `served`, but for what lets runs of other queues than these begin."""
    both = table.join(t.run, t.run.c.run == table.c.run)
    active = t.run.c.state != bindparam("paused")
    rows = select(*columns).select_from(both).where(_at_host(table), active, table.c.due <= bindparam("until"))
    rows = rows.where(in_shards(dialect, table.c.run)).order_by(table.c.due, table.c.run, table.c.ref)
    names = ("key_host", "paused", "until", "shards")
    if not served:
        return compiled(dialect, limited(rows), *names, "limit")
    standing = select(t.queued_run.c.run).where(t.queued_run.c.ready != literal_column("0"))
    queues = or_(dialect.one_of(t.run.c.queue, "queues"), table.c.run.in_(standing))
    some = rows.where(or_(table.c.ref != literal_column(str(RELEASE)), queues))
    return compiled(dialect, limited(some), *names, "queues", "limit")


class SqlShardReader:
    """Reads of some shards on the connection of a reader (`port.HostReader`)."""

    def __init__(
        self,
        reads: ShardStatements,
        pack: Callable[[Sequence[Any]], Any],
        shards: Collection[int],
        rows: Callable[..., list[Any]],
        opened: tuple[Callable[[int, Sequence[Any]], CallRow], Callable[[int, JournalEvent], JournalEvent]],
    ) -> None:
        """Read these shards; `rows` runs a statement, and `opened` opens the values of calls and events."""
        self._reads = reads
        self._pack = pack
        self._shards = pack(sorted(shards))
        self._rows = rows
        self._call, self._event = opened

    def held(self, host: str, after: int = 0, limit: int = 1000) -> list[tuple[str, int, str]]:
        """Return (workflow id, run, state) of open runs."""
        return self._rows(self._reads.held, host, self._shards, after, limit)

    def held_beside(self, host: str) -> list[tuple[str, int]]:
        """Return (workflow id, run) of ids that open runs hold beside their own."""
        return self._rows(self._reads.held_beside, host, self._shards)

    def due_timers(
        self, host: str, until: int, limit: int = 1000, queues: Collection[str] | None = None
    ) -> list[tuple[int, int, int]]:
        """Return (run, ref, due) of due timers."""
        if queues is None:
            return self._rows(self._reads.due_timers, host, PAUSED, until, self._shards, limit)
        served = self._pack(sorted(queues))
        return self._rows(self._reads.due_served, host, PAUSED, until, self._shards, served, limit)

    def due_calls(self, host: str, until: int, limit: int = 1000) -> list[tuple[int, CallRow]]:
        """Return (run, call) of due calls."""
        rows = self._rows(self._reads.due_calls, host, PAUSED, until, self._shards, limit)
        return [(run, self._call(run, values)) for run, *values in rows]

    def inbox_runs(self, host: str) -> list[int]:
        """Return the open runs that have deliveries."""
        return [run for (run,) in self._rows(self._reads.inbox_runs, host, self._shards)]

    def naming(self, host: str) -> list[tuple[str, JournalEvent]]:
        """Return what open runs did with names."""
        rows = self._rows(self._reads.naming, host, self._shards)
        return [(name, self._event(run, JournalEvent(*values))) for name, run, *values in rows]
