"""What a driver's errors mean for scripts, as kinds of errors: by SQLSTATE, MySQL's numbers, SQLite's result codes.

Sources: https://www.postgresql.org/docs/current/errcodes-appendix.html, https://www.sqlite.org/rescode.html and
https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final, NamedTuple

from actorflow.errors import (
    ALREADY_EXISTS,
    CANCELED,
    CONFLICT,
    INTERNAL,
    INVALID,
    NOT_FOUND,
    PERMISSION_DENIED,
    TIMEOUT,
    UNAVAILABLE,
    Error,
)


class _Meaning(NamedTuple):
    kind: str
    retryable: bool | None = False


_INVALID: Final = _Meaning(INVALID)
_EXISTS: Final = _Meaning(ALREADY_EXISTS)
_CONFLICT: Final = _Meaning(CONFLICT)
_DENIED: Final = _Meaning(PERMISSION_DENIED)
_AGAIN: Final = _Meaning(CONFLICT, retryable=True)
_AWAY: Final = _Meaning(UNAVAILABLE, retryable=True)
_LATE: Final = _Meaning(TIMEOUT, retryable=True)
_INTERNAL: Final = _Meaning(INTERNAL, retryable=None)

_STATES: Final = {
    "23505": _EXISTS,
    "42P07": _EXISTS,
    "42710": _EXISTS,
    "42701": _EXISTS,
    "23503": _CONFLICT,
    "23": _INVALID,
    "22": _INVALID,
    "21": _INVALID,
    "25P02": _INVALID,
    "25006": _DENIED,
    "25": _INVALID,
    "28": _DENIED,
    "3B": _INVALID,
    "3D": _Meaning(NOT_FOUND),
    "40": _AGAIN,
    "42501": _DENIED,
    "42": _INVALID,
    "53": _AWAY,
    "55P03": _LATE,
    "57014": _Meaning(CANCELED),
    "57": _AWAY,
    "58": _AWAY,
    "08": _AWAY,
}
"""SQLSTATE, or its class."""

_NUMBERS: Final = {
    **dict.fromkeys((1022, 1062, 1169, 1586), _EXISTS),
    **dict.fromkeys((1007, 1050, 1060, 1061), _EXISTS),
    **dict.fromkeys((1216, 1217, 1451, 1452), _CONFLICT),
    **dict.fromkeys((1044, 1045, 1142, 1143, 1227, 1290, 1698, 1792), _DENIED),
    **dict.fromkeys((1040, 1053, 1077, 1203, 2002, 2003, 2005, 2006, 2013, 2055), _AWAY),
    **dict.fromkeys((1054, 1064, 1146, 1265, 1364, 1366, 1406), _INVALID),
    1049: _Meaning(NOT_FOUND),
    1205: _LATE,
    1213: _AGAIN,
    1317: _Meaning(CANCELED),
}
"""Error numbers of MySQL and its client."""

_UNIQUE: Final = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
    }
)
_CODES: Final = {
    sqlite3.SQLITE_ERROR: _INVALID,
    sqlite3.SQLITE_CONSTRAINT: _INVALID,
    sqlite3.SQLITE_MISMATCH: _INVALID,
    sqlite3.SQLITE_RANGE: _INVALID,
    sqlite3.SQLITE_TOOBIG: _INVALID,
    sqlite3.SQLITE_MISUSE: _INVALID,
    sqlite3.SQLITE_READONLY: _DENIED,
    sqlite3.SQLITE_AUTH: _DENIED,
    sqlite3.SQLITE_PERM: _DENIED,
    sqlite3.SQLITE_BUSY: _AWAY,
    sqlite3.SQLITE_LOCKED: _AWAY,
    sqlite3.SQLITE_FULL: _AWAY,
    sqlite3.SQLITE_IOERR: _AWAY,
    sqlite3.SQLITE_CANTOPEN: _AWAY,
    sqlite3.SQLITE_PROTOCOL: _AWAY,
    sqlite3.SQLITE_NOMEM: _AWAY,
    sqlite3.SQLITE_INTERRUPT: _Meaning(CANCELED),
    sqlite3.SQLITE_NOTADB: _INVALID,
}
"""SQLite's primary result codes."""
_PRIMARY: Final = 0xFF


def explain(error: BaseException, place: str) -> Error:
    """Return a driver's error as scripts see it; `place` names the database."""
    meaning, code = _meaning(error)
    text = _text(error)
    hint = "; see `options: {attach: true}` of the database" if meaning is _DENIED and "not authorized" in text else ""
    details = {"code": code} if code else None
    return Error(f"{place}: {text}{hint}", meaning.kind, meaning.retryable, details)


def _text(error: BaseException) -> str:
    args: tuple[Any, ...] = getattr(error, "args", ())
    if len(args) > 1 and isinstance(args[0], int):  # MySQL: number and text
        return str(args[1])
    return str(error).strip() or type(error).__name__


def _meaning(error: BaseException) -> tuple[_Meaning, str]:
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    args: tuple[Any, ...] = getattr(error, "args", ())
    state: Any = getattr(error, "sqlstate", None)
    if isinstance(state, str) and not (args and isinstance(args[0], int)):  # MySQL's numbers say more than its states
        return _STATES.get(state) or _STATES.get(state[:2], _INTERNAL), state
    if args and isinstance(args[0], int):
        return _of_mysql(error, args[0], state), str(args[0])
    return _by_name(error, _INTERNAL), ""


def _of_mysql(error: BaseException, number: int, state: Any) -> _Meaning:
    """Return what a number means, else its SQLSTATE; HY000 says nothing, and the client's numbers have none."""
    if number in _NUMBERS:
        return _NUMBERS[number]
    if isinstance(state, str) and (state in _STATES or state[:2] in _STATES):
        return _STATES.get(state) or _STATES[state[:2]]
    unknown = _INVALID if "Programming" in type(error).__name__ or "Data" in type(error).__name__ else _INTERNAL
    return _by_name(error, unknown)


def _of_sqlite(error: sqlite3.Error) -> tuple[_Meaning, str]:
    code = int(getattr(error, "sqlite_errorcode", 0))
    name = str(getattr(error, "sqlite_errorname", ""))
    if code in _UNIQUE:
        return _EXISTS, name
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return _CONFLICT, name
    if not code:  # the module's own: a wrong number of values, two statements
        return _by_name(error, _INVALID), name
    return _CODES.get(code & _PRIMARY, _INTERNAL), name


def _by_name(error: BaseException, otherwise: _Meaning) -> _Meaning:
    """Return the meaning of an error without a code by the name that PEP 249 gives it."""
    names = {base.__name__ for base in type(error).__mro__}
    if names & {"ProgrammingError", "DataError", "NotSupportedError", "IntegrityError"}:
        return _INVALID
    if names & {"OperationalError", "InterfaceError"} and not isinstance(error, sqlite3.Error):
        return _AWAY
    if isinstance(error, ValueError | TypeError | OverflowError | UnicodeError):
        return _INVALID
    return otherwise
