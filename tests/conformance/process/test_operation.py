"""Operations of the node, asked for by processes and by functions in every way they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.lowlevel

from actorflow.errors import INVALID, Error
from actorflow.machine.op import Op
from actorflow.node.operation import Caller
from actorflow.ports import CallRequest, Outcome
from tests.conformance.process.rig import HOST, Rig, rig, until

ASYNC = """
from actorflow.script.operation import perform
async def main(name, *args):
    return await perform(name, *args)
"""
SYNC = """
from actorflow.script import wait
from actorflow.script.operation import perform
def main(name, *args):
    return wait(perform(name, *args))
"""
WAYS = {"trio": ASYNC, "asyncio": ASYNC, "thread": SYNC}


async def slow(_caller: Caller, value: Any) -> Any:
    await trio.lowlevel.checkpoint()
    return [value]


def refuse(_caller: Caller) -> None:
    raise Error("no", INVALID, details={"why": 1})


def offer(node: Rig, **more: Callable[..., Any]) -> None:
    for name, function in {"slow": slow, "refuse": refuse, **more}.items():
        node.node.operations.add(name, function)


async def called(node: Rig, *args: Any) -> Outcome:
    got: list[Outcome] = []
    node.functions.call(CallRequest("app:ask", args), got.append)
    await until(lambda: got)
    return got[0]


async def test_a_process_gets_values_and_failures() -> None:
    def script(*_args: Any) -> Any:
        first = yield (Op.PERFORM, "who", (1,))
        second = yield (Op.PERFORM, "slow", ({"a": [1]},))
        try:
            yield (Op.PERFORM, "refuse", ())
        except Error as error:
            return [first, second, error.kind, error.details]

    async with rig() as node:
        offer(node, who=lambda caller, n: [caller.entry, caller.host, caller.pid.startswith("{local@"), n])
        answer = await node.run(script)
    assert answer == [["app:main", HOST, True, 1], [{"a": [1]}], INVALID, {"why": 1}]


async def test_what_a_process_holds_is_released_at_its_end() -> None:
    released: list[str] = []

    def script(*_args: Any) -> Any:
        yield (Op.PERFORM, "hold", ())
        yield (Op.PERFORM, "hold", ())
        return len(released)

    async with rig() as node:
        offer(node, hold=lambda caller: caller.release(lambda: released.append(caller.pid)) and None)
        assert await node.run(script) == 0
        await until(lambda: released)
    assert len(released) == 2


async def test_an_operation_ends_with_the_process_that_asked() -> None:
    events: list[str] = []

    async def wait_long(_caller: Caller) -> None:
        events.append("begun")
        try:
            await trio.sleep_forever()
        finally:
            events.append("cancelled")

    def script(*_args: Any) -> Any:
        yield (Op.PERFORM, "long", ())

    async with rig() as node:
        offer(node, long=wait_long)
        node.add("app:long", script)
        pid = await node.node.spawn("app:long", host=HOST)
        await until(lambda: events)
        await node.node.terminate(pid)
        await until(lambda: len(events) == 2)
    assert events == ["begun", "cancelled"]


@pytest.mark.parametrize("way", WAYS)
async def test_functions_get_the_same(way: str) -> None:
    released: list[str] = []

    def hold(caller: Caller) -> list[str]:
        caller.release(lambda: released.append(caller.entry))
        return [caller.entry, caller.pid]

    async with rig() as node:
        offer(node, hold=hold)
        node.registry.add_python("app:ask", WAYS[way], way)
        assert (await called(node, "slow", {"a": 1})).value == [{"a": 1}]
        assert (await called(node, "hold")).value == ["app:ask", ""]
        refused = (await called(node, "refuse")).failure
        unknown = (await called(node, "slwo")).failure
    assert refused is not None
    assert (refused.message, refused.kind, refused.details) == ("no", INVALID, {"why": 1})
    assert unknown is not None
    assert "did you mean 'slow'" in unknown.message
    assert released == ["app:ask"]


async def test_a_function_in_a_process_of_its_own_is_refused_with_what_to_do() -> None:
    async with rig() as node:
        offer(node)
        node.registry.add_python("app:ask", ASYNC, "process")
        failure = (await called(node, "slow", 1)).failure
    assert failure is not None
    assert failure.kind == INVALID
    assert "use run: trio" in failure.message


async def test_wait_is_refused_where_await_works() -> None:
    async with rig() as node:
        offer(node)
        node.registry.add_python("app:ask", SYNC.replace("def main", "async def main"), "trio")
        failure = (await called(node, "slow", 1)).failure
    assert failure is not None
    assert "use `await`" in failure.message
