"""A run that has used everything there is: its data are deleted, then it is removed whole, and nothing is left."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.codec import decode, encode
from actorflow.node.node import Node
from actorflow.run.document import PutDocument
from actorflow.store import tables as t
from actorflow.store.belonging import AUTO_RESUME, AWAITED
from actorflow.store.dialect import Sqlite
from actorflow.store.examine import examine
from actorflow.store.mend import mend
from tests.conformance.hosts.place import FLOWS, Place

NAME = "Ada-Lovelace"
SOURCE = """
from actorflow.script import process, uuid, workflow

async def main(secret, times):
    workflow.attrs(search={"who": secret}, memo={"note": secret})
    await workflow.tokens.set("who", secret)
    uuid.v4()
    await workflow.approval("order", reason=secret)
    if times:
        await workflow.continue_as_new(secret, times - 1)
    await process.with_options({"parent_close_policy": "abandon"}).spawn("app:child", "app:flows", secret)
    await workflow.approval("again", reason=secret)
    await workflow.wait_for("", "never", "completed")
"""


def stored(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        for table in t.metadata.sorted_tables:
            if table.name != "source":
                yield from ((table.name, row) for row in connection.execute(f"SELECT * FROM {table.name}"))  # noqa: S608


def named(path: Path) -> list[tuple[str, tuple[Any, ...]]]:
    return [(name, row) for name, row in stored(path) if NAME in repr(row)]


async def reach(node: Node, run: str, state: str, waits: str = "") -> None:
    while True:
        shown = await node.runs.show(run)
        if shown["state"] == state and waits in str(shown["waits"]) + str((await node.runs.show(run))["reason"]):
            return


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path, {"limits": {"offload": "1KiB"}})
    place.python("it", SOURCE, "workflow", lock_key="one", on_delete_data="app:keep")
    place.python("child", "async def main(secret):\n    return secret * 500\n")
    place.python("keep", "def main(run):\n    return 'k' * 5000\n", "function")
    return place


async def test_a_run_that_used_everything_leaves_nothing(place: Place) -> None:
    async with place.node() as node:
        first = await node.start(
            "app:it",
            host=FLOWS,
            args=[NAME, 1],
            options={"workflow.id": "m", "workflow.memo": {"first": NAME * 500}},
        )
        await node.approve("m", "order", NAME, reason=NAME, by="ann")
        with trio.fail_after(30):
            while (shown := await node.runs.show("m"))["run_id"] == first.run_id:
                assert shown["state"] not in {"failed", "paused"}, shown["error"] or shown
        await node.approve("m", "again", NAME, by="ann")
        await node.approve("m", "order", NAME, by="ann")
        with trio.fail_after(30):
            while not await awaited(node):
                shown = await node.runs.show("m")
                assert shown["state"] not in {"failed", "paused"}, shown["error"] or shown
        await node.runs.change("terminate", "m", reason=NAME)
        lines = await node.runs.find()
        path = place.path / ".actorflow" / "runs.db"
        assert named(path)
        for line in lines:
            await reach(node, line["run_id"], line["state"])
            await node.runs.change("delete-data", line["run_id"])
            await reach(node, line["run_id"], "data_deleted")
        assert named(path) == []
        assert {line["result"] for line in [await node.runs.show(one["run_id"]) for one in lines[1:]]} == {"k" * 5000}
        for line in lines:
            await node.runs.change("purge", line["run_id"])
        left = {name for name, _ in stored(path)} - {"store_info", "migration", "host_lease", "sqlite_sequence"}
        assert left == {"document"}
    records = [decode(row[4]) for name, row in stored(path) if name == "document"]
    assert sorted((one["name"], one["state"], one["by"], str(one["data"])) for one in records) == [
        ("again", "approved", "ann", "None"),
        ("order", "approved", "ann", "None"),
        ("order", "approved", "ann", "None"),
    ]
    assert list(examine(Sqlite(path))) == []


async def awaited(node: Node) -> bool:
    host: Any = node.hosts[FLOWS]
    return bool(await host.engine.writer.read(lambda store: store.documents(AWAITED)))


async def test_documents_of_a_run_that_is_not_there_are_found_and_removed(place: Place) -> None:
    async with place.node() as node:
        host: Any = node.hosts[FLOWS]
        await host.engine.writer.write(PutDocument(AWAITED, "77/1", encode(["x", "completed", 77, 1, FLOWS])))
        await host.engine.writer.write(PutDocument(AUTO_RESUME, "nobody", encode(7), due=2**62))
    dialect = Sqlite(place.path / ".actorflow" / "runs.db")
    faults = list(examine(dialect))
    assert [fault.document for fault in faults] == ["auto-resume/nobody", "awaited/77/1"]
    assert mend(dialect, faults, 1) == ["deleted document auto-resume nobody", "deleted document awaited 77/1"]
    assert list(examine(dialect)) == []
