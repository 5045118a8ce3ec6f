"""Backups of the databases of a data directory, made while a node runs, and brought back.

A backup is one file a database. It holds what was committed at one moment: it is read in one transaction, beside the
writer, which is not held up. A file has its name only once it is whole and on disk.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from actorflow.errors import CONFLICT, Error, invalid, not_found
from actorflow.store import fault
from actorflow.store.database import Database
from actorflow.store.dialect import Sqlite
from actorflow.store.epoch import begin_epoch

_PART: Final = ".part"
_TOOLS: Final = "its own tools (`pg_dump` or `pg_basebackup`, `mariadb-dump --single-transaction`)"
_SUFFIXES: Final = frozenset({".db", ".sqlite", ".backup", ".bak"})


def name_of(database: str) -> str:
    """Return the file name of a database in a directory of backups, from its name among the stores."""
    return f"{database.replace(':', '.') or 'runs'}.db"


def targets(found: Mapping[str, Database], target: Path) -> dict[Path, Sqlite]:
    """Return which database goes into which file: into `target` itself if it is named as one, else into a directory.

    Raises:
        Error: kind Invalid, when several are to go into one file, or when one is on a server; kind Conflict, when a
            file is there already.
    """
    databases = {name: database for name, database in found.items() if isinstance(database, Sqlite)}
    for name in found.keys() - databases.keys():
        raise invalid(
            f"{name} is on a server ({found[name].place}): back it up with {_TOOLS}, which copy it as of one moment"
        )
    single = target.suffix in _SUFFIXES and not target.is_dir()
    if single and len(databases) != 1:
        raise invalid(f"{target}: got {len(databases)} databases for one file; name a directory for them")
    files = {target if single else target / name_of(name): database for name, database in databases.items()}
    for file in files:
        if file.exists():
            raise Error(
                f"{file} is there already: name another file, nothing was overwritten", CONFLICT, retryable=False
            )
    return files


def back_up(database: Sqlite, file: Path) -> int:
    """Copy a database into a new file and return the bytes of it; blocks until it is on disk.

    Raises:
        Error: when the database cannot be read or the file cannot be written; then there is no such file.
    """
    return _copied(database.path, file)


def restore(source: Path, file: Path) -> None:
    """Lay a backup down as a database that is not there yet. It is not activated, whatever it was.

    Raises:
        Error: kind NotFound, Conflict or Invalid, when there is no such backup, or a database in its place, or the
            backup is none.
    """
    if not source.is_file():
        raise not_found(f"{source}: no such backup")
    if file.exists():
        message = f"{file} is there already: restore into an empty data directory, nothing was overwritten"
        raise Error(message, CONFLICT, retryable=False)
    _copied(source, file)


def _copied(source: Path, file: Path) -> int:
    part = file.with_name(file.name + _PART)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        _copy(source, part)
        _sync(part)
        part.rename(file)
        _sync(file.parent)
    except sqlite3.Error as error:
        raise fault.explain(error, str(source)) or invalid(f"{source}: {error}") from error
    except OSError as error:
        raise invalid(f"{file}: {error.strerror or error}; name another place") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return file.stat().st_size


def _copy(source: Path, part: Path) -> None:
    """Copy in one step, which is one read transaction: a writer beside it does not make it begin again."""
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(part)) as writing:
        reading.execute("SELECT count(*) FROM store_info")  # fails on a foreign file before anything is written
        reading.backup(writing, pages=-1)
        writing.execute("PRAGMA journal_mode=DELETE")
        with writing:
            begin_epoch(writing)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
