"""Statements of a store: recorded for SQLite, made once in a process for each kind of database."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import actorflow.store
from actorflow.store.dialect import Sqlite
from actorflow.store.listed import LISTED, listing
from actorflow.store.recorded import NAMES, READS, plain, record, statements_of
from actorflow.store.statement_read import ReadStatements
from actorflow.store.tables import metadata
from actorflow.store.transact import OWN


class Another(Sqlite):
    recorded: str = ""


def spaced(written: str) -> str:
    """Return a text with single blanks: where statements have their lines is for whoever compiles them."""
    return " ".join(written.replace("\\n", " ").split())


def test_what_is_recorded_is_what_is_compiled(tmp_path: Path) -> None:
    written = resources.files(actorflow.store).joinpath(Sqlite.recorded).read_text(encoding="utf-8")
    assert spaced(written) == spaced(record(Sqlite(tmp_path / "a"))), "run `make statements`"


def test_what_is_recorded_is_read_as_it_was_made(tmp_path: Path) -> None:
    recorded, compiled = Sqlite(tmp_path / "a"), Another(tmp_path / "b")
    for name in NAMES:
        assert plain(statements_of(name, recorded)) == plain(statements_of(name, compiled))


def test_databases_of_a_kind_share_their_statements_and_others_do_not(tmp_path: Path) -> None:
    one, other, another = Sqlite(tmp_path / "a"), Sqlite(tmp_path / "b"), Another(tmp_path / "c")
    for name in NAMES:
        assert statements_of(name, one) is statements_of(name, other)
        assert statements_of(name, another) is not statements_of(name, one)
    assert isinstance(statements_of(READS, another), ReadStatements)


def test_a_list_of_runs_has_its_conditions_in_the_order_of_their_parameters(tmp_path: Path) -> None:
    sql = ReadStatements(Sqlite(tmp_path / "a")).listed
    assert listing(sql, frozenset(), only_open=False) == sql.runs
    whole = listing(sql, frozenset(LISTED), only_open=True, attributes=2)
    conditions = [*sql.conditions, sql.described, sql.described, sql.still_open]
    head, tail = sql.runs.split("run.run < ?")
    assert whole == head + " AND ".join([*conditions, "run.run < ?"]) + tail
    named, of_prefix, paged = len(LISTED) - 1, 2, 2
    assert whole.count("?") == named + of_prefix + 2 * len(("name", "value")) + paged


def test_the_tables_that_are_kept_from_functions_are_those_of_a_store() -> None:
    assert set(metadata.tables) == OWN
