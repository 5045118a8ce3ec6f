"""A damaged journal, a changed script: the run that it concerns is paused with a report, and no other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import INTERNAL, Error
from actorflow.run.state import PAUSED, WAITING
from actorflow.store.read import SqlReader
from tests.conformance.process.rig import until
from tests.conformance.workflow.durable import WORKFLOWS
from tests.crash.kept import PATIENCE, parked, paused, reach, sqlite_rig

DAMAGE = {
    "payload": "UPDATE journal SET payload = X'01' WHERE run = ? AND seq = 2",
    "start": "UPDATE journal SET payload = X'FF' WHERE run = ? AND seq = 1",
    "kind": "UPDATE journal SET kind = 'TimerFired' WHERE run = ? AND seq = 3",
    "tail": "DELETE FROM journal WHERE run = ? AND seq = 3",
    "all": "DELETE FROM journal WHERE run = ?",
    "source": "DELETE FROM source WHERE ? > 0",
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_damaged_journal_pauses_exactly_its_run(tmp_path: Path, damage: str) -> None:
    rig = sqlite_rig(tmp_path / "runs.db")
    rig.add("app:parked", parked)
    rig.add("app:other", lambda number: (yield from parked(number)))
    async with rig.node() as node:
        entries = ["app:parked", "app:other", "app:other"]
        pids = [
            await node.spawn(entry, host=WORKFLOWS, args=[number], options={"workflow.id": f"run {number}"})
            for number, entry in enumerate(entries)
        ]
        for number in range(3):
            await reach(node, f"run {number}", WAITING, events=3)
    with closing(sqlite3.connect(tmp_path / "runs.db")) as connection:
        (run, source) = connection.execute("SELECT run, bundle_hash FROM run WHERE workflow_id = 'run 0'").fetchone()
        if damage == "source":
            connection.execute("DELETE FROM source WHERE hash = ?", (source,))
        else:
            connection.execute(DAMAGE[damage], (run,))
        connection.commit()
    async with rig.node() as node:
        for number, pid in enumerate(pids):
            await node.send(pid, "go", number)
        assert [await node.wait(pid, timeout=PATIENCE) for pid in pids[1:]] == [[2, 2], [4, 4]]
        row = await reach(node, "run 0", PAUSED)
        await until(lambda: paused(rig.notices))
    (notice,) = paused(rig.notices)
    assert notice.where == pids[0]
    assert ("corrupt" in row.reason) or (damage == "source" and "source" in row.reason)


@pytest.mark.parametrize(("times", "state"), [(1, "completed"), (4, PAUSED)])
async def test_a_run_that_cannot_be_read_once_goes_on_and_one_that_never_can_is_paused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, state: str
) -> None:
    left, load = times, SqlReader.load

    def failing(reader: SqlReader, run: int, **options: Any) -> Any:
        nonlocal left
        if left and options:
            left -= 1
            raise Error("the database is damaged, or the disk cannot read it", INTERNAL, retryable=False)
        return load(reader, run, **options)

    rig = sqlite_rig(tmp_path / "runs.db")
    rig.add("app:parked", parked)
    async with rig.node() as node:
        pid = await node.spawn("app:parked", host=WORKFLOWS, args=[1], options={"workflow.id": "run 0"})
        await reach(node, "run 0", WAITING, events=3)
    async with rig.node() as node:
        monkeypatch.setattr(SqlReader, "load", failing)
        await node.send(pid, "go", 1)
        await reach(node, "run 0", state)
