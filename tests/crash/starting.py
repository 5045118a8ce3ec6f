"""One life of a node that starts runs in every way: what is missing is started, and every end is waited for.

Run as `python -m tests.crash.starting PLACE`; the report says what was seen. `ACTORFLOW_CRASH_AT` ends it early.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import trio

from actorflow import app
from actorflow.errors import Error
from actorflow.store.port import Reader, RunFilter

HOST = "app:flows"
INDEX = """
namespace: app
entries:
  - {name: flows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: brief, kind: workflow.py, source: file://flows.py, method: brief}
  - {name: asleep, kind: workflow.py, source: file://flows.py, method: asleep}
  - {name: shaky, kind: workflow.py, source: file://flows.py, method: shaky}
  - {name: parent, kind: workflow.py, source: file://flows.py, method: parent}
"""
FLOWS = """
from actorflow.script import errors, process, time, workflow

async def brief(value):
    await time.sleep(0.005)
    return value

async def asleep(value):
    await time.sleep(3600)

async def shaky(times):
    attempt = workflow.info()["attempt"]
    if attempt <= times:
        raise errors.Error("not yet", retryable=True)
    return attempt

async def parent():
    for policy in ("terminate", "request_cancel"):
        options = {"workflow.id": f"child-{policy}", "workflow.parent_close_policy": policy}
        await process.with_options(options).spawn("app:asleep", "app:flows", policy)
    await time.sleep(0.005)
    return "parted"
"""
STARTS: list[tuple[str, str, list[Any], dict[str, Any]]] = [
    ("late", "brief", ["late"], {"start_delay": "20ms"}),
    ("first", "brief", ["first"], {}),
    ("first", "brief", ["second"], {"on_conflict": "queue"}),
    ("first", "brief", ["third"], {"on_conflict": "queue"}),
    ("taken", "asleep", ["old"], {}),
    ("taken", "brief", ["new"], {"on_conflict": "replace"}),
    ("over", "asleep", ["over"], {"run_timeout": "30ms"}),
    ("shaky", "shaky", [2], {"retry_policy": {"initial_interval": 5}}),
    ("parent", "parent", [], {}),
]


def prepare(place: Path) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    (place / "_index.yaml").write_text(INDEX)
    (place / "flows.py").write_text(FLOWS)
    return place


def stored(reader: Reader) -> dict[str, Any]:
    rows = reader.runs(RunFilter(), 1000)
    faults = [fault for row in rows for fault in reader.verify(row.run)]
    ends = sorted((row.workflow_id.partition("~")[0], row.state) for row in rows)
    return {"ends": ends, "faults": faults, "open": [row.workflow_id for row in rows if row.result is None]}


async def live(place: Path) -> None:
    done = place / "started.jsonl"
    known = len(done.read_text().splitlines()) if done.exists() else 0
    async with app.boot(place) as booted:
        node = booted.node
        for workflow_id, entry, args, options in STARTS[known:]:
            given = {"workflow.id": workflow_id, **{f"workflow.{name}": value for name, value in options.items()}}
            try:
                await node.start(f"app:{entry}", host=HOST, args=args, options=given)
            except Error as error:
                raise SystemExit(f"{workflow_id}: {error.message}") from error
            with done.open("a") as file:
                file.write(json.dumps(workflow_id) + "\n")
        with trio.fail_after(20):
            while (await booted.stores.each(stored))[0]["open"]:  # noqa: ASYNC110 - it waits for the store
                await trio.sleep(0.01)
        (seen,) = await booted.stores.each(stored)
        seen["commits"] = node.hosts[HOST].engine.writer.commits  # type: ignore[attr-defined]
        (place / "seen.json").write_text(json.dumps(seen))


if __name__ == "__main__":
    trio.run(live, prepare(Path(sys.argv[1])))
