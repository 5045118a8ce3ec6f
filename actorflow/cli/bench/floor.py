"""The floor: what the parts can do on this machine with nothing of actorflow around them."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from contextlib import closing
from pathlib import Path
from typing import Any, Final

_ROWS: Final = 20_000
_GROUP: Final = 200
_ROUNDS: Final = 300_000
_BODY: Final = b"x" * 100


def sqlite_rows(directory: Path, run: int) -> float:
    """Return journal-like rows a second: groups of 200 in one transaction, synchronous=FULL."""
    with closing(sqlite3.connect(directory / f"floor-{run}.db", isolation_level=None)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=full")
        connection.execute("create table journal (id integer primary key, run integer, seq integer, body blob)")
        connection.execute("create unique index journal_by_run on journal (run, seq)")
        began = time.perf_counter()
        for start in range(0, _ROWS, _GROUP):
            connection.execute("begin")
            rows = [(start % 1000 + number, start, _BODY) for number in range(_GROUP)]
            connection.executemany("insert into journal (run, seq, body) values (?, ?, ?)", rows)
            connection.execute("commit")
        return _ROWS / (time.perf_counter() - began)


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
