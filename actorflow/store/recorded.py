"""The statements of a store: texts that are recorded, or compiled by SQLAlchemy where a database has none.

To import SQLAlchemy and to compile a store's statements took a quarter of the time from nothing to a first result. So
those for SQLite stand beside this file as texts, in the order of their names; `make statements` writes them, and a
test holds them equal to what is compiled. A node on SQLite does not import SQLAlchemy.
"""

from __future__ import annotations

import json
import pkgutil
import sys
from importlib import resources
from types import SimpleNamespace
from typing import Any, Final
from weakref import WeakKeyDictionary

from actorflow.store.bulk import RowStatement, UpdateStatement
from actorflow.store.database import Database

READS: Final = "actorflow.store.statement_read:ReadStatements"
WRITES: Final = "actorflow.store.statement_write:WriteStatements"
NAMES: Final = (READS, WRITES)
"""What makes the statements that are recorded: a class, given a database."""
_ROWS: Final = "(rows)"
_ONE, _JOINED = "(one)", "(joined)"
_MADE: Final[WeakKeyDictionary[type, dict[str, Any]]] = WeakKeyDictionary()
"""What has been read or compiled in this process, by the kind of database: a memo, and nothing a store could change."""


def statements_of(name: str, dialect: Database) -> Any:
    """Return the statements that `name` makes for a database, made for the first database of its kind.

    The text of a statement depends on nothing else.
    """
    made = _MADE.setdefault(type(dialect), {})
    if not made and dialect.recorded:
        written = resources.files(__package__).joinpath(dialect.recorded).read_text(encoding="utf-8")
        made.update({each: _read(value) for each, value in json.loads(written).items()})
    if name not in made:
        made[name] = pkgutil.resolve_name(name)(dialect)
    return made[name]


def _read(value: Any) -> Any:
    """Return what `plain` made of it."""
    if isinstance(value, list):
        return [_read(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _ROWS in value:
        return RowStatement(value[_ROWS])
    if _ONE in value:
        return UpdateStatement(value[_ONE], value[_JOINED])
    return SimpleNamespace(**{name: _read(item) for name, item in value.items()})


def plain(value: Any) -> Any:
    """Return statements as JSON has them."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, RowStatement):
        return {_ROWS: value.text}
    if isinstance(value, UpdateStatement):
        return {_ONE: value.one, _JOINED: value.joined}
    return {name: plain(item) for name, item in vars(value).items()}


def record(dialect: Database) -> str:
    """Compile what is recorded of a database, and return it as it is checked in."""
    made = {name: plain(pkgutil.resolve_name(name)(dialect)) for name in NAMES}
    return json.dumps(made, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    from actorflow.store.dialect import Sqlite

    sys.stdout.write(record(Sqlite("nowhere")))
