"""Collecting sources while runs of them start, on another connection as from another process."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Event, Thread

from typer.testing import CliRunner

from actorflow.cli.registry import app
from actorflow.run.turn import ChangeRun
from actorflow.store.dialect import Sqlite
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import EPOCH, Book
from tests.conformance.hosts.place import FLOWS, Place

ROUNDS = 60


def test_a_source_is_there_whenever_a_run_of_it_is(tmp_path: Path) -> None:
    done, lost = Event(), []

    def collect() -> None:
        with closing(SqlStore(Sqlite(tmp_path / "runs.db"))) as store:
            while not done.is_set():
                store.collect_sources()

    with closing(SqlStore(Sqlite(tmp_path / "runs.db"))) as store:
        store._connection().execute("PRAGMA synchronous=OFF")  # noqa: SLF001 - speed; no power is lost here
        thread = Thread(target=collect)
        thread.start()
        for number in range(ROUNDS):
            book = Book(f"order/{number}")
            (answer,) = store.commit([book.start(bundle_hash="shared", bundle=b"source")])
            book.started(answer)
            lost += [number] if store.bundle("shared") is None else []
            store.commit([book.finish()])
            store.commit([ChangeRun("purge", at=EPOCH, run=book.run)])
        done.set()
        thread.join()
    assert lost == []


async def test_the_verb_removes_what_nothing_refers_to(tmp_path: Path) -> None:
    place = Place(tmp_path)
    flow = place.python("flow", "async def main():\n    return 1\n")
    async with place.node() as node:
        assert await node.exec(flow, host=FLOWS, timeout=20) == 1
    with closing(SqlStore(Sqlite(tmp_path / ".actorflow" / "runs.db"))) as store:
        store.commit([Book("x").start(bundle_hash="unused", bundle=b"12345")])
        row = store.find("x")
        assert row is not None
        store._connection().execute(f"DELETE FROM run WHERE run = {row.run}")  # noqa: S608, SLF001 - as a purge would
    async with place.node():
        for arguments, said in (
            (["gc", "--dry-run"], "1 sources would be removed, 5 bytes"),
            (["gc"], "1 sources removed"),
        ):
            result = CliRunner().invoke(app, [*arguments, "-C", str(tmp_path)])
            assert said in result.output, result.output
        assert "0 sources removed" in CliRunner().invoke(app, ["gc", "-C", str(tmp_path)]).output
