"""The script API in Python, check by check, on a node that runs: on actors, and as workflows where that is allowed."""

from __future__ import annotations

from pathlib import Path

import actorflow
from actorflow.app import read_registry
from actorflow.errors import Error

TREE = Path(__file__).parent / "tree"


async def test_every_check_holds_where_it_is_allowed(tmp_path: Path) -> None:
    entries = read_registry(TREE).find("process.py")
    checks = [(entry.id, host) for entry in entries for host in entry.meta.get("hosts", ())]
    wrong = []
    async with actorflow.open(TREE, data=tmp_path) as node:
        for check, host in checks:
            try:
                await node.exec(check, host=f"app:{host}", timeout=30)
            except Error as error:
                wrong.append(f"{check} on {host}: {error.message}\n{error.failure.stack}")
    assert len(checks) > 30
    assert not wrong, "\n\n".join(["", *wrong])
