"""Ownership in an SQL database (`owning.Ownership`, `owning.Pulse`)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Executable, bindparam, delete, insert, literal_column, select, update

from actorflow.errors import Error
from actorflow.run.shard import SHARDS, UNITS
from actorflow.store import tables as t
from actorflow.store.database import Database
from actorflow.store.owning import DIED, NodeRow, Owner, Seen
from actorflow.store.statement import compiled, row_statement

T = TypeVar("T")

_NODE = t.cluster_node.c
_SHARD = t.host_shard.c


def in_shards(dialect: Database, run: ColumnElement[Any], name: str = "shards") -> ColumnElement[bool]:
    """Return whether a run is in one of the shards of a parameter."""
    return dialect.one_of(run.bitwise_and(literal_column(str(SHARDS - 1), run.type)), name)


class OwningStatements:
    """What changes ownership; see `statement.compiled` for the parameters."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""

        def sql(statement: Executable, *names: str) -> str:
            return compiled(dialect, statement, *names)

        named = _NODE.node == bindparam("key_node")
        self.enter = sql(dialect.insert_new(t.cluster_node), "node", "counter", "about")
        self.tell = sql(update(t.cluster_node).where(named), "about", "key_node")
        self.leave = sql(delete(t.cluster_node).where(named), "key_node")
        still = _NODE.counter == bindparam("key_counter")
        self.bury = sql(delete(t.cluster_node).where(named, still), "key_node", "key_counter")
        self.is_there = sql(select(_NODE.node).where(named), "key_node")
        mine = _SHARD.node == bindparam("key_node")
        self.let_go = sql(update(t.host_shard).where(mine), "node", "key_node")

        at_host = _SHARD.host == bindparam("key_host")
        of_host = select(_SHARD.shard, _SHARD.token, _SHARD.node).where(at_host).order_by(_SHARD.shard)
        self.of_host = sql(of_host, "key_host")
        self.last = sql(select(t.host_lease.c.lease).where(t.host_lease.c.host == bindparam("key_host")), "key_host")
        self.make = row_statement(dialect, insert(t.host_shard), "host", "shard", "token", "node")
        some = dialect.one_of(_SHARD.shard, "shards")
        self.take = sql(update(t.host_shard).where(at_host, some), "token", "node", "key_host", "shards")
        self.give = sql(update(t.host_shard).where(at_host, mine, some), "node", "key_host", "key_node", "shards")
        self.take_all = sql(update(t.host_shard).where(at_host), "token", "node", "key_host")
        opened = select(t.open_run.c.run).where(t.open_run.c.host == bindparam("key_host"))
        theirs = opened.where(in_shards(dialect, t.open_run.c.run))
        self.fence = sql(update(t.run).where(t.run.c.run.in_(theirs)), "lease", "key_host", "shards")


class BeatStatements:
    """What a node asks every second."""

    def __init__(self, dialect: Database) -> None:
        """Compile all."""
        up = update(t.cluster_node).values(counter=_NODE.counter + literal_column("1"))
        self.beat = compiled(dialect, up.where(_NODE.node == bindparam("key_node")), "key_node")
        self.nodes = compiled(dialect, select(t.cluster_node).order_by(_NODE.node))
        self.owners = compiled(dialect, select(t.host_shard).order_by(_SHARD.host, _SHARD.shard))


class SqlOwnership:
    """Changes of ownership, each a transaction of the writing connection."""

    def __init__(
        self,
        dialect: Database,
        transaction: Callable[[Callable[[Any], Any]], Any],
        taken: Callable[[str, int], None],
    ) -> None:
        """Run in transactions of a store; `taken(host, token)` is told of each token once it is committed."""
        self._dialect = dialect
        self._transaction = transaction
        self._taken = taken
        self._sql = OwningStatements(dialect)

    def enter(self, node: str, about: str) -> None:
        """Add a node, or let it say something else of itself (`owning.Ownership.enter`)."""

        def work(cursor: Any) -> None:
            cursor.execute(self._sql.enter, (node, 1, about))
            cursor.execute(self._sql.tell, (about, node))

        self._transaction(work)

    def leave(self, node: str, counter: int | None = None) -> bool:
        """Remove a node and set free what it owns (`owning.Ownership.leave`)."""

        def work(cursor: Any) -> bool:
            if counter is None:
                cursor.execute(self._sql.leave, (node,))
            else:
                cursor.execute(self._sql.bury, (node, counter))
            gone = bool(cursor.rowcount)
            if gone:
                cursor.execute(self._sql.let_go, ("" if counter is None else DIED, node))
                self._dialect.tell(cursor, [])
            return gone

        left: bool = self._transaction(work)
        return left

    def take(self, host: str, node: str, most: int) -> dict[int, int] | None:
        """Give a node free shards of a host (`owning.Ownership.take`)."""
        found: dict[int, int] | None = self._transaction(lambda cursor: self._take(cursor, host, node, most))
        for token in set((found or {}).values()):
            self._taken(host, token)  # once it is certain: who takes them instead may get the very same
        return found

    def _take(self, cursor: Any, host: str, node: str, most: int) -> dict[int, int] | None:
        if cursor.execute(self._sql.is_there, (node,)).fetchone() is None:
            return None
        rows = cursor.execute(self._sql.of_host, (host,)).fetchall()
        last = cursor.execute(self._sql.last, (host,)).fetchone()
        there = {shard for shard, _, _ in rows}
        missing = [unit for unit in range(UNITS) if unit not in there]
        self._sql.make.run(cursor, [(host, unit, 0, "") for unit in missing])
        free = [*(shard for shard, _, owner in rows if owner in {"", DIED}), *missing][: max(most, 0)]
        if not free:
            return {}
        token = 1 + max([last[0] if last else 0, *(token for _, token, _ in rows)])
        cursor.execute(self._sql.take, (token, node, host, self._dialect.pack(free)))
        cursor.execute(self._sql.fence, (token, host, self._dialect.pack(free)))
        return dict.fromkeys(free, token)

    def give_up(self, host: str, node: str, shards: Collection[int]) -> None:
        """Set shards of a host free (`owning.Ownership.give_up`)."""

        def work(cursor: Any) -> None:
            cursor.execute(self._sql.give, ("", host, node, self._dialect.pack(sorted(shards))))
            self._dialect.tell(cursor, [])

        self._transaction(work)

    def fence_all(self, cursor: Any, host: str, token: int) -> None:
        """Take a host that nodes share from all of them, in the open transaction: somebody claims it whole."""
        cursor.execute(self._sql.take_all, (token, "", host))


class SqlPulse:
    """Raises a counter on a connection of its own, opened by the first beat."""

    def __init__(self, dialect: Database) -> None:
        """Name the database."""
        self._dialect = dialect
        self._sql = BeatStatements(dialect)
        self._connection: Any = None

    def beat(self, node: str) -> Seen | None:
        """Raise the counter of a node and look around (`owning.Pulse.beat`)."""
        return self._asked(lambda cursor: self._beat(cursor, node))

    def time(self) -> int:
        """Return the time of the database (`owning.Pulse.time`)."""
        now: int = self._asked(lambda cursor: cursor.execute(self._dialect.clock, ()).fetchone()[0])
        return now

    def _asked(self, ask: Callable[[Any], T]) -> T:
        try:
            if self._connection is None:
                self._connection = self._dialect.connect()
            return ask(self._connection.cursor())
        except Error:
            self.close()
            raise
        except Exception as error:
            self.close()
            if (meaning := self._dialect.explain(error)) is not None:
                raise meaning from error
            raise

    def _beat(self, cursor: Any, node: str) -> Seen | None:
        try:
            cursor.execute(self._sql.beat, (node,))
            if not cursor.rowcount:
                return None
            nodes = [NodeRow(*row) for row in cursor.execute(self._sql.nodes, ()).fetchall()]
            owners = [Owner(*row) for row in cursor.execute(self._sql.owners, ()).fetchall()]
            (now,) = cursor.execute(self._dialect.clock, ()).fetchone()
        finally:
            cursor.close()
        return Seen(nodes, owners, now)

    def close(self) -> None:
        """Let go of the connection. May be called twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
