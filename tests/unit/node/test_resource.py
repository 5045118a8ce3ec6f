"""Resources: found by id while they run, and refused with the reason otherwise."""

from __future__ import annotations

import pytest

from actorflow.errors import INVALID, NOT_FOUND, UNAVAILABLE, Error, Failure
from actorflow.node.node import Node
from actorflow.node.runner import ResourceRunner
from tests.conformance.process.rig import Entry, FakeRegistry


class Lamp:
    def __init__(self) -> None:
        self.log: list[str] = []

    async def start(self) -> None:
        self.log.append("on")

    async def stop(self, grace: float) -> None:
        self.log.append(f"off {grace}")


@pytest.fixture
def node() -> Node:
    registry = FakeRegistry()
    registry.entries["app:lamp"] = Entry("lamp")
    return Node(registry, {})


async def test_a_resource_is_found_while_it_runs(node: Node) -> None:
    made = Lamp()
    ended: list[Failure | None] = []
    runner = ResourceRunner(node, "app:lamp", lambda: made)
    await runner.start(ended.append)
    assert node.running.find("app:lamp", Lamp) is made
    await runner.stop(2)
    await runner.kill()
    assert made.log == ["on", "off 2"]
    assert ended == [None]
    with pytest.raises(Error, match="not running; has it") as caught:
        node.running.find("app:lamp", Lamp)
    assert caught.value.kind == UNAVAILABLE


async def test_a_resource_that_cannot_start_is_not_found(node: Node) -> None:
    class Broken(Lamp):
        async def start(self) -> None:
            raise Error("no power", UNAVAILABLE)

    with pytest.raises(Error, match="no power"):
        await ResourceRunner(node, "app:lamp", Broken).start(lambda _failure: None)
    with pytest.raises(Error, match="not running"):
        node.running.find("app:lamp", Lamp)


def test_an_id_of_something_else_says_what_it_is(node: Node) -> None:
    node.running.add("app:lamp", Lamp())
    with pytest.raises(Error, match="app:lamp is a lamp, expected a Node") as caught:
        node.running.find("app:lamp", Node)
    assert caught.value.kind == INVALID


def test_an_unknown_id_is_not_found(node: Node) -> None:
    with pytest.raises(Error) as caught:
        node.running.find("app:lapm", Lamp)
    assert caught.value.kind == NOT_FOUND
