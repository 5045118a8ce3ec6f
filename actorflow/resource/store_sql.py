"""`store.sql`: key-value pairs in a table of a database that is there already."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import trio
from sqlalchemy import Connection

from actorflow.duration import SECOND
from actorflow.errors import NOT_FOUND, Error
from actorflow.node.node import Node
from actorflow.notice import Notice
from actorflow.registry.kinds.store_sql import StoreSql
from actorflow.resource.database import Database
from actorflow.resource.key_values import ALWAYS, Condition, Entry, missing
from actorflow.resource.store_table import KeyValueTable
from actorflow.resource.store_text import to_text
from actorflow.value import Value, copy_value

T = TypeVar("T")


class SqlKeyValues:
    """A store in a table (`key_values.KeyValues`)."""

    def __init__(self, id: str, config: StoreSql, node: Node) -> None:  # noqa: A002 - the signature of every factory
        """Make a store that does not run."""
        self._id = id
        self._config = config
        self._node = node
        self._table: KeyValueTable | None = None
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

    async def _use(self, work: Callable[[KeyValueTable, Connection], T]) -> T:
        table = self._table or await self._found()
        return await self._database.use(lambda connection: work(table, connection))

    async def _found(self) -> KeyValueTable:
        self._table = await self._database.use(partial(KeyValueTable.found, self._config))
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
