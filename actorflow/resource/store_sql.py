"""`store.sql`: key-value pairs in a table of a database that is there already.

An expiry is written as UTC time, or as Unix seconds, rounded up where the column holds integers. The version of an
entry is a digest of its value.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from typing import Any, Final, TypeVar

import trio
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError, NoSuchTableError
from sqlalchemy.types import TypeEngine

from actorflow.duration import SECOND
from actorflow.errors import ALREADY_EXISTS, NOT_FOUND, Error, invalid, not_found
from actorflow.node.node import Node
from actorflow.notice import Notice
from actorflow.registry.kinds.store_sql import StoreSql
from actorflow.resource.database import Database
from actorflow.resource.key_values import ALWAYS, Condition, Entry, missing
from actorflow.resource.store_text import from_text, to_text
from actorflow.value import Value, copy_value

T = TypeVar("T")
_VERSION_BYTES: Final = 12


class SqlKeyValues:
    """A store in a table (`key_values.KeyValues`)."""

    def __init__(self, id: str, config: StoreSql, node: Node) -> None:  # noqa: A002 - the signature of every factory
        """Make a store that does not run."""
        self._id = id
        self._config = config
        self._node = node
        self._table: _Table | None = None
        self._cleaning = trio.CancelScope()

    async def start(self) -> None:
        """Look at the table, and begin to delete what expires, in the background.

        A table that is not there yet may be made later: until then every use is refused as NotFound.

        Raises:
            Error: kind Invalid, when the columns of the table do not fit.
        """
        try:
            await self._found()
        except Error as error:
            if error.kind != NOT_FOUND:
                raise
            self._node.notices(Notice("store-table-missing", error.message, self._id))
        if self._config.cleanup_interval:
            self._node.nursery.start_soon(self._clean)

    async def stop(self, grace: float) -> None:  # noqa: ARG002 - what is under way is the database's affair
        """Stop cleaning."""
        self._cleaning.cancel()

    async def entry(self, key: str) -> Entry:
        """Return the entry of a key."""
        found = await self._use(lambda table, connection: table.find(connection, key, self._now()))
        if found is None:
            raise missing(key)
        return found

    async def put(self, key: str, value: Value, lifetime: int | None = None, condition: Condition = ALWAYS) -> str:
        """Write an entry and return its version."""
        text = to_text(copy_value(value, self._node.limits))
        now = self._now()
        expires = None if lifetime is None else now + lifetime
        return await self._use(lambda table, connection: table.write(connection, key, text, expires, now, condition))

    async def has(self, key: str) -> bool:
        """Tell whether there is an entry."""
        return await self._use(lambda table, connection: table.find(connection, key, self._now())) is not None

    async def delete(self, key: str) -> bool:
        """Delete an entry; tell whether there was one."""
        return await self._use(lambda table, connection: table.delete(connection, key, self._now()))

    async def list(self, prefix: str, after: str, limit: int) -> list[Entry]:
        """Return entries by key, in the order of the database."""
        return await self._use(lambda table, connection: table.list(connection, prefix, after, limit, self._now()))

    async def info(self) -> dict[str, Value]:
        """Return the facts about the store."""
        size = await self._use(lambda table, connection: table.count(connection, self._now()))
        return {"type": "sql", "size": size, "database": self._config.database}

    @property
    def _database(self) -> Database:
        return self._node.running.find(self._config.database, Database)

    async def _use(self, work: Callable[[_Table, Connection], T]) -> T:
        table = self._table or await self._found()
        return await self._database.use(lambda connection: work(table, connection))

    async def _found(self) -> _Table:
        self._table = await self._database.use(partial(_Table.found, self._config))
        return self._table

    async def _clean(self) -> None:
        with self._cleaning:
            while True:
                await trio.sleep(self._config.cleanup_interval / SECOND)
                try:
                    await self._use(lambda table, connection: table.clean(connection, self._now()))
                except Error as error:  # the next time may be better
                    text = f"expired entries could not be deleted: {error.message}"
                    self._node.notices(Notice("store-cleanup", text, self._id))

    def _now(self) -> int:
        return self._node.clock.now()


class _Table:
    """The statements on the table, run in a worker thread."""

    def __init__(self, table: Table, config: StoreSql) -> None:
        self._table = table
        self._key: Any = table.c[config.id_column_name]
        self._payload: Any = table.c[config.payload_column_name]
        self._expires: Any = table.c[config.expire_column_name]
        self._binary = _is_binary(self._payload.type)

    @classmethod
    def found(cls, config: StoreSql, connection: Connection) -> _Table:
        """Return the table that is in the database."""
        schema, _, name = config.table_name.rpartition(".")
        try:
            table = Table(name, MetaData(), schema=schema or None, autoload_with=connection)
        except NoSuchTableError:
            message = f"{config.database} has no table {config.table_name}: make it before the store is used"
            raise not_found(message, table=config.table_name) from None
        wanted = (config.id_column_name, config.payload_column_name, config.expire_column_name)
        absent = [name for name in wanted if name not in table.c]
        if absent:
            there = ", ".join(table.c.keys())
            raise invalid(f"table {config.table_name} has no column {', '.join(absent)}; it has {there}")
        payload = table.c[config.payload_column_name].type
        if not _is_binary(payload) and not isinstance(payload, String):
            raise invalid(f"column {config.payload_column_name} is of type {payload}, expected text or bytes")
        expires = table.c[config.expire_column_name].type
        if not isinstance(expires, DateTime | Integer | Numeric | Float):
            raise invalid(f"column {config.expire_column_name} is of type {expires}, expected a time or a number")
        return cls(table, config)

    def find(self, connection: Connection, key: str, now: int) -> Entry | None:
        row = connection.execute(self._rows(self._key == key, now)).first()
        return None if row is None else self._entry(row)

    def list(self, connection: Connection, prefix: str, after: str, limit: int, now: int) -> list[Entry]:
        wanted = and_(self._key.startswith(prefix, autoescape=True), self._key > after)
        rows = connection.execute(self._rows(wanted, now).order_by(self._key).limit(limit)).all()
        return [self._entry(row) for row in rows]

    def count(self, connection: Connection, now: int) -> int:
        return int(
            connection.execute(select(func.count()).select_from(self._table).where(self._alive(now))).scalar_one()
        )

    def write(  # noqa: PLR0913, PLR0917 - the parts of a write
        self, connection: Connection, key: str, text: str, expires: int | None, now: int, condition: Condition
    ) -> str:
        values = {self._payload: text.encode() if self._binary else text, self._expires: self._time(expires)}
        if condition is not ALWAYS:
            self._write_if(connection, key, values, now, condition)
        elif not self._updated(connection, values, self._key == key):
            try:
                connection.execute(insert(self._table).values({self._key: key, **values}))
            except IntegrityError:  # somebody was faster
                self._updated(connection, values, self._key == key)
        return _version(text)

    def _write_if(
        self, connection: Connection, key: str, values: dict[Any, Any], now: int, condition: Condition
    ) -> None:
        row = connection.execute(self._rows(self._key == key, now)).first()
        condition.require(key, None if row is None else self._entry(row))
        if row is None:
            connection.execute(delete(self._table).where(self._key == key, self._dead(now)))
            try:
                connection.execute(insert(self._table).values({self._key: key, **values}))
            except IntegrityError:
                raise Error(f"key {key!r} exists already", ALREADY_EXISTS, retryable=False) from None
        elif not self._updated(connection, values, and_(self._key == key, self._payload == row[1])):
            condition.require(key, None)

    def delete(self, connection: Connection, key: str, now: int) -> bool:
        done = connection.execute(delete(self._table).where(self._key == key, self._alive(now)))
        return done.rowcount > 0

    def clean(self, connection: Connection, now: int) -> None:
        connection.execute(delete(self._table).where(self._dead(now)))

    def _updated(self, connection: Connection, values: dict[Any, Any], wanted: ColumnElement[bool]) -> bool:
        return connection.execute(update(self._table).where(wanted).values(values)).rowcount > 0

    def _rows(self, wanted: ColumnElement[bool], now: int) -> Any:
        return select(self._key, self._payload, self._expires).where(wanted, self._alive(now))

    def _entry(self, row: Any) -> Entry:
        key, payload, expires = row
        text = bytes(payload).decode() if isinstance(payload, bytes | memoryview) else str(payload)
        return Entry(str(key), from_text(text), _version(text), _nanoseconds(expires))

    def _alive(self, now: int) -> ColumnElement[bool]:
        return or_(self._expires.is_(None), self._expires > self._time(now, up=False))

    def _dead(self, now: int) -> ColumnElement[bool]:
        dead: ColumnElement[bool] = self._expires <= self._time(now, up=False)
        return dead

    def _time(self, at: int | None, *, up: bool = True) -> datetime | float | None:
        """Return a time as the column holds it; rounded up, a lifetime is not shorter than was asked for."""
        if at is None:
            return None
        kind = self._expires.type
        if isinstance(kind, DateTime):
            moment = datetime.fromtimestamp(at // 1000 / 1e6, UTC)
            return moment if getattr(kind, "timezone", False) else moment.replace(tzinfo=None)
        return at // 1000 / 1e6 if isinstance(kind, Numeric | Float) else at // SECOND + (up and at % SECOND > 0)


def _nanoseconds(expires: Any) -> int | None:
    if isinstance(expires, datetime):
        moment = expires if expires.tzinfo else expires.replace(tzinfo=UTC)
        return int(moment.timestamp() * 1e6) * 1000
    return None if expires is None else int(float(expires) * SECOND)


def _is_binary(kind: TypeEngine[Any]) -> bool:
    """Tell whether a column holds bytes; MySQL's large ones are no LargeBinary."""
    return isinstance(kind, LargeBinary | mysql.LONGBLOB | mysql.MEDIUMBLOB | mysql.TINYBLOB)


def _version(text: str) -> str:
    return blake2b(text.encode(), digest_size=_VERSION_BYTES).hexdigest()
