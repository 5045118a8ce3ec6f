"""Bringing a database to the newest schema, once, however many processes start at the same time.

A step that only adds what older releases do not look at, tables, or columns with a default, says so by a line that
begins with `-- Additive`: nodes of the release before it may go on with the database, and open it again. After any
other step they are refused.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from importlib.resources import files
from typing import Any, Final, NamedTuple

from actorflow.errors import CONFLICT, Error
from actorflow.run.event import FORMAT

_NAME = re.compile(r"(\d{4})_(\w+)\.sql")
_ADDITIVE = re.compile(r"^-- Additive\b", re.MULTILINE)
_LEAST: Final = "least_schema"
"""Key of the schema that a program has to know to use the database, and the one that was made with that: `2/3`."""
_CREATED = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?\"?(\w+)", re.MULTILINE)

LOCK: Final = "actorflow migrate"
"""What a server locks while one node makes or changes the tables."""


class Migration(NamedTuple):
    """One numbered step; `checksum` is BLAKE2b-128 of its text, in hex."""

    version: int
    name: str
    checksum: str
    sql: str

    @property
    def is_additive(self) -> bool:
        """Whether releases that do not know the step may go on with the database."""
        return bool(_ADDITIVE.search(self.sql))


def migrations(dialect: str) -> list[Migration]:
    """Return the migrations of a dialect, in order."""
    found = []
    for file in files("actorflow.store.migrate").joinpath(dialect).iterdir():
        if match := _NAME.fullmatch(file.name):
            sql = file.read_text(encoding="utf-8")
            checksum = blake2b(sql.encode(), digest_size=16).hexdigest()
            found.append(Migration(int(match[1]), match[2], checksum, sql))
    return sorted(found)


def missing(cursor: Any, known: list[Migration], tables: set[str], place: str) -> list[Migration]:
    """Return the migrations that a database still needs.

    Args:
        cursor: a DB-API cursor.
        known: the migrations of its dialect.
        tables: names of the tables the database has now.
        place: what to call the database in messages.

    Raises:
        Error: kind Conflict, when the database is newer than this program, or was made by other migrations.
    """
    if "migration" not in tables:
        return known
    cursor.execute("SELECT version, checksum FROM migration")
    applied = dict(cursor.fetchall())
    if not applied:  # on a database that keeps the tables of a step which was cut short
        return _pending(applied, known, place, 0)
    cursor.execute("SELECT \"key\", value FROM store_info WHERE \"key\" IN ('format', 'least_schema')")
    said = dict(cursor.fetchall())
    steps = _pending(applied, known, place, _least(said.get(_LEAST, ""), max(applied)))
    journal_format = int(said["format"])
    if journal_format > FORMAT:
        got = f"got journal format {journal_format}, expected at most {FORMAT}"
        raise _refused(f"{place}: {got}; install a newer actorflow")
    return steps


def _pending(applied: dict[int, str], known: list[Migration], place: str, least: int) -> list[Migration]:
    newest = known[-1].version
    if applied and least > newest:
        found = max(applied)
        raise _refused(f"{place}: got a store of schema {found}, expected at most {newest}; install a newer actorflow")
    for step in known:
        if applied.get(step.version, step.checksum) != step.checksum:
            raise _refused(
                f"{place}: migration {step.version:04} ({step.name}) was applied with checksum "
                f"{applied[step.version]}, expected {step.checksum}; open the store with the release that made it"
            )
    return [step for step in known if step.version not in applied]


def migrate(cursor: Any, known: list[Migration], tables: set[str], place: str, *, resumes: bool = False) -> None:
    """Apply what is missing, inside the write transaction that the caller has begun and will commit.

    A database that cannot make tables in a transaction has a lock instead, and steps that may be done twice: with
    `resumes`, the table `migration`, which is made first, says that the others are ours.

    Raises:
        Error: kind Conflict, when the database cannot be used by this program.
    """
    steps = missing(cursor, known, tables, place)
    ours = {name for step in known if step not in steps for name in _CREATED.findall(step.sql)}
    if resumes and "migration" in tables:
        ours = tables
    for step in steps:
        _apply(cursor, step, tables - ours, place)
        ours.update(_CREATED.findall(step.sql))
    if steps:
        least = max(step.version for step in known if not step.is_additive)
        _say(cursor, _LEAST, f"{least}/{known[-1].version}")


def _apply(cursor: Any, step: Migration, foreign: set[str], place: str) -> None:
    clashes = sorted(foreign.intersection(_CREATED.findall(step.sql)))
    if clashes:
        raise _refused(
            f"{place}: the database already has a table {clashes[0]!r} that is not actorflow's; "
            "give the workflow host a database of its own"
        )
    for statement in step.sql.split(";\n"):
        if statement.strip():
            cursor.execute(statement)
    _say(cursor, "format", FORMAT)
    row = f"({step.version}, '{step.name}', '{step.checksum}')"  # digits, a word, hex: nothing to quote
    cursor.execute(f"INSERT INTO migration (version, name, checksum) VALUES {row}")  # noqa: S608 - see above


def _least(said: str, found: int) -> int:
    """Return the schema that a program has to know, for a database of schema `found`."""
    least, _, made = said.partition("/")
    return int(least) if made == str(found) else found


def _say(cursor: Any, key: str, number: object) -> None:
    cursor.execute(f"DELETE FROM store_info WHERE \"key\" = '{key}'")  # noqa: S608 - a constant
    cursor.execute(f"INSERT INTO store_info (\"key\", value) VALUES ('{key}', '{number}')")  # noqa: S608 - likewise


def _refused(message: str) -> Error:
    return Error(message, CONFLICT, retryable=False)
