"""Runs that move between two nodes, each with a store of its own, while they run and are told things."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actorflow.errors import NOT_FOUND, Error
from actorflow.machine.op import Op
from actorflow.run.state import COMPLETED
from actorflow.store.dialect import Sqlite
from actorflow.store.examine import examine
from actorflow.store.opening import open_store
from actorflow.store.port import RunFilter
from actorflow.store.relocate.move import move_runs
from tests.conformance.process.rig import until
from tests.conformance.workflow.control import operator_of
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.databases import POSTGRES, database, emptied

Ops = Generator[tuple[Any, ...], Any, Any]
RUNS = 6
STEPS = 8


def main(number: int) -> Ops:
    """Sleep, spawn, and wait for as many messages as there are steps, making a call for each."""
    inbox = yield (Op.INBOX,)
    total = 0
    for step in range(STEPS):
        message, _ = yield (Op.RECEIVE, inbox)
        total += yield (Op.CALL, "app:charge", (number, message.value), {})
        yield (Op.SLEEP, 1_000_000)
        assert message.value == step
    return total


def durable(of: Callable[[], Any]) -> Durable:
    made = Durable(lambda: open_store(of()))
    made.add("app:order", main)
    made.registry.add_python("app:charge", "async def main(number, step):\n    return number * 100 + step\n")
    return made


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=[*POSTGRES.marks, pytest.mark.slow])])
async def test_runs_that_move_while_they_run_end_as_if_nothing_had_happened(tmp_path: Path, kind: str) -> None:
    url = "" if kind == "sqlite" else emptied(kind)
    files: list[Callable[[], Any]] = [
        lambda: Sqlite(tmp_path / "a.db"),
        lambda: database(url) if url else Sqlite(tmp_path / "b.db"),
    ]
    sides = [durable(file) for file in files]
    results: dict[int, Any] = {}
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(side.node()) for side in sides]
        options = [{"workflow.id": f"order/{number}"} for number in range(RUNS)]
        pids = [
            await nodes[0].spawn("app:order", host=WORKFLOWS, args=[number], options=options[number])
            for number in range(RUNS)
        ]
        for step in range(STEPS):
            async with trio.open_nursery() as nursery:
                for pid in pids:
                    nursery.start_soon(_tell, nodes, pid, step)
                if step % 2 == 1:  # there and back while they are told
                    one, other = files if step % 4 == 1 else files[::-1]
                    nursery.start_soon(trio.to_thread.run_sync, move_runs, one(), other())
        last = nodes[0] if STEPS // 2 % 2 == 0 else nodes[1]
        for number, pid in enumerate(pids):
            results[number] = await last.wait(pid, timeout=30)
    assert results == {number: sum(number * 100 + step for step in range(STEPS)) for number in range(RUNS)}
    assert [str(fault) for file in files for fault in examine(file())] == []
    stores = [open_store(file()) for file in files]
    rows = [[(row.workflow_id, row.state) for row in store.runs(RunFilter())] for store in stores]
    assert rows[STEPS // 2 % 2 == 0 and 1] == []
    assert sorted(rows[0] + rows[1]) == [(f"order/{number}", COMPLETED) for number in range(RUNS)]
    for store in stores:
        store.close()


async def _tell(nodes: list[Any], pid: str, step: int) -> None:
    """Tell a run something, wherever it is: who says that it is not there is right, and the other one takes it."""
    with trio.fail_after(30):
        while True:
            for node in nodes:
                try:
                    await node.send(pid, "go", step)
                except Error as error:
                    assert error.kind == NOT_FOUND  # noqa: PT017 - any other is a failure of the test
                else:
                    return
            await trio.sleep(0.01)


async def test_who_asks_the_old_store_is_told_where_a_run_is(tmp_path: Path) -> None:
    files = [tmp_path / "a.db", tmp_path / "b.db"]
    side = durable(lambda: Sqlite(files[0]))
    async with side.node() as node:
        pid = await node.spawn("app:order", host=WORKFLOWS, args=[1], options={"workflow.id": "order/1"})
        await trio.to_thread.run_sync(move_runs, Sqlite(files[0]), Sqlite(files[1]))
        with pytest.raises(Error, match=r"has moved to .*b\.db"):
            await node.send(pid, "go", 1)
        with pytest.raises(Error, match=r"has moved to another store: start it there"):
            await node.spawn("app:order", host=WORKFLOWS, args=[1], options={"workflow.id": "order/1"})
        for _ in range(2):  # whether the node has seen already that it has left, or hears of it now
            with pytest.raises(Error, match=r"has moved to .*b\.db") as caught:
                await node.wait(pid, timeout=60)
            assert caught.value.kind == NOT_FOUND


async def test_who_waits_for_a_run_that_is_not_in_memory_hears_that_it_has_moved(tmp_path: Path) -> None:
    files = [tmp_path / "a.db", tmp_path / "b.db"]
    side = durable(lambda: Sqlite(files[0]))
    async with side.node() as node:
        pid = await node.spawn("app:order", host=WORKFLOWS, args=[1], options={"workflow.id": "order/1"})
        await operator_of(node).change("pause", "order/1")
        await until(lambda: not engine_of(node).residents)
        async with trio.open_nursery() as nursery:

            async def waiting() -> None:
                with pytest.raises(Error, match=r"has moved to .*b\.db"):
                    await node.wait(pid, timeout=60)

            nursery.start_soon(waiting)
            await wait_all_tasks_blocked()
            await trio.to_thread.run_sync(move_runs, Sqlite(files[0]), Sqlite(files[1]))
