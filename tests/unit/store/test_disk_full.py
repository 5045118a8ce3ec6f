"""A full disk: writes are refused as Unavailable, reads go on, work resumes by itself, nothing acknowledged is lost."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from actorflow.errors import UNAVAILABLE, Error
from actorflow.store.dialect import Sqlite
from actorflow.store.port import CommitUnknown, RunFilter
from actorflow.store.sql import SqlStore
from actorflow.store.writer import Writer
from actorflow.testing.conformance.items import Book, message

MEBIBYTE = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "disk"
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", directory],  # noqa: S607
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield directory
    if subprocess.run(["umount", directory], check=False).returncode:  # noqa: S607
        subprocess.run(["umount", "--lazy", directory], check=True)  # noqa: S607
        pytest.fail("the closed store still held a file open")


async def fill(writer: Writer, payload: bytes) -> tuple[list[int], Error]:
    """Send messages until one is refused; return the ids of those acknowledged, and the refusal."""
    sent: list[int] = []
    while True:
        try:
            answer = await writer.write(message("order/1", payload))
        except Error as error:
            return sent, error
        sent += answer.inbox


async def test_work_resumes_when_space_returns(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(3 * MEBIBYTE))
    writer = Writer(SqlStore(Sqlite(small_disk / "store.db")))
    run = (await writer.write(Book("order/1").start())).run

    sent, error = await fill(writer, bytes(20_000))
    assert (type(error), error.kind, error.retryable) == (Error, UNAVAILABLE, True)
    assert "the disk is full; free some space, work resumes by itself" in error.message
    assert sent

    for item in (message("order/1", bytes(20_000)), Book("order/2").start(bundle=bytes(100_000), bundle_hash="big")):
        with pytest.raises(Error, match="the disk is full"):
            await writer.write(item)
    assert [row.id for row in await writer.read(lambda reader: reader.inbox(run))] == sent

    ballast.unlink()
    with trio.fail_after(60):
        answer = await writer.write(message("order/1", bytes(20_000)))
    assert await writer.read(lambda reader: reader.verify(run)) == []
    assert [row.id for row in await writer.read(lambda reader: reader.inbox(run))] == [*sent, *answer.inbox]
    await writer.close()


LIMITED = """
import resource, sys
sys.path[:0] = [sys.argv[2]]
import trio
from test_disk_full import grow_to_the_limit
trio.run(grow_to_the_limit, sys.argv[1])
"""


async def grow_to_the_limit(path: str) -> None:
    """Meet the largest size a file may have, which SQLite reports as an I/O error, and go on when it is lifted."""
    writer = Writer(SqlStore(Sqlite(path)))
    run = (await writer.write(Book("order/1").start())).run
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEBIBYTE, unlimited[1]))
    sent, error = await fill(writer, bytes(20_000))
    assert isinstance(error, CommitUnknown), error
    assert sent
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    answer = await writer.write(message("order/1"))
    found = [row.id for row in await writer.read(lambda reader: reader.inbox(run))]
    assert set(sent) <= set(found), (sent, found)
    assert found[-1:] == answer.inbox
    assert await writer.read(lambda reader: reader.verify(run)) == []
    assert len(await writer.read(lambda reader: reader.runs(RunFilter()))) == 1
    await writer.close()


def test_a_file_that_may_not_grow_leaves_the_outcome_open_and_resumes(tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path / "store.db", Path(__file__).parent],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (child.returncode, child.stderr) == (0, "")
