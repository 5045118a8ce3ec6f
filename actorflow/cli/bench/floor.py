"""The floor: what the parts can do on this machine with nothing of actorflow around them."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import cbor2
from lupa import lua54

from actorflow.cli.bench.result import Result

FULL: Final = "SQLite, synchronous=FULL"
ROWS: Final = "floor/sqlite rows"
COMMITS: Final = "floor/sqlite commits"
MESSAGES: Final = "floor/bare messages"
ADDITIONS: Final = "floor/additions"
_COMMITS: Final = 500
_ADDITIONS: Final = 3_000_000
_RESUMES: Final = 200_000
_COINED: Final = 100_000
_ROWS: Final = 20_000
_GROUP: Final = 200
_ROUNDS: Final = 300_000
_BODY: Final = b"x" * 100
_VALUE: Final = {"id": 7, "to": "alice", "text": "hello"}


def floors(directory: Path, runs: int) -> list[Result]:
    """Measure every floor `runs` times; files go into `directory`."""
    return [
        Result(ROWS, "rows/s", [sqlite_rows(directory, run) for run in range(runs)], setting=FULL),
        Result(COMMITS, "commits/s", [sqlite_commits(directory, run) for run in range(runs)], setting=FULL),
        Result(MESSAGES, "messages/s", [bare_messages() for _ in range(runs)]),
        Result("floor/lua resumes", "resumes/s", [lua_resumes() for _ in range(runs)]),
        Result("floor/cbor", "values/s", [cbor_values() for _ in range(runs)]),
        Result(ADDITIONS, "additions/s", [additions() for _ in range(runs)]),
    ]


def sqlite_rows(directory: Path, run: int) -> float:
    """Return journal-like rows a second: groups of 200 in one transaction, synchronous=FULL."""
    return _ROWS / _written(directory / f"floor-{run}.db", _ROWS, _GROUP)


def sqlite_commits(directory: Path, run: int) -> float:
    """Return commits a second of a single row each, synchronous=FULL, one after another in one thread."""
    return _COMMITS / _written(directory / f"floor-commits-{run}.db", _COMMITS, 1)


def _written(path: Path, rows: int, group: int) -> float:
    """Return the seconds that it takes to write so many rows, so many in one transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=full")
        connection.execute("create table journal (id integer primary key, run integer, seq integer, body blob)")
        connection.execute("create unique index journal_by_run on journal (run, seq)")
        began = time.perf_counter()
        for start in range(0, rows, group):
            connection.execute("begin")
            values = [(start % 1000 + number, start, _BODY) for number in range(group)]
            connection.executemany("insert into journal (run, seq, body) values (?, ?, ?)", values)
            connection.execute("commit")
        return time.perf_counter() - began


def lua_resumes() -> float:
    """Return how often a second Python resumes a coroutine of Lua that yields at once."""
    coroutine = lua54.LuaRuntime().eval("function() while true do coroutine.yield(1) end end").coroutine()
    began = time.perf_counter()
    for _ in range(_RESUMES):
        coroutine.send(None)
    return _RESUMES / (time.perf_counter() - began)


def cbor_values() -> float:
    """Return how many small maps a second are encoded and decoded again."""
    began = time.perf_counter()
    for _ in range(_COINED):
        cbor2.loads(cbor2.dumps(_VALUE))
    return _COINED / (time.perf_counter() - began)


def additions() -> float:
    """Return additions a second of a loop in Python: how fast the machine is at this moment."""
    total = 0
    began = time.perf_counter()
    for number in range(_ADDITIONS):
        total += number
    return _ADDITIONS / (time.perf_counter() - began)


def bare_messages() -> float:
    """Return messages a second between two bare coroutines on a run queue, with nothing else."""
    queues: tuple[deque[int], deque[int]] = (deque(), deque())

    class Park:
        __slots__ = ()

        def __await__(self) -> Any:
            yield

    park = Park()

    async def player(mine: deque[int], other: deque[int], rounds: int) -> None:
        for _ in range(rounds):
            while not mine:
                await park
            other.append(mine.popleft())

    players = [player(queues[0], queues[1], _ROUNDS), player(queues[1], queues[0], _ROUNDS)]
    queues[0].append(1)
    ready = deque(players)
    began = time.perf_counter()
    while ready:
        coroutine = ready.popleft()
        try:
            coroutine.send(None)
        except StopIteration:
            continue
        ready.append(coroutine)
    return 2 * _ROUNDS / (time.perf_counter() - began)
