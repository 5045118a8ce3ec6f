"""Waiting for the state of a run of this node: it is looked at when it has moved, and not before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from actorflow.duration import SECOND
from actorflow.errors import CONFLICT, Error
from actorflow.machine.op import Op
from actorflow.node.node import Node
from actorflow.store import reaching
from actorflow.store.memory import MemoryStore
from tests.conformance.workflow.control import operator_of
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.conformance.workflow.test_sweeper import Ops, TrioClock, receives

ON, MANY = {"workflow.id": "w"}, 30


def fails() -> Ops:
    yield (Op.SLEEP, SECOND)
    raise Error("no", "Internal", retryable=False)


def busy() -> Ops:
    for _ in range(MANY):
        yield (Op.SLEEP, SECOND)
    inbox = yield (Op.INBOX,)
    yield (Op.RECEIVE, inbox)


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> Durable:
    monkeypatch.setattr(reaching, "RARELY_SECONDS", 1e6)  # nobody may be saved by looking now and then
    store = MemoryStore()
    made = Durable(lambda: store)
    made.clock = TrioClock()
    for name, script in {"receives": receives, "fails": fails, "busy": busy}.items():
        made.add(f"app:{name}", script)
    return made


async def _pause(node: Node) -> None:
    await operator_of(node).change("pause", "w")


async def _resumed(node: Node) -> None:
    await operator_of(node).change("pause", "w")
    await trio.sleep(1)
    await operator_of(node).change("resume", "w")


async def _send(node: Node) -> None:
    await node.send("{local@app:workflows|w}", "topic", "go")


async def _terminate(node: Node) -> None:
    await operator_of(node).change("terminate", "w")


async def _replace(node: Node) -> None:
    await node.start("app:receives", host=WORKFLOWS, options={**ON, "workflow.on_conflict": "replace"})


async def _nothing(_node: Node) -> None:
    return


CASES: list[tuple[str, dict[str, Any], str, Callable[[Node], Awaitable[None]]]] = [
    ("app:receives", {}, "paused", _pause),
    ("app:receives", {}, "pending", _resumed),
    ("app:receives", {}, "completed", _send),
    ("app:receives", {}, "cancelled", _terminate),
    ("app:receives", {}, "cancelled", _replace),
    ("app:fails", {}, "failed", _nothing),
    ("app:receives", {"workflow.start_delay": "5s"}, "waiting", _nothing),
    ("app:receives", {"workflow.run_timeout": "5s"}, "failed", _nothing),
    ("app:receives", {"workflow.start_delay": "9s", "workflow.execution_timeout": "5s"}, "failed", _nothing),
]


@pytest.mark.mock_clock
@pytest.mark.parametrize(("entry", "options", "until", "act"), CASES)
async def test_every_change_wakes_up_who_waits_for_it(
    durable: Durable, entry: str, options: dict[str, Any], until: str, act: Callable[[Node], Awaitable[None]]
) -> None:
    async with durable.node() as node:
        pid, seen = await node.spawn(entry, host=WORKFLOWS, options={**ON, **options}), []

        async def waiting() -> None:
            seen.append((await node.wait(pid, until=until, timeout=60))["state"])  # type: ignore[index,call-overload]

        async with trio.open_nursery() as nursery:
            nursery.start_soon(waiting)
            await trio.sleep(2)
            await act(node)
        assert len(seen) == 1
        assert not engine_of(node).writer.moves, "nobody watches any more"


@pytest.mark.mock_clock
async def test_a_run_is_looked_at_when_its_state_changes_and_not_with_each_turn(
    durable: Durable, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    show = reaching.view.show

    def counted(reader: Any, reference: str) -> dict[str, Any]:
        looks.append(reference)
        return show(reader, reference)

    monkeypatch.setattr(reaching.view, "show", counted)
    async with durable.node() as node:
        pid = await node.spawn("app:busy", host=WORKFLOWS, options=ON)
        with pytest.raises(Error, match="timed out"):
            await node.wait(pid, until="completed", timeout=MANY + 10)
        assert len(looks) == 2
        await _terminate(node)
        with pytest.raises(Error) as ended:
            await node.wait(pid, until="completed", timeout=60)
        assert ended.value.kind == CONFLICT


@pytest.mark.mock_clock
async def test_who_waits_is_told_that_the_host_stops(durable: Durable) -> None:
    async with durable.node() as node:
        pid = await node.spawn("app:receives", host=WORKFLOWS, options=ON)

        async def waiting() -> None:
            with pytest.raises(Error, match="not running"):
                await node.wait(pid, until="completed", timeout=60)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(waiting)
            await trio.sleep(1)
            await node.stop_host(WORKFLOWS, 1)
