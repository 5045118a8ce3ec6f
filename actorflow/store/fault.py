"""What SQLite's errors mean: as an `Error` for people, and whether a failed commit can have been written."""

from __future__ import annotations

import sqlite3
from typing import Final

from actorflow.errors import INTERNAL, INVALID, Error, unavailable

_PRIMARY: Final = 0xFF

_RETRY: Final = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space, work resumes by itself",
    sqlite3.SQLITE_BUSY: "another process holds the database; stop it or wait",
    sqlite3.SQLITE_LOCKED: "another connection holds the database; try again",
    sqlite3.SQLITE_IOERR: "the disk reported an error; look at the system log",
    sqlite3.SQLITE_NOMEM: "out of memory",
    sqlite3.SQLITE_READONLY: "the file or its directory is read-only; make both writable",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; its directory must exist and be writable",
    sqlite3.SQLITE_PERM: "permission denied; make the file and its directory readable and writable",
    sqlite3.SQLITE_AUTH: "permission denied; make the file and its directory readable and writable",
    sqlite3.SQLITE_PROTOCOL: "too many processes open the database at once; try again",
    sqlite3.SQLITE_INTERRUPT: "the operation was interrupted; try again",
}
_DAMAGED: Final = "the database is damaged, or the disk cannot read it; look at the system log, or restore a backup"
_UNDECODABLE: Final = "Could not decode to UTF-8"
"""What the driver says, without a code, of a text that is none any more."""
_BROKEN: Final = {
    sqlite3.SQLITE_CORRUPT: (INTERNAL, _DAMAGED),
    sqlite3.SQLITE_NOTADB: (INVALID, "not an SQLite database; name another file, nothing was overwritten"),
    sqlite3.SQLITE_FORMAT: (INVALID, "not an SQLite database; name another file, nothing was overwritten"),
}
_NOT_WRITTEN: Final = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM}
)


def code_of(error: BaseException) -> int:
    """Return SQLite's primary result code, or 0 when the error is not SQLite's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & _PRIMARY


def explain(error: BaseException, place: str) -> Error | None:
    """Return what an SQLite error means for the user of the database, None when it is about one statement's data."""
    code = code_of(error)
    if code in _RETRY:
        return unavailable(f"{place}: {_RETRY[code]} ({error})")
    if code in _BROKEN:
        kind, hint = _BROKEN[code]
        return Error(f"{place}: {hint} ({error})", kind, retryable=False)
    if isinstance(error, sqlite3.OperationalError) and _UNDECODABLE in str(error):
        return Error(f"{place}: {_DAMAGED} ({error})", INTERNAL, retryable=False)
    return None


def not_written(error: BaseException) -> bool:
    """Tell whether a commit that failed with this error has certainly written nothing."""
    return code_of(error) in _NOT_WRITTEN
