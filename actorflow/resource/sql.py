"""SQL for scripts: the operations `sql.*`.

A statement by itself names its database by id, so a script keeps nothing here. A transaction is kept for the process or
function that began it, under a number, and is rolled back when that ends.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from actorflow.errors import PERMISSION_DENIED, Error, invalid
from actorflow.module.octets import described
from actorflow.node.node import Node
from actorflow.node.operation import Caller
from actorflow.resource.access import find
from actorflow.resource.sql_value import parameters
from actorflow.value import Value

if TYPE_CHECKING:  # they bring SQLAlchemy: imported where a script first asks for a database, which has imported them
    from actorflow.resource.database import Database
    from actorflow.resource.sql_run import Executed, Rows
    from actorflow.resource.transaction import Transaction

_KINDS: Final = "db.sql.*"
_SAVEPOINTS: Final = {"savepoint": "SAVEPOINT", "rollback_to": "ROLLBACK TO", "release": "RELEASE"}
_BEGIN_OPTIONS: Final = frozenset({"isolation", "read_only"})
_MOST: Final = 100
"""Transactions that one process may have open."""


class _Runs(Protocol):
    """What runs statements: a database, or a transaction."""

    async def query(self, text: str, values: Any = ()) -> Rows: ...

    async def execute(self, text: str, values: Any = ()) -> Executed: ...

    async def check(self, text: str) -> int: ...


class _Held(NamedTuple):
    """An open transaction, who began it, and what takes the wish back to roll it back at the end."""

    transaction: Transaction
    caller: Caller
    keep: Any


class Sql:
    """The operations, on the databases that run on a node.

    `place` is the id of a database, or a list of that and the number of a transaction.
    """

    def __init__(self, node: Node) -> None:
        """Serve the scripts of `node`."""
        self._node = node
        self._held: dict[int, _Held] = {}
        self._numbers = itertools.count(1)

    def open(self, _caller: Caller, database: Value = None) -> Value:
        """`sql.open` id → `sqlite`, `postgres` or `mysql`.

        Raises:
            Error: NotFound when there is no such entry, Invalid when it is no database, Unavailable when it does not
                run.
        """
        return self._find(database, "sql.get").backend.type

    async def query(self, caller: Caller, place: Value = None, text: Value = None, values: Value = None) -> Value:
        """`sql.query` place, text, values → rows as maps from column to value."""
        return await self._place(caller, place, "query").query(_text(text, "query"), parameters(values))

    async def execute(self, caller: Caller, place: Value = None, text: Value = None, values: Value = None) -> Value:
        """`sql.execute` place, text, values → last_insert_id and rows_affected."""
        return await self._place(caller, place, "execute").execute(_text(text, "execute"), parameters(values))

    async def prepare(self, caller: Caller, place: Value = None, text: Value = None) -> Value:
        """`sql.prepare` place, text → how many values it takes, after the database has looked at it."""
        return await self._place(caller, place, "prepare").check(_text(text, "prepare"))

    def stats(self, _caller: Caller, database: Value = None) -> Value:
        """`sql.stats` id → figures of the pool of connections."""
        return self._find(database, "stats").stats()

    async def begin(self, caller: Caller, database: Value = None, options: Value = None) -> int:
        """`sql.begin` id, options → the number of a new transaction; options are `isolation` and `read_only`."""
        from actorflow.resource.transaction import Transaction  # noqa: PLC0415 - brings SQLAlchemy

        found = self._find(database, "begin")
        given = _begin_options(options)
        if sum(held.caller is caller for held in self._held.values()) >= _MOST:
            raise invalid(f"begin: {_MOST} transactions are open already; commit some, or roll them back")
        number = next(self._numbers)
        transaction = Transaction(found, lambda: self._abandon(number))
        await transaction.begin(given["isolation"], read_only=given["read_only"])
        keep = caller.release(lambda: self._abandon(number))
        self._held[number] = _Held(transaction, caller, keep)
        return number

    async def commit(self, caller: Caller, place: Value = None) -> bool:
        """`sql.commit` place → True."""
        await self._over(caller, place).commit()
        return True

    async def rollback(self, caller: Caller, place: Value = None) -> bool:
        """`sql.rollback` place → True."""
        await self._over(caller, place).roll_back()
        return True

    async def savepoint(self, caller: Caller, place: Value = None, verb: Value = None, name: Value = None) -> bool:
        """`sql.savepoint` place, verb, name → True; verbs are `savepoint`, `rollback_to` and `release`."""
        if not isinstance(name, str):
            raise invalid(f"{verb}: got {described(name)}, expected the name of a savepoint")
        await self._transaction(caller, place).savepoint(_SAVEPOINTS[verb], name)
        return True

    # ---- who is meant ------------------------------------------------------------------------------------------

    def _find(self, database: Value, what: str) -> Database:
        from actorflow.resource.database import Database  # noqa: PLC0415 - brings SQLAlchemy

        return find(self._node, database, what, _KINDS, Database)

    def _place(self, caller: Caller, place: Value, what: str) -> _Runs:
        return self._transaction(caller, place) if isinstance(place, list) else self._find(place, what)

    def _transaction(self, caller: Caller, place: Value) -> Transaction:
        held = self._held.get(_number(place))
        if held is None:
            raise invalid("the transaction is not active: it was committed or rolled back; begin a new one")
        if held.caller is not caller:
            raise Error("the transaction belongs to another process", PERMISSION_DENIED, retryable=False)
        return held.transaction

    def _over(self, caller: Caller, place: Value) -> Transaction:
        """Return a transaction that is about to end, and forget it."""
        transaction = self._transaction(caller, place)
        self._held.pop(_number(place)).keep()
        return transaction

    def _abandon(self, number: int) -> None:
        """Roll a transaction back, in the background: its process has ended, or its database stops."""
        held = self._held.pop(number, None)
        if held is not None:
            held.keep()
            self._node.nursery.start_soon(held.transaction.close)


def _number(place: Value) -> int:
    return place[1] if isinstance(place, list) and len(place) > 1 and type(place[1]) is int else 0


def _text(text: Value, what: str) -> str:
    if isinstance(text, str) and text:
        return text
    got = "an empty statement" if text == "" else described(text)
    raise invalid(f"{what}: got {got}, expected SQL text")


def _begin_options(options: Value) -> dict[str, Any]:
    from actorflow.resource.transaction import ISOLATIONS  # noqa: PLC0415 - brings SQLAlchemy

    given = {} if options is None or options == [] else options
    if not isinstance(given, dict) or not _BEGIN_OPTIONS.issuperset(given):
        raise invalid("begin: expected options isolation and read_only, as a map")
    isolation, read_only = given.get("isolation", "default"), given.get("read_only", False)
    if not isinstance(isolation, str) or isolation not in ISOLATIONS:
        raise invalid(f"begin: isolation: got {isolation!r:.60}, expected one of {', '.join(ISOLATIONS)}")
    if not isinstance(read_only, bool):
        raise invalid(f"begin: read_only: got {read_only!r:.60}, expected true or false")
    return {"isolation": isolation, "read_only": read_only}


def install(node: Node) -> None:
    """Add the operations."""
    sql = Sql(node)
    for name in ("open", "query", "execute", "prepare", "stats", "begin", "commit", "rollback", "savepoint"):
        node.operations.add(f"sql.{name}", getattr(sql, name))
