"""One byte of a store is another one: `doctor` finds it, or the run that it concerns is paused, or nothing changes.

A byte whose change leaves every row as it was, in a database that says of itself that it is sound, is harmless. Any
other is found, or every run ends with the result it would have had; no result is ever a wrong one.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import pytest
import trio

from actorflow import app
from actorflow.codec import encode
from actorflow.errors import UNAVAILABLE, Error
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.turn import Delivery
from actorflow.store.dialect import Sqlite
from actorflow.store.examine import examine
from actorflow.store.mend import mend
from actorflow.store.port import Reader, RunFilter
from actorflow.store.sql import SqlStore

REGISTRY: Final = Path(__file__).parents[1] / "vectors" / "stores" / "registry"
HOST: Final = "app:flows"
PATIENCE: Final = 20
STUCK: Final = 1.0
"""Seconds a run that is open without being paused is waited for when a fault was found."""
DAILY: Final = 60
ALL: Final = 1000
LEAF: Final = 0x0D
"""The first byte of a page of SQLite with rows of a table (https://www.sqlite.org/fileformat.html#b_tree_pages)."""
LOADED: Final = 12
"""One in so many of the found ones is also loaded."""
WAITING: Final = 8
"""Runs of the store that wait for a message."""
SETTLED: Final = {*states.TERMINAL, states.PAUSED}
TABLES: Final = ("run", "open_run", "journal", "timer", "call", "inbox", "state_history", "source", "host_lease")
TARGETS: Final = {
    "journal": 40,
    "source": 10,
    "run": 10,
    "inbox": 10,
    "open_run": 3,
    "state_history": 3,
    "journal_by_run": 8,
    "run_by_run_id": 3,
    "run_by_workflow_id": 3,
    "inbox_by_run": 3,
    "open_run_by_host": 3,
    "sqlite_autoindex_open_run_1": 2,
    "sqlite_autoindex_source_1": 2,
}
"""What is hit how often: pages of tables and indexes, those of journals and payloads above all."""


class Whole(NamedTuple):
    """A sound store, its rows, the pages of its tables and indexes, and how its runs end."""

    data: bytes
    rows: dict[str, list[Any]]
    pages: dict[str, list[int]]
    results: dict[str, Any]


def pid_of(workflow_id: str) -> str:
    return f"{{local@{HOST}|{workflow_id}}}"


async def fill(place: Path) -> None:
    """Make a store with runs that have ended, that wait, and that have a message in their inbox."""
    async with app.boot(REGISTRY, data=place) as booted:
        node = booted.node
        for language in ("py", "lua"):
            for name, number in (("done", 1), ("waiting", 10), ("told", 20), ("also", 30)):
                options = {"workflow.id": f"{name}-{language}"}
                await node.spawn(f"app:waiting_{language}", host=HOST, args=[number], options=options)
            await node.send(pid_of(f"done-{language}"), "go", "now")
            await node.wait(pid_of(f"done-{language}"), timeout=PATIENCE)
            await node.spawn(f"app:parent_{language}", host=HOST, args=[40], options={"workflow.id": f"up-{language}"})
        with trio.fail_after(PATIENCE):
            while list((await seen(booted)).values()).count(states.WAITING) < WAITING:  # noqa: ASYNC110 - in a store
                await trio.sleep(0.01)


async def finish(place: Path) -> dict[str, Any]:
    """Open a store, send each waiting run its message, and return what every run came to."""
    async with app.boot(REGISTRY, data=place) as booted:
        node = booted.node
        for language in ("py", "lua"):
            for name in ("waiting", "also", "up"):
                try:
                    await node.send(pid_of(f"{name}-{language}" + ("/1" if name == "up" else "")), "go", "later")
                except Error:
                    continue
        with trio.move_on_after(STUCK):
            while set((await seen(booted)).values()) - SETTLED:  # noqa: ASYNC110 - in a store
                await trio.sleep(0.01)
        results: dict[str, Any] = {}
        for workflow_id, state in (await seen(booted)).items():
            if state in states.TERMINAL:
                try:
                    results[workflow_id] = await node.wait(pid_of(workflow_id), timeout=PATIENCE)
                except Error as error:
                    if error.kind != UNAVAILABLE:  # the host did not start over such a store, and has said so
                        results[workflow_id] = error.message
        return results


async def seen(booted: app.Booted) -> dict[str, str]:
    def read(reader: Reader) -> dict[str, str]:
        return {row.workflow_id: row.state for row in reader.runs(RunFilter(), ALL)}

    (found,) = await booted.stores.each(read)
    return found


def rows_of(path: Path) -> dict[str, list[Any]]:
    """Return all rows of all tables, read without any index."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        return {name: connection.execute(f"SELECT * FROM {name} NOT INDEXED").fetchall() for name in TABLES}  # noqa: S608


def pages_of(path: Path) -> dict[str, list[int]]:
    with closing(sqlite3.connect(path)) as connection:
        found: dict[str, list[int]] = {}
        for name, page in connection.execute("SELECT name, pageno FROM dbstat"):
            found.setdefault(name, []).append(page)
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    place = tmp_path_factory.mktemp("whole")
    path = place / "runs.db"
    trio.run(fill, place)
    with closing(SqlStore(Sqlite(path))) as store:
        for language in ("py", "lua"):
            payload = encode(["", ["early"]])
            told = Delivery(f"told-{language}", events.MESSAGE_RECEIVED, "go", "", payload, 1)
            assert store.commit([told])[0].accepted
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    assert list(examine(Sqlite(path))) == []
    (place / "again").mkdir()
    data = path.read_bytes()
    (place / "again" / "runs.db").write_bytes(data)
    results = trio.run(finish, place / "again")
    assert results["told-py"] == results["told-lua"] == [21, "early", 22, 36]
    assert results["up-py"] == ["child", [41, "later", 42, 36]]
    assert len(results) == 12
    return Whole(data, rows_of(path), pages_of(path), results)


def flipped(whole: Whole, random: Random) -> tuple[bytes, str]:
    """Return the store with one byte changed, and a word for where."""
    (name,) = random.choices(list(TARGETS), list(TARGETS.values()))
    page = random.choice(whole.pages[name])
    offset = (page - 1) * 4096 + random.randrange(4096)
    data = bytearray(whole.data)
    data[offset] ^= random.choice([1 << random.randrange(8), random.randrange(1, 256)])
    return bytes(data), f"{name}, byte {offset}"


def unchanged(whole: Whole, path: Path) -> bool:
    """Tell whether every row is what it was."""
    try:
        return rows_of(path) == whole.rows
    except sqlite3.Error:
        return False


def outcome(whole: Whole, place: Path, where: str) -> str:
    """Examine a damaged store, and load it unless it is as good as before; return what came of it."""
    path = place / "runs.db"
    faults = list(examine(Sqlite(path)))
    if faults:
        assert all(fault.what and fault.advice for fault in faults)
        return "found"
    if unchanged(whole, path):
        return "harmless"
    assert trio.run(finish, place) == whole.results, f"{where}: not found, and another result"
    return "of no consequence"


def load_damaged(whole: Whole, place: Path, where: str) -> None:
    """Repair and load a store with faults: no run may end with another result, and the others must end."""
    path = place / "runs.db"
    try:
        mend(Sqlite(path), list(examine(Sqlite(path))), 1)
        results = trio.run(finish, place)
    except Error as error:
        assert error.message  # noqa: PT017 - refused with a sentence
        return
    wrong = {name: value for name, value in results.items() if value != whole.results.get(name, value)}
    assert not wrong, where


def test_an_examination_of_a_table_out_of_order_ends(whole: Whole, tmp_path: Path) -> None:
    """The row with the highest number has the lowest one now: whoever goes on behind it begins again."""
    data = bytearray(whole.data)
    (page, *_) = [at for at in ((page - 1) * 4096 for page in whole.pages["run"]) if data[at] == LEAF]
    cells = int.from_bytes(data[page + 3 : page + 5], "big")
    pointer = page + 8 + 2 * (cells - 1)
    cell = page + int.from_bytes(data[pointer : pointer + 2], "big")
    while data[cell] >= 0x80:  # the length of the row, in seven bits a byte; its number follows
        cell += 1
    data[cell + 1] = 0
    (tmp_path / "runs.db").write_bytes(data)
    numbers = [run for (run, *_) in rows_of(tmp_path / "runs.db")["run"]]
    assert numbers[-1] == 0 < max(numbers)
    assert outcome(whole, tmp_path, "out of order") == "found"
    load_damaged(whole, tmp_path, "out of order")


@pytest.mark.parametrize("flips", [DAILY, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_flipped_byte_is_found_or_harmless(whole: Whole, tmp_path: Path, seed: int, flips: int) -> None:
    random, outcomes = Random(seed), Counter[str]()
    for number in range(flips):
        place = tmp_path / str(number)
        place.mkdir()
        data, where = flipped(whole, random)
        where = f"seed {seed}, flip {number}: {where}"
        (place / "runs.db").write_bytes(data)
        outcomes[came := outcome(whole, place, where)] += 1
        if came == "found" and outcomes["found"] % LOADED == 0:
            load_damaged(whole, place, where)
        for file in place.glob("runs.db*"):
            file.unlink()
    assert outcomes["found"] > flips / 5, outcomes
