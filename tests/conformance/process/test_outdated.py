"""OUTDATED: what a process that wants to know hears when the registry has other code for it."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.machine.op import Op
from actorflow.message import OUTDATED
from actorflow.registry.change import Revision, Version
from tests.conformance.process.rig import Rig, rig, until


def revise(node: Rig, **outdated: tuple[str, ...]) -> None:
    """Tell the node that the code of entries has changed, `main=("app:lib",)` for `app:main`."""
    changed = {f"app:{name}": sources for name, sources in outdated.items()}
    registry: Any = node.registry
    node.node.revised(Revision(Version(2, 1, 0), (), registry, registry, changed))


def upgradable() -> Any:
    """Ask to be told, wait for `go`, then return the sources of every event that waits, and the last event's kind."""
    yield (Op.SET_OPTION, "upgradable", True)
    go = yield (Op.LISTEN, "go", False)
    yield (Op.RECEIVE, go)
    events = yield (Op.EVENTS,)
    found = []
    while True:
        _, event, _ = yield (Op.SELECT, [(events, False, None)], True)
        if event is None:
            return found
        found.append([event["kind"], event["type"], event["sources"]])


def quiet() -> Any:
    go = yield (Op.LISTEN, "go", False)
    yield (Op.RECEIVE, go)
    events = yield (Op.EVENTS,)
    _, event, _ = yield (Op.SELECT, [(events, False, None)], True)
    return event


async def pid_of(node: Rig) -> str:
    await until(lambda: any("topic go" in info.waits[0] for info in node.node.processes() if info.waits))
    return next(info.pid for info in node.node.processes())


@pytest.mark.parametrize(
    ("script", "expected"),
    [(upgradable, [[OUTDATED, "OUTDATED", ["app:lib", "app:main", "app:other"]]]), (quiet, None)],
)
async def test_one_event_waits_of_all_that_has_changed(script: Any, expected: Any) -> None:
    async with rig() as node:
        node.add("app:main", script)
        pid = await node.node.spawn("app:main", host=node.host.id)
        await pid_of(node)
        revise(node, main=("app:lib", "app:main"))
        revise(node, main=("app:main", "app:other"))
        revise(node, another=("app:another",))
        await node.node.send(pid, "go")
        assert await node.node.wait(pid, timeout=30) == expected


async def test_who_reads_events_hears_at_once() -> None:
    def main() -> Any:
        yield (Op.SET_OPTION, "upgradable", True)
        assert (yield (Op.GET_OPTION, "upgradable"))
        events = yield (Op.EVENTS,)
        event, _ = yield (Op.RECEIVE, events)
        return event["sources"]

    async with rig() as node:
        node.add("app:main", main)
        pid = await node.node.spawn("app:main", host=node.host.id)
        await until(lambda: any("@pid/events" in info.waits[0] for info in node.node.processes()))
        revise(node, main=("app:main",))
        assert await node.node.wait(pid, timeout=30) == ["app:main"]
