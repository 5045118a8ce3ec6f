"""One life of a node with one run at a time, of many steps: nearly all its commits are made in the node's own thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import trio

from actorflow import app
from actorflow.run.turn import Committed, Item
from actorflow.store import lone, writer
from actorflow.store.sql import SqlStore
from tests.crash.living import PATIENCE, Report, faults, known_runs

HOST: Final = "app:flows"
ENTRIES: Final = ("app:py", "app:lua")
STEPS: Final = 12
FEWEST: Final = len(ENTRIES) * (STEPS + 1)  # each step waits for the one before
INDEX = """
namespace: app
entries:
  - {name: flows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: note, kind: function.py, source: file://note.py, method: note, run: trio}
  - {name: py, kind: workflow.py, source: file://flows.py, method: count}
  - {name: lua, kind: workflow.lua, source: file://count.lua, method: main, modules: [funcs]}
"""
NOTE = """
import os

async def note(path, number):
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{number} ".encode())
    os.close(handle)
    return number + 1
"""
FLOWS = """
from actorflow.script import funcs

async def count(path, steps):
    number = 0
    for _ in range(steps):
        number = await funcs.call("app:note", path, number)
    return number
"""
COUNT = """
local funcs = require("funcs")

local function main(path, steps)
    local number = 0
    for _ = 1, steps do number = assert(funcs.call("app:note", path, number)) end
    return number
end

return {main = main}
"""


def _prepare(place: Path) -> Path:
    registry = place / "registry"
    registry.mkdir(exist_ok=True)
    for name, text in (("_index.yaml", INDEX), ("note.py", NOTE), ("flows.py", FLOWS), ("count.lua", COUNT)):
        (registry / name).write_text(text)
    return registry


def _hurry(report: Report) -> None:
    """Have commits made in the node's thread on the slowest of machines, and note each of them before it is made."""
    lone.LIMIT, lone.FEW = 1e9, 1  # type: ignore[misc]
    writer.is_idle = lambda: True  # type: ignore[attr-defined]
    made = SqlStore.commit_at_once

    def commit_at_once(self: SqlStore, batch: Any) -> list[Committed] | None:
        items: list[Item] = list(batch)
        report.say("here", type(items[0]).__name__, self.commits + 1)
        return made(self, items)

    SqlStore.commit_at_once = commit_at_once  # type: ignore[method-assign]


async def live(place: Path) -> None:
    """Live once: start what is missing, one after another, and say what came of it."""
    report = Report(place / "report.jsonl")
    _hurry(report)
    async with app.boot(_prepare(place), data=place / "data") as booted:
        node = booted.node
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        for entry in ENTRIES:
            if entry not in known:
                file = str(place / f"{entry[4:]}.txt")
                await node.spawn(entry, host=HOST, args=[file, STEPS], options={"workflow.id": entry})
                report.say("start", entry)
            with trio.fail_after(PATIENCE):
                report.say("result", entry, await node.wait(f"{{local@{HOST}|{entry}}}", timeout=PATIENCE))
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            report.say("fault", "", text)
        commits = node.hosts[HOST].engine.writer.commits  # type: ignore[attr-defined]
    report.say("commits", "", commits)
