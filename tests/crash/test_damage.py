"""A damaged journal, a changed script: the run that it concerns is paused with a report, and no other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from actorflow.run.state import PAUSED, WAITING
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
