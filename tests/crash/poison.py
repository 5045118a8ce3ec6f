"""One life of a node with a call that kills it, and with neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from actorflow import app
from actorflow.run import state as states
from actorflow.store import view
from tests.crash.living import Report, known_runs

REGISTRY: Final = Path(__file__).with_name("registry_poison")
HOST: Final = "app:flows"
NEIGHBOURS: Final = 5
PATIENCE: Final = 30


async def live(place: Path) -> None:
    """Live once in `place`: until the neighbours have ended, if it comes to that."""
    report = Report(place / "report.jsonl")
    async with app.boot(REGISTRY, data=place / "data") as booted:
        node = booted.node
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        for name in [*(f"good-{number}" for number in range(NEIGHBOURS)), "poison"]:
            if name not in known:
                entry = f"app:{name.partition('-')[0]}"
                await node.spawn(entry, host=HOST, options={"workflow.id": name})
        for number in range(NEIGHBOURS):
            result = await node.wait(f"{{local@{HOST}|good-{number}}}", timeout=PATIENCE)
            report.say("result", f"good-{number}", result)
        row = await booted.stores.about("poison", lambda reader: view.show(reader, "poison"))
        report.say("state", "poison", [row["state"], row["reason"]])
        if row["state"] == states.PAUSED and (place / "mended").exists():
            await node.runs.resolve("poison", 1, None)
            report.say("result", "poison", await node.wait(f"{{local@{HOST}|poison}}", timeout=PATIENCE))
