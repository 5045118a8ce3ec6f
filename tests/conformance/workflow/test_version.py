"""`workflow.version`: decided once, recorded, and answered for histories that are older than the call."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from actorflow.codec import decode
from actorflow.errors import Error
from actorflow.machine.op import Op
from actorflow.run import event as events
from actorflow.store.memory import MemoryStore
from tests.conformance.process.rig import until
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of

Ops = Generator[tuple[Any, ...], Any, Any]


@pytest.fixture
def durable() -> Durable:
    memory = MemoryStore()
    return Durable(lambda: memory)


def version(*args: Any) -> tuple[Any, ...]:
    return (Op.PERFORM, "workflow.version", args)


def message() -> Ops:
    inbox = yield (Op.INBOX,)
    return (yield (Op.RECEIVE, inbox))


async def marks(durable: Durable) -> list[tuple[str, Any]]:
    async with durable.node() as node:
        row = await engine_of(node).writer.read(lambda store: store.find("w"))
        journal = (await engine_of(node).writer.read(lambda store: store.load(row.run))).events
    return [(event.target, decode(event.payload)) for event in journal if event.kind == events.VERSION_MARKED]


async def lives(durable: Durable, *scripts: Any) -> Any:
    """Begin a run with the first script; let each further one find it waiting, as if it had been put in its place."""
    durable.add("app:main", scripts[0])
    options = {"workflow.id": "w"}
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options=options)
    for script in scripts[1:]:
        durable.registry.scripts["app:main"] = script
        async with durable.node() as node:
            await node.send(pid, "go")
            result = await node.wait(pid, timeout=30)
    return result


async def test_the_newest_version_is_taken_marked_once_and_kept(durable: Durable) -> None:
    def main() -> Ops:
        first = yield version("c", 1, 3)
        second = yield version("c", 1, 3)
        yield from message()
        return [first, second, (yield version("c", 1, 9))]

    assert await lives(durable, main, main) == [3, 3, 3]
    assert await marks(durable) == [("c", 3)]


async def test_a_history_older_than_the_call_takes_the_default(durable: Durable) -> None:
    def old() -> Ops:
        yield (Op.AFTER, 10**15)
        yield from message()

    def new() -> Ops:
        before = [(yield version("a", -1, 2)), (yield version("b", 1, 2))]
        yield (Op.AFTER, 10**15)
        yield from message()
        return [*before, (yield version("a", -1, 2)), (yield version("c", -1, 2))]

    assert await lives(durable, old, new) == [-1, 1, -1, 2]
    assert await marks(durable) == [("c", 2)]


async def test_a_call_put_before_an_older_one_does_not_take_its_mark(durable: Durable) -> None:
    def old() -> Ops:
        yield version("a", -1, 1)
        yield from message()

    def new() -> Ops:
        both = [(yield version("b", -1, 7)), (yield version("a", -1, 2))]
        yield from message()
        return both

    assert await lives(durable, old, new) == [-1, 1]


async def test_a_version_that_the_code_has_left_behind_pauses_a_replay(durable: Durable) -> None:
    def old() -> Ops:
        yield version("a", 1, 1)
        yield from message()

    def new() -> Ops:
        yield version("a", 2, 3)
        yield from message()

    durable.add("app:main", old)
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "w"})
    durable.registry.scripts["app:main"] = new
    async with durable.node() as node:
        await node.send(pid, "go")
        await until(lambda: "run-paused" in [notice.code for notice in durable.notices])
        with pytest.raises(Error, match="timed out"):
            await node.wait(pid, timeout=0.05)
    (notice,) = [notice for notice in durable.notices if notice.code == "run-paused"]
    assert "VersionMarked" in notice.text
    assert "[2, 3]" in notice.text


@pytest.mark.parametrize(
    "args", [("", 1, 1), (None, 1, 1), ("x", 2, 1), ("x", "1", 2), ("x", 1), ("x", True, 2), ("x", 1.5, 2)]
)
async def test_wrong_arguments_are_invalid(durable: Durable, args: tuple[Any, ...]) -> None:
    def main() -> Ops:
        try:
            yield version(*args)
        except Error as error:
            return error.kind

    durable.add("app:main", main)
    async with durable.node() as node:
        assert await node.exec("app:main", host=WORKFLOWS, timeout=30) == "Invalid"
