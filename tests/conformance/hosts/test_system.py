"""The `system` module in Python."""

from __future__ import annotations

import gc
from pathlib import Path

from actorflow.errors import INVALID, NOT_FOUND
from tests.conformance.hosts.place import ACTORS, Place

SCRIPT = """
    from actorflow.script import Error, system

    async def main():
        stats = await system.memory.stats()
        await system.gc.collect()
        facts = [
            stats["peak"] >= stats["alloc"] > 1_000_000,
            await system.memory.allocated() > 1_000_000,
            await system.memory.heap_objects() > 1000,
            await system.memory.get_limit() > 0,
            await system.runtime.tasks() > 0,
            0 < await system.runtime.max_procs() <= await system.runtime.cpu_count(),
            await system.process.pid() > 1,
            bool(await system.process.hostname()),
            "queue" in [module["name"] for module in await system.modules()],
        ]
        hosts = {host["id"]: host["processes"] for host in await system.process.hosts()}
        states = {line["id"]: line["state"] for line in await system.supervisor.states()}
        one = await system.supervisor.state("app:actors")
        refused = []
        for wrong in (system.supervisor.state("app:none"), system.supervisor.state(""), system.exit(256)):
            try:
                await wrong
            except Error as error:
                refused.append(error.kind)
        return facts, hosts, states, one["state"], refused
"""


async def test_a_python_script_asks_about_its_node(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.python("script", SCRIPT)
    async with place.node() as node:
        facts, hosts, states, one, refused = await node.exec("app:script", host=ACTORS)
        assert not node.leaving.is_set()
    assert all(facts), facts
    assert hosts[ACTORS] == 1
    assert states == {"app:actors": "running", "app:flows": "running"}
    assert one == "running"
    assert refused == [NOT_FOUND, INVALID, INVALID]


async def test_what_a_script_does_to_the_collector_ends_with_the_node(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.python(
        "off", "from actorflow.script import system\n\nasync def main():\n    await system.gc.set_percent(-1)\n"
    )
    before = gc.get_threshold(), gc.isenabled()
    async with place.node() as node:
        await node.exec("app:off", host=ACTORS)
        assert not gc.isenabled()
    assert (gc.get_threshold(), gc.isenabled()) == before
