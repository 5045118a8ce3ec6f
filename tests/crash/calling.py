"""One life of a node on the workflows of `calls`: start what is missing, resolve what is unknown, and say what was seen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import trio

from actorflow import app
from actorflow.node.node import Node
from actorflow.run.state import PAUSED
from actorflow.store.port import Reader, RunFilter
from actorflow.store.view import why
from tests.crash.living import PATIENCE, Report, faults, known_runs

REGISTRY: Final = Path(__file__).with_name("calls")
HOST: Final = "app:flows"
ENTRIES: Final = ("app:py", "app:lua")
FEWEST: Final = len(ENTRIES) + 1  # the starts, and what comes of them


async def live(place: Path) -> None:
    """Live once, on the registry of the place, or else on the one that is here."""
    own = place / "registry"
    report = Report(place / "report.jsonl")
    async with (
        app.boot(own if own.exists() else REGISTRY, data=place / "data") as booted,
        trio.open_nursery() as nursery,
    ):
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        nursery.start_soon(_resolve, booted.node, booted.stores)
        for entry in ENTRIES:
            if entry not in known:
                await booted.node.spawn(entry, host=HOST, args=[entry], options={"workflow.id": entry})
        for entry in ENTRIES:
            report.say("result", entry, await booted.node.wait(f"{{local@{HOST}|{entry}}}", timeout=PATIENCE))
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            report.say("fault", entry, text)
        commits = booted.node.hosts[HOST].engine.writer.commits  # type: ignore[attr-defined]
        nursery.cancel_scope.cancel()
    report.say("commits", "", commits)


async def _resolve(node: Node, stores: app.Stores) -> None:
    """Have every call attempted again whose end is unknown, as a person would."""
    while True:
        for found in await stores.each(_unknown):
            for workflow_id, ref in found:
                await node.runs.resolve(workflow_id, ref, None)
        await trio.sleep(0.01)


def _unknown(reader: Reader) -> list[tuple[str, int]]:
    found = []
    for row in reader.runs(RunFilter(state=PAUSED), 10):
        for reason in why(reader, row.workflow_id, served=True)["reasons"]:
            found += [(row.workflow_id, int(ref)) for ref in re.findall(r"call (\d+) of \S+ was running", reason)]
    return found
