"""Power loss: whatever part of the log reached the disk, the store opens, verifies, and holds what was acknowledged.

The database is copied while a child writes to it. Each copy's log is then cut at random lengths, as if what came after
had never left the operating system, at times with a torn end; what was acknowledged by then must be there.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple

import pytest

from actorflow.store.dialect import Sqlite
from actorflow.store.port import Reader, RunFilter
from actorflow.store.read import SqlReader
from actorflow.store.statement_read import ReadStatements

COPIES = 4
ACKNOWLEDGED_PER_COPY = 150
ALL = 10_000


class Acknowledged(NamedTuple):
    """A start (its run id) or a signal (its payload), and the length of the log that was synced with it."""

    kind: str
    name: str
    synced: int


class Copy(NamedTuple):
    """The database and its log as they lay on the disk at one moment."""

    database: bytes
    log: bytes


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: 2 000 databases are written and thrown away."""
    memory = Path("/dev/shm")  # noqa: S108 - a fresh directory is made below it
    with TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as made:
        yield Path(made)


def acknowledgements(output: IO[str], count: int) -> list[Acknowledged]:
    found = []
    for _ in range(count):
        kind, name, synced = output.readline().split()
        found.append(Acknowledged(kind, name, int(synced)))
    return found


def copy_under_load(path: Path) -> tuple[list[Copy], list[Acknowledged]]:
    """Run the child, copy its files at four moments, and kill it."""
    copies, acknowledged = [], []
    command: list[str | Path] = [sys.executable, Path(__file__).with_name("committing.py"), path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(COPIES):
            acknowledged += acknowledgements(child.stdout, ACKNOWLEDGED_PER_COPY)
            log = Path(f"{path}-wal").read_bytes().rstrip(b"\0")  # the zeros behind its end are room for what comes
            copies.append(Copy(path.read_bytes(), log))
        child.kill()
    return copies, acknowledged


def torn_end(random: Random) -> bytes:
    """Return what may follow the last synced byte: nothing, zeros, or anything."""
    length = random.randrange(1, 9000)
    return random.choice([b"", bytes(length), random.randbytes(length)])


def holds(reader: Reader) -> tuple[set[str], set[str], list[str]]:
    """Return the run ids, the payloads of all signals, waiting or journaled, and the faults of a store."""
    started, signalled, faults = set(), set(), []
    for row in reader.runs(RunFilter(), ALL):
        faults += reader.verify(row.run)
        started.add(row.run_id)
        signalled |= {item.payload.decode() for item in reader.inbox(row.run)}
        signalled |= {event.payload.decode() for event in reader.journal(row.run, 1)}
    return started, signalled, faults


@pytest.mark.parametrize("lengths", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_what_was_acknowledged_survives_power_loss(directory: Path, tmp_path: Path, seed: int, lengths: int) -> None:
    random = Random(seed)
    Sqlite(tmp_path / "store.db").connect().close()
    copies, acknowledged = copy_under_load(tmp_path / "store.db")
    assert all(copy.database == copies[0].database for copy in copies), "a checkpoint: the log alone is no longer all"
    reads = ReadStatements(Sqlite(directory))
    seen = set()
    for number in range(lengths):
        copy = copies[number % COPIES]
        length = random.randrange(len(copy.log) + 1)
        path = directory / "copy.db"
        path.write_bytes(copy.database)
        Path(f"{path}-wal").write_bytes(copy.log[:length] + torn_end(random))
        with closing(SqlReader(Sqlite(path), reads)) as reader:
            started, signalled, faults = reader.snapshot(holds)
        due = [item for item in acknowledged if item.synced <= length]
        assert faults == [], f"log cut at {length}, seed {seed}"
        assert {item.name for item in due if item.kind == "start"} <= started, f"log cut at {length}, seed {seed}"
        assert {item.name for item in due if item.kind != "start"} <= signalled, f"log cut at {length}, seed {seed}"
        seen.add(len(started))
        for file in directory.iterdir():
            file.unlink()
    assert len(seen) > 10, "the cuts made no difference"
