"""Statements of a store are compiled once in a process for each kind of database."""

from __future__ import annotations

from pathlib import Path

from actorflow.store.dialect import Sqlite
from actorflow.store.statement import compiled_once
from actorflow.store.statement_read import ReadStatements
from actorflow.store.statement_write import WriteStatements


class Another(Sqlite):
    begin_read: str = "BEGIN DEFERRED"


def test_databases_of_a_kind_share_their_statements_and_others_do_not(tmp_path: Path) -> None:
    one, other, another = Sqlite(tmp_path / "a"), Sqlite(tmp_path / "b"), Another(tmp_path / "c")
    for make in (ReadStatements, WriteStatements):
        assert compiled_once(make, one) is compiled_once(make, other)
        assert compiled_once(make, another) is not compiled_once(make, one)
        assert vars(make(other)).keys() == vars(compiled_once(make, one)).keys()
    assert vars(ReadStatements(other))["journal"] == compiled_once(ReadStatements, one).journal
