"""The statements of a move, beside those of commits and reads."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Executable, Table, and_, bindparam, delete, func, insert, literal_column, select, update

from actorflow.store import tables as t
from actorflow.store.database import Database
from actorflow.store.statement import compiled, row_statement

NOBODY: Final = ""
"""The host of its other rows meanwhile: nobody asks for what is due or open of it."""
_HOSTED: Final = (t.timer, t.call, t.queued_run)
_ZERO: Final[Any] = literal_column("0")


class MoveStatements:
    """What a move asks and writes; `runs` and `ids` are lists, as `Database.pack` makes them."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""

        def sql(statement: Executable, *names: str) -> str:
            return compiled(dialect, statement, *names)

        def of_runs(table: Table) -> Any:
            return dialect.one_of(table.c.run, "runs")

        run, queued, held = t.run.c, t.queued_run.c, t.open_run.c
        self.parents = sql(select(run.run, run.parent_run).where(run.parent_run != _ZERO))
        self.successions = sql(select(t.continuation.c.run, t.continuation.c.previous))
        self.lines = sql(select(queued.run, queued.workflow_id))
        self.holders = sql(select(held.run, held.workflow_id).where(dialect.one_of(held.workflow_id, "ids")), "ids")
        self.last_run = sql(select(func.max(run.run)))

        younger = and_(run.run > bindparam("last"), dialect.one_of(run.parent_run, "runs"))
        self.new_children = sql(select(run.run).where(younger), "last", "runs")
        self.following = sql(
            select(t.continuation.c.run).where(dialect.one_of(t.continuation.c.previous, "runs")), "runs"
        )
        self.keys = sql(select(queued.workflow_id).where(of_runs(t.queued_run)), "runs")
        self.waiting = sql(select(queued.run).where(dialect.one_of(queued.workflow_id, "ids")), "ids")
        self.rows = sql(select(run.run, run.run_id, run.workflow_id, run.host, run.lease).where(of_runs(t.run)), "runs")

        mine = and_(dialect.one_of(held.workflow_id, "ids"), of_runs(t.open_run))
        self.part_ids = sql(update(t.open_run).where(mine).values(host=bindparam("to")), "to", "ids", "runs")
        self.part = [
            sql(update(table).where(of_runs(table)).values(host=bindparam("to")), "to", "runs") for table in _HOSTED
        ]
        moved = {"revision": run.revision + literal_column("1"), "lease": bindparam("token")}
        self.fence = sql(update(t.run).where(of_runs(t.run)).values(moved), "token", "runs")
        woken = {"state": bindparam("state"), "revision": run.revision + literal_column("1")}
        self.wake = sql(update(t.run).where(run.run == bindparam("key_run")).values(woken), "state", "key_run")
        self.release = [sql(_back(table).where(of_runs(table)), "runs") for table in _HOSTED]
        self.release_ids = sql(_back(t.open_run).where(mine), "ids", "runs")
        self.free_ids = sql(delete(t.open_run).where(mine), "ids", "runs")

        self.past = sql(
            select(*(t.state_history.c[name] for name in ("id", "run", "state", "at", "reason", "by")))
            .where(of_runs(t.state_history))
            .order_by(t.state_history.c.id),
            "runs",
        )
        self.attributes = sql(select(t.attribute).where(of_runs(t.attribute)), "runs")
        self.children = sql(select(t.child).where(of_runs(t.child)), "runs")
        self.queued = sql(select(t.queued_run).where(of_runs(t.queued_run)), "runs")
        self.held = sql(select(held.workflow_id, held.run).where(mine), "ids", "runs")
        self.continued = sql(select(t.continuation).where(of_runs(t.continuation)), "runs")
        self.left = sql(select(t.inbox.c.run, t.inbox.c.id).where(of_runs(t.inbox)), "runs")
        self.first_change = sql(select(func.min(t.state_history.c.id)))
        self.remember = row_statement(dialect, insert(t.state_history), "id", "run", "state", "at", "reason", "by")


def _back(table: Table) -> Any:
    """Return what gives rows the host of their run again."""
    host = select(t.run.c.host).where(t.run.c.run == table.c.run).scalar_subquery()
    return update(table).values(host=host)
