"""Dying at a chosen commit: what was written then, and what was told."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from actorflow.errors import INVALID, Error
from actorflow.store.crash import CrashPoint, crash_point
from actorflow.store.dialect import Sqlite
from actorflow.store.port import RunFilter
from actorflow.store.sql import SqlStore

CHILD = """
import sys
import trio
from actorflow.store.dialect import Sqlite
from actorflow.store.sql import SqlStore
from actorflow.store.writer import Writer
from actorflow.testing.conformance.items import Book

async def main():
    writer = Writer(SqlStore(Sqlite(sys.argv[1])))
    for number in range(5):
        await writer.write(Book(f"order/{number}").start())
        print(f"order/{number}", flush=True)
    await writer.close()

trio.run(main)
"""


@pytest.mark.parametrize(
    ("where", "status", "told", "written"),
    [("3", 137, 2, 2), ("3:before", 137, 2, 2), ("3:after", 137, 2, 3), ("6", 0, 5, 5), ("", 0, 5, 5)],
)
def test_a_process_dies_at_its_commit(tmp_path: Path, where: str, status: int, told: int, written: int) -> None:
    path = tmp_path / "store.db"
    environment = {**os.environ, "ACTORFLOW_CRASH_AT": where}
    child = subprocess.run(
        [sys.executable, "-c", CHILD, path], env=environment, capture_output=True, text=True, check=False
    )
    assert (child.returncode, child.stderr) == (status, "")
    assert child.stdout.splitlines() == [f"order/{number}" for number in range(told)]
    with closing(SqlStore(Sqlite(path), CrashPoint())) as store:
        rows = store.runs(RunFilter())
        assert sorted(row.workflow_id for row in rows) == [f"order/{number}" for number in range(written)]
        assert [store.verify(row.run) for row in rows] == [[]] * written


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("", CrashPoint(0)),
        ("12", CrashPoint(12, after=False)),
        ("1:before", CrashPoint(1, after=False)),
        ("7:after", CrashPoint(7, after=True)),
    ],
)
def test_the_variable_is_read(text: str, point: CrashPoint) -> None:
    assert crash_point({"ACTORFLOW_CRASH_AT": text}) == point


@pytest.mark.parametrize("text", ["0", "x", "1:during", "-1", "1:", ":after"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(Error, match="expected a number from 1") as caught:
        crash_point({"ACTORFLOW_CRASH_AT": text})
    assert caught.value.kind == INVALID
