"""The tables of a store on a server: the same as elsewhere, made once, never over somebody else's."""

from __future__ import annotations

from contextlib import closing
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import URL, MetaData, create_engine

from actorflow.errors import CONFLICT, Error
from actorflow.run.event import RUN_FAILED
from actorflow.run.state import FAILED
from actorflow.run.turn import StateChange
from actorflow.store import tables
from actorflow.store.migrate.run import migrations
from actorflow.testing.conformance.items import EPOCH, Book
from tests.databases import MARIADB, POSTGRES, SERVERS, SLOW_MARIADB, connected, database, fresh, store

NODES = 10


def schema(url: URL) -> dict[str, list[Any]]:
    """Return columns and indexes of every table, as the server describes them."""
    postgres = url.get_backend_name() == "postgresql"
    columns = "table_name, column_name, is_nullable, data_type, collation_name, " + (
        "column_default" if postgres else "column_type, extra"
    )
    own = "table_schema = " + ("'public'" if postgres else "database()")
    indexes = (
        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        if postgres
        else "SELECT table_name, index_name, non_unique, seq_in_index, column_name, sub_part "
        "FROM information_schema.statistics WHERE table_schema = database()"
    )
    engine = create_engine(url.set(drivername="postgresql+psycopg" if postgres else "mysql+pymysql"))
    with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(f"SELECT {columns} FROM information_schema.columns WHERE {own}")  # noqa: S608 - see above
        found = {"columns": sorted(map(repr, cursor.fetchall()))}
        cursor.execute(indexes)
        found["indexes"] = sorted(map(repr, cursor.fetchall()))
    engine.dispose()
    return found


def completed(metadata: MetaData) -> MetaData:
    """Return tables with what the migrations say beside them."""
    copied = MetaData()
    for table in metadata.tables.values():
        copy = table.to_metadata(copied)
        copy.dialect_options["mysql"].update(engine="InnoDB", charset="utf8mb4", collate="utf8mb4_nopad_bin")
        for index in copy.indexes:
            if index.name == "attribute_by_value":
                index.dialect_options["mysql"]["length"] = {"value": 255}
            if index.name == "journal_by_name":
                index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]
                index.ddl_if(dialect=("sqlite", "postgresql"))  # type: ignore[arg-type] # it takes several
            if index.name == "journal_by_kind":
                index.ddl_if(dialect="mysql")
    return copied


@pytest.mark.parametrize("kind", SERVERS)
def test_migrating_an_empty_database_gives_the_tables(kind: str) -> None:
    migrated, made = fresh(kind), fresh(kind)
    database(migrated).connect().close()
    driver = "postgresql+psycopg" if kind == "postgres" else "mysql+pymysql"
    engine = create_engine(made.set(drivername=driver))
    for metadata in (tables.metadata, tables.server):
        completed(metadata).create_all(engine)
    engine.dispose()
    assert schema(migrated) == schema(made)


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_migrations_are_numbered_from_1_without_gaps(dialect: str) -> None:
    assert [step.version for step in migrations(dialect)] == list(range(1, len(migrations(dialect)) + 1))


@pytest.mark.parametrize("kind", SERVERS)
def test_ten_nodes_that_boot_at_once_migrate_once(kind: str) -> None:
    url, together, failures = fresh(kind), Barrier(NODES), []

    def boot() -> None:
        together.wait()
        try:
            database(url).connect().close()
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [Thread(target=boot) for _ in range(NODES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with connected(url) as connection:
        applied = connection.execute("SELECT version FROM migration ORDER BY version").fetchall()
        assert applied == [(step.version,) for step in migrations("postgresql" if kind == "postgres" else "mysql")]
        assert connection.execute("SELECT count(*) FROM turnstile").fetchone() == (1,)


@pytest.mark.parametrize("kind", SERVERS)
def test_a_table_of_somebody_else_is_not_touched(kind: str) -> None:
    url = fresh(kind)
    engine = create_engine(url.set(drivername="postgresql+psycopg" if kind == "postgres" else "mysql+pymysql"))
    with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("CREATE TABLE journal (number INTEGER)")
        connection.commit()
    engine.dispose()
    with pytest.raises(Error, match="already has a table 'journal' that is not actorflow's") as caught:
        database(url).connect()
    assert caught.value.kind == CONFLICT
    assert len(schema(url)["columns"]) == 1


@pytest.mark.parametrize("kind", [MARIADB])
def test_a_migration_that_was_cut_short_goes_on(kind: str) -> None:
    """MySQL does not make tables in a transaction; on PostgreSQL there is nothing to go on with."""
    url, whole = fresh(kind), fresh(kind)
    database(whole).connect().close()
    with connected(url) as connection:
        for table in ("migration", "store_info", "turnstile"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - see above
        connection.execute('DROP TABLE "blob"')
    database(url).connect().close()
    assert schema(url) == schema(whole)


@pytest.mark.parametrize("kind", [POSTGRES, SLOW_MARIADB])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("INSERT INTO migration VALUES (9999, 'later', 'x')", "got a store of schema 9999, expected at most"),
        ("UPDATE migration SET checksum = 'other'", "was applied with checksum other"),
        ("UPDATE store_info SET value = '99' WHERE \"key\" = 'format'", "got journal format 99"),
    ],
)
def test_a_store_of_another_release_is_refused(kind: str, change: str, says: str) -> None:
    url = fresh(kind)
    with connected(url) as connection:
        connection.execute(change)
    with pytest.raises(Error, match=says) as caught:
        database(url).connect()
    assert (caught.value.kind, caught.value.retryable) == (CONFLICT, False)


@pytest.mark.parametrize("kind", SERVERS)
def test_texts_compare_by_their_bytes(kind: str) -> None:
    names = ["A", "a", "a ", "ä", "Ä", "z", "ﬀ", "𝄞", "e\u0301", "é", "%", "'", '"', "\\", "\x01", "#" * 400]
    with closing(store(kind)) as made:
        answers = made.commit([Book(name, f"run-{number}").start() for number, name in enumerate(names)])
        assert [answer.existing or not answer.accepted for answer in answers] == [False] * len(names)
        for name, answer in zip(names, answers, strict=True):
            row = made.find(name)
            assert row is not None
            assert (row.run, row.workflow_id) == (answer.run, name)


@pytest.mark.parametrize("kind", SERVERS)
def test_a_reason_with_a_nul_is_stored(kind: str) -> None:
    with closing(store(kind)) as made:
        book = Book("order/1")
        book.started(made.commit([book.start()])[0])
        ended = book.finish(FAILED, RUN_FAILED)
        ended.change = StateChange(FAILED, EPOCH + 9, "it said a\0b", "me")
        assert made.commit([ended])[0].accepted
        assert made.history(book.run)[-1].reason.replace("\N{SYMBOL FOR NULL}", "\0") == "it said a\0b"
        assert made.verify(book.run) == []
