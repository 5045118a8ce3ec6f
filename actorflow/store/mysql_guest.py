"""SQL of transactional functions on MySQL and MariaDB: nothing that ends a transaction by itself, as CREATE does there.

The server does not tell which tables a transaction has written to, so the texts are read for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from actorflow.resource.sql_text import MYSQL
from actorflow.store.guest import Guest, names_own_table
from actorflow.store.transact import not_allowed

if TYPE_CHECKING:
    from actorflow.store.mysql import Mysql

_WORDS: Final = frozenset({"select", "insert", "update", "delete", "replace", "with", "values", "table"})
_EXECUTABLE: Final = re.compile(r"/\*M?!")


class MysqlGuest(Guest):
    """The cursor for somebody else's SQL."""

    _server: Mysql
    type: ClassVar[str] = "mysql"
    _flavor = MYSQL
    _words = _WORDS

    def _check_text(self, text: str) -> None:
        if _EXECUTABLE.search(text) or names_own_table(text):
            raise not_allowed()

    def _run(self, text: str, values: tuple[Any, ...]) -> Any:
        return self._connection.cursor().execute(text, values)

    def _interrupt(self) -> None:
        """End the statement, by a second connection: the protocol has no other way."""
        other = self._server.connected()
        try:
            other.cursor().execute(f"KILL QUERY {int(self._connection.thread_id())}")
        finally:
            other.close()
