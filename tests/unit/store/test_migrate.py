"""Opening a database: made once, never overwritten, refused with a sentence."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import create_engine

from actorflow.errors import CONFLICT, INTERNAL, INVALID, UNAVAILABLE, Error
from actorflow.store import tables
from actorflow.store.dialect import Sqlite
from actorflow.store.migrate.run import Migration, migrate, migrations, missing
from actorflow.store.port import RunFilter
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import Book


def schema(path: Path) -> dict[str, Any]:
    """Return the statement of every table and index, without what spelling and spaces may differ in."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'").fetchall()
    return {name: re.sub(r"\s*([(),\s])\s*", r"\1", re.sub(r"\s+", " ", sql)).strip() for name, sql in rows}


def refusal(path: Path) -> Error:
    with pytest.raises(Error) as caught:
        SqlStore(Sqlite(path))
    assert str(path) in caught.value.message
    return caught.value


def test_migrating_an_empty_file_gives_the_tables(tmp_path: Path) -> None:
    SqlStore(Sqlite(tmp_path / "migrated.db")).close()
    engine = create_engine(f"sqlite:///{tmp_path / 'metadata.db'}")
    tables.metadata.create_all(engine)
    engine.dispose()
    assert schema(tmp_path / "migrated.db") == schema(tmp_path / "metadata.db")


def test_migrations_are_numbered_from_1_without_gaps() -> None:
    assert [step.version for step in migrations("sqlite")] == list(range(1, len(migrations("sqlite")) + 1))


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    with closing(SqlStore(Sqlite(tmp_path / "store.db"))) as store:
        store.commit([Book("order/1").start()])
    with closing(SqlStore(Sqlite(tmp_path / "store.db"))) as store:
        assert [row.workflow_id for row in store.runs(RunFilter())] == ["order/1"]


def test_many_that_open_at_once_migrate_once(tmp_path: Path) -> None:
    together = Barrier(8)
    failures: list[BaseException] = []

    def boot() -> None:
        together.wait()
        try:
            Sqlite(tmp_path / "store.db").connect().close()
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [Thread(target=boot) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        assert connection.execute("SELECT count(*) FROM migration").fetchone() == (len(migrations("sqlite")),)


def change(path: Path, sql: str) -> None:
    Sqlite(path).connect().close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    change(path, "INSERT INTO migration VALUES (9999, 'later', 'x')")
    error = refusal(path)
    assert (error.kind, error.retryable) == (CONFLICT, False)
    assert "got a store of schema 9999, expected at most" in error.message


def test_another_migration_of_the_same_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    change(path, "UPDATE migration SET checksum = 'other'")
    assert "migration 0001 (create) was applied with checksum other" in refusal(path).message


def test_a_newer_journal_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    change(path, "UPDATE store_info SET value = '99' WHERE key = 'format'")
    assert "got journal format 99, expected at most 1" in refusal(path).message


def test_a_later_migration_is_applied_alone(tmp_path: Path) -> None:
    later = Migration(
        len(migrations("sqlite")) + 1,
        "more",
        "abc",
        "CREATE TABLE more (x INTEGER);\nCREATE INDEX more_by_x ON more (x);\n",
    )
    with closing(Sqlite(tmp_path / "store.db").connect()) as connection:
        known = [*migrations("sqlite"), later]
        assert missing(connection.cursor(), known, {"migration"}, "here") == [later]
        migrate(connection.cursor(), known, {"migration"}, "here")
        assert missing(connection.cursor(), known, {"migration", "more"}, "here") == []
        assert connection.execute("SELECT count(*) FROM more").fetchone() == (0,)


def later(additive: str) -> list[Migration]:
    """Return the steps of a later release."""
    known = migrations("sqlite")
    sql = f"{additive}ALTER TABLE run ADD COLUMN colour TEXT DEFAULT 'red' NOT NULL;\n"
    return [*known, Migration(known[-1].version + 1, "colour", "0" * 32, sql)]


def test_a_release_goes_on_with_a_database_to_which_a_later_one_has_only_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    with closing(SqlStore(Sqlite(path))) as store:
        store.commit([Book("order/1").start()])
        with monkeypatch.context() as patched:
            patched.setattr("actorflow.store.dialect.migrations", lambda _: later("-- Additive: colours of runs\n"))
            SqlStore(Sqlite(path)).close()
        store.commit([Book("order/2").start()])
        with closing(SqlStore(Sqlite(path))) as again:
            again.commit([Book("order/3").start()])
            assert len(again.runs(RunFilter())) == 3
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT DISTINCT colour FROM run").fetchall() == [("red",)]


def test_a_release_is_refused_by_a_database_that_a_later_one_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("actorflow.store.dialect.migrations", lambda _: later(""))
        SqlStore(Sqlite(tmp_path / "store.db")).close()
    newest = len(migrations("sqlite"))
    error = refusal(tmp_path / "store.db")
    assert error.kind == CONFLICT
    assert f"got a store of schema {newest + 1}, expected at most {newest}; install a newer actorflow" in error.message


def test_a_table_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE call (number TEXT)")
    error = refusal(path)
    assert "already has a table 'call' that is not actorflow's" in error.message
    assert schema(path) == {"call": "CREATE TABLE call(number TEXT)"}


@pytest.mark.parametrize("content", [b"orders: [1, 2]\n" * 100, b"x", bytes(8192)])
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "orders.yaml"
    path.write_bytes(content)
    error = refusal(path)
    assert error.kind == INVALID
    assert "not an SQLite database" in error.message
    assert path.read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_damaged_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(SqlStore(Sqlite(path))) as store:
        store.commit([Book("order/1").start()])
    damaged = bytearray(path.read_bytes())
    damaged[100:4096] = b"\xaa" * 3996
    path.write_bytes(damaged)
    error = refusal(path)
    assert error.kind == INTERNAL
    assert "damaged" in error.message
    assert path.read_bytes() == damaged


def test_damage_met_while_reading_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(SqlStore(Sqlite(path))) as store:
        store.commit([Book(f"order/{number}").start() for number in range(300)])
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2 :] = b"\xaa" * (len(damaged) - len(damaged) // 2)
    path.write_bytes(damaged)
    with closing(SqlStore(Sqlite(path))) as store, pytest.raises(Error, match="damaged") as caught:
        [(store.load(number), store.history(number)) for number in range(1, 301)]
    assert (caught.value.kind, caught.value.retryable) == (INTERNAL, False)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nowhere" / "store.db")
    assert error.kind == UNAVAILABLE
    assert "its directory must exist" in error.message
