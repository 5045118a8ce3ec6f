"""A run that waits with its first steps takes them once, however often it is let go."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from actorflow.codec import encode
from actorflow.run import event as events
from actorflow.testing.invariant import violations
from hosts.workflow.live import Fact
from tests.conformance.hosts.place import FLOWS, Place, waiting_for

FLOW = """
from actorflow.script import process
async def main():
    return (await process.inbox().receive()).payload
"""


async def test_a_run_that_is_released_twice_begins_once(tmp_path: Path) -> None:
    place = Place(tmp_path)
    entry = place.python("flow", FLOW, "workflow")
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS, options={"workflow.id": "held", "workflow.hold": True})
        host: Any = node.hosts[FLOWS]
        engine = host.engine
        again = Fact(events.RUN_RELEASED, 0, "", encode(None), node.clock.now())
        await node.runs.change("release", "held")
        await waiting_for(node, pid)
        engine.fact(engine.open_ids["held"], again)  # as a turn leaves it whose commit a pause has outrun
        await node.send(pid, "go", 1)
        assert await node.wait(pid, timeout=30) == 1
        with closing(engine.writer.reader()) as reader:
            assert violations(reader) == []
            kinds = [event.kind for event in reader.journal(1)]
        assert kinds.count(events.RUN_RELEASED) == 1
