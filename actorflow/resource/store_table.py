"""The table of a `store.sql`: what is done with its rows.

An expiry is written as UTC time, or as Unix seconds, rounded up where the column holds integers. The version of an
entry is a digest of its value. Keys are compared byte by byte, whatever the collation of their column: where it takes
two for one, the second is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import (
    VARBINARY,
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
    cast,
    collate,
    delete,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, NoSuchTableError
from sqlalchemy.types import TypeEngine

from actorflow.duration import SECOND
from actorflow.errors import ALREADY_EXISTS, CONFLICT, Error, invalid, not_found
from actorflow.registry.kinds.store_sql import StoreSql
from actorflow.resource.key_values import ALWAYS, Condition, Entry
from actorflow.resource.store_text import from_text

_VERSION_BYTES: Final = 12


class KeyValueTable:
    """The statements on a table, run in a worker thread."""

    def __init__(self, table: Table, config: StoreSql, dialect: str) -> None:
        self._table = table
        self._key: Any = table.c[config.id_column_name]
        self._payload: Any = table.c[config.payload_column_name]
        self._expires: Any = table.c[config.expire_column_name]
        self._binary = _is_binary(self._payload.type)
        self._exact = _EXACT.get(dialect)

    @classmethod
    def found(cls, config: StoreSql, connection: Connection) -> KeyValueTable:
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
        return cls(table, config, connection.dialect.name)

    def find(self, connection: Connection, key: str, now: int) -> Entry | None:
        """Return the entry of a key, None when there is none or it has expired."""
        row = connection.execute(self._rows(self._is(key), now)).first()
        return None if row is None else self._entry(row)

    def list(self, connection: Connection, prefix: str, after: str, limit: int, now: int) -> list[Entry]:
        """Return the entries whose keys begin with `prefix` and come after `after`, in the order of the database."""
        wanted = and_(self._begins(prefix), self._key > after)
        rows = connection.execute(self._rows(wanted, now).order_by(self._key).limit(limit)).all()
        return [self._entry(row) for row in rows]

    def count(self, connection: Connection, now: int) -> int:
        """Return how many entries there are."""
        return int(
            connection.execute(select(func.count()).select_from(self._table).where(self._alive(now))).scalar_one()
        )

    def write(  # noqa: PLR0913, PLR0917 - the parts of a write
        self, connection: Connection, key: str, text: str, expires: int | None, now: int, condition: Condition
    ) -> str:
        """Write an entry and return its version.

        Raises:
            Error: what the condition says; kind Conflict, when the column takes the key for one that is there.
        """
        values = {self._payload: text.encode() if self._binary else text, self._expires: self._time(expires)}
        if condition is not ALWAYS:
            self._write_if(connection, key, values, now, condition)
        elif not self._updated(connection, values, self._is(key)) and not self._insert(connection, key, values, now):
            self._updated(connection, values, self._is(key))  # somebody was faster
        return _version(text)

    def _write_if(
        self, connection: Connection, key: str, values: dict[Any, Any], now: int, condition: Condition
    ) -> None:
        row = connection.execute(self._rows(self._is(key), now)).first()
        condition.require(key, None if row is None else self._entry(row))
        if row is None:
            if not self._insert(connection, key, values, now):
                raise Error(f"key {key!r} exists already", ALREADY_EXISTS, retryable=False)
        elif not self._updated(connection, values, and_(self._is(key), self._payload == row[1])):
            condition.require(key, None)

    def delete(self, connection: Connection, key: str, now: int) -> bool:
        """Delete an entry; tell whether there was one."""
        done = connection.execute(delete(self._table).where(self._is(key), self._alive(now)))
        return done.rowcount > 0

    def clean(self, connection: Connection, now: int) -> None:
        """Delete what has expired."""
        connection.execute(delete(self._table).where(self._dead(now)))

    def _updated(self, connection: Connection, values: dict[Any, Any], wanted: ColumnElement[bool]) -> bool:
        return connection.execute(update(self._table).where(wanted).values(values)).rowcount > 0

    def _insert(self, connection: Connection, key: str, values: dict[Any, Any], now: int) -> bool:
        """Insert a row, in place of one that has expired; tell whether there was none that has not."""
        connection.execute(delete(self._table).where(self._key == key, self._dead(now)))
        try:
            connection.execute(insert(self._table).values({self._key: key, **values}))
        except IntegrityError:
            self._require_own(connection, key)
            return False
        return True

    def _require_own(self, connection: Connection, key: str) -> None:
        """Refuse a key whose row is another one's, under the collation of the column."""
        found = connection.execute(select(self._key).where(self._key == key)).scalar()
        if found is not None and found != key:
            column = f"column {self._table.name}.{self._key.name}"
            message = f"key {key!r}: {column} takes it for {found!r}, which is there; give it a binary collation"
            raise Error(message, CONFLICT, retryable=False, details={"key": key, "other": str(found)})

    def _is(self, key: str) -> ColumnElement[bool]:
        same: ColumnElement[bool] = self._key == key  # finds the row by its index
        return same if self._exact is None else and_(same, self._exact(self._key) == self._exact(literal(key)))

    def _begins(self, prefix: str) -> ColumnElement[bool]:
        beginning = func.substr(self._key, 1, len(prefix))
        if self._exact is None:
            return beginning == prefix
        return self._exact(beginning) == self._exact(literal(prefix))

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


def _bytes_of(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.convert(text.op("USING")(literal_column("utf8mb4"))), VARBINARY)


_EXACT: Final[Mapping[str, Callable[[ColumnElement[Any]], ColumnElement[Any]]]] = {
    "mysql": _bytes_of,
    "mariadb": _bytes_of,
    "sqlite": lambda text: collate(text, "BINARY"),
}
"""Dialect → what makes a text one that is compared byte by byte, where the collation of a column may do otherwise."""


def _nanoseconds(expires: Any) -> int | None:
    if isinstance(expires, datetime):
        moment = expires if expires.tzinfo else expires.replace(tzinfo=UTC)
        return int(moment.timestamp() * 1e6) * 1000
    return None if expires is None else int(float(expires) * SECOND)


def _is_binary(kind: TypeEngine[Any]) -> bool:
    """Tell whether a column holds bytes; MySQL's large ones are no LargeBinary."""
    return isinstance(kind, LargeBinary) or kind.__visit_name__.endswith("BLOB")


def _version(text: str) -> str:
    return blake2b(text.encode(), digest_size=_VERSION_BYTES).hexdigest()
