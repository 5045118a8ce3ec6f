"""Dying while sources are collected, before and after the commit: what a run is pinned to is never gone."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from actorflow.run.turn import ChangeRun
from actorflow.store.crash import STATUS, VARIABLE
from actorflow.store.dialect import Sqlite
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import EPOCH, Book

COLLECT = """
import sys
from actorflow.store.dialect import Sqlite
from actorflow.store.sql import SqlStore
SqlStore(Sqlite(sys.argv[1])).collect_sources()
"""


def sources(path: Path) -> set[str]:
    with closing(SqlStore(Sqlite(path))) as store:
        return {name for name in ("pinned", "repinned", "left", "purged") if store.bundle(name) is not None}


def collect(path: Path, crash_at: str = "") -> int:
    """Collect in a process of its own, which dies there."""
    environment = {**os.environ, VARIABLE: crash_at}
    return subprocess.run([sys.executable, "-c", COLLECT, str(path)], env=environment, check=False).returncode


@pytest.mark.parametrize(
    ("when", "left"), [("before", {"left", "purged"}), pytest.param("after", set(), marks=pytest.mark.slow)]
)
def test_collecting_survives_a_crash_at_its_commit(tmp_path: Path, when: str, left: set[str]) -> None:
    path = tmp_path / "runs.db"
    with closing(SqlStore(Sqlite(path))) as store:
        for name in ("pinned", "left", "purged"):
            book = Book(name, name)
            (answer,) = store.commit([book.start(bundle_hash=name, bundle=name.encode())])
            book.started(answer)
            if name == "left":  # the run has gone on with another source
                store.commit([ChangeRun("pause", book.run, at=EPOCH)])
                accept = ChangeRun("accept", book.run, at=EPOCH, since=2, source="repinned", bundle=b"repinned")
                assert store.commit([accept])[0].accepted
            elif name == "purged":
                store.commit([book.finish()])
                store.commit([ChangeRun("purge", book.run, at=EPOCH)])
    assert sources(path) == {"pinned", "repinned", "left", "purged"}
    assert collect(path, f"1:{when}") == STATUS
    assert sources(path) == {"pinned", "repinned", *left}
    assert collect(path) == 0
    assert sources(path) == {"pinned", "repinned"}
    with closing(SqlStore(Sqlite(path))) as store:
        assert store.collect_sources() == []
