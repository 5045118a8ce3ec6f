"""Runs that are paused, resumed, cancelled, ended and retried from outside, on every store."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from actorflow.duration import HOUR
from actorflow.errors import CANCELED, CONFLICT, Error
from actorflow.machine.op import Op
from actorflow.message import EXIT
from actorflow.ports import SpawnRequest
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.store import view
from actorflow.store.dialect import Sqlite
from actorflow.store.memory import MemoryStore
from actorflow.store.port import RunFilter
from actorflow.store.sql import SqlStore
from tests.conformance.process.rig import until
from tests.conformance.workflow.control import operator_of
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.conformance.workflow.test_schedules import TrioClock
from tests.crash.kept import PATIENCE, SLOW, parked, reach, read_until
from tests.unit.machine.scripted import Interrupted

Ops = Generator[tuple[Any, ...], Any, Any]

SHAKY = """
import pathlib
async def main(path, log):
    with open(log, "a") as file:
        file.write("x")
    if not pathlib.Path(path).exists():
        raise errors.Rejected("not for sale")
    return "sold"
"""


@pytest.fixture(params=["memory", "sqlite"])
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Durable:
    """Return a durable rig on each store."""
    memory = MemoryStore()
    stores: dict[str, Callable[[], Any]] = {
        "memory": lambda: memory,
        "sqlite": lambda: SqlStore(Sqlite(tmp_path / "runs.db")),
    }
    rig = Durable(stores[request.param])
    rig.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    rig.registry.add_python("app:slow", SLOW)
    shaky = "from actorflow import errors\n" + SHAKY
    rig.registry.add_python("app:shaky", shaky)
    rig.add("app:parked", parked)
    return rig


async def history(node: Any, run: str) -> list[str]:
    engine = engine_of(node)
    return await engine.writer.read(lambda store: [change.state for change in store.history(store.find(run).run)])


async def faults(node: Any) -> list[str]:
    def read(store: Any) -> list[str]:
        return [fault for row in store.runs(RunFilter()) for fault in store.verify(row.run)]

    found: list[str] = await engine_of(node).writer.read(read)
    return found


async def test_signals_and_due_timers_wait_while_a_run_is_paused(durable: Durable) -> None:
    def main() -> Ops:
        inbox = yield (Op.INBOX,)
        after = yield (Op.AFTER, HOUR)
        first, _ = yield (Op.RECEIVE, inbox)
        yield (Op.RECEIVE, after)
        second, _ = yield (Op.RECEIVE, inbox)
        return [first.value, second.value]

    durable.add("app:main", main)
    durable.clock = clock = TrioClock()
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        operator, timers = operator_of(node), engine_of(node).timers
        await reach(node, "m", states.WAITING)
        done = await operator.change("pause", "m", reason="look", by="me")
        assert (done["state"], done["to"]) == (states.WAITING, states.PAUSED)
        await node.send(pid, "go", 1)
        await node.send(pid, "go", 2)
        await until(lambda: len(timers) == 1)
        clock.ahead = HOUR
        timers.wake()
        await until(lambda: not len(timers))
        assert (await reach(node, "m", states.PAUSED)).last_seq == 2, "the start, the timer, and nothing since"
        with pytest.raises(Error, match="cannot pause 'm': it is paused") as caught:
            await operator.change("pause", "m")
        assert (caught.value.kind, caught.value.details["from"]) == (CONFLICT, states.PAUSED)
        await operator.change("resume", "m")
        assert await node.wait(pid, timeout=PATIENCE) == [1, 2]
        assert await history(node, "m") == ["created", "paused", "pending", "completed"]
        assert await faults(node) == []


async def test_a_result_that_comes_while_a_run_is_paused_is_not_lost_and_not_asked_for_again(
    durable: Durable, tmp_path: Path
) -> None:
    def main(path: str) -> Ops:
        return (yield (Op.CALL, "app:slow", (path,), {}))

    durable.add("app:main", main)
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, args=[str(tmp_path / "go")], options={"workflow.id": "m"})
        operator = operator_of(node)
        await operator.change("pause", "m")
        (tmp_path / "go").touch()
        await read_until(node, lambda store: store.inbox(1))
        assert (await reach(node, "m", states.PAUSED)).state == states.PAUSED
        (tmp_path / "go").unlink()  # another attempt would not end
        await operator.change("resume", "m")
        assert await node.wait(pid, timeout=PATIENCE) == "slow"


async def test_a_paused_run_stays_so_over_a_restart_and_goes_on_when_it_is_resumed(tmp_path: Path) -> None:
    rig = Durable(lambda: SqlStore(Sqlite(tmp_path / "runs.db")))
    rig.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    rig.add("app:parked", parked)
    async with rig.node() as node:
        pid = await node.spawn("app:parked", host=WORKFLOWS, args=[4], options={"workflow.id": "m"})
        await reach(node, "m", states.WAITING, 3)
        await operator_of(node).change("pause", "m")
    async with rig.node() as node:
        await node.send(pid, "go", 5)
        assert (await reach(node, "m", states.PAUSED)).state == states.PAUSED
    async with rig.node() as node:
        await operator_of(node).change("resume", "m")
        assert await node.wait(pid, timeout=PATIENCE) == [8, 10]


async def test_a_paused_child_that_is_terminated_tells_its_parent(durable: Durable) -> None:
    def child() -> Ops:
        inbox = yield (Op.INBOX,)
        yield (Op.RECEIVE, inbox)

    def parent() -> Ops:
        events_channel = yield (Op.EVENTS,)
        yield (Op.SPAWN, spawn_request("app:child", "c"))
        event, _ = yield (Op.RECEIVE, events_channel)
        return [event["kind"], event["result"]["error"].kind]

    durable.add("app:child", child)
    durable.add("app:parent", parent)
    async with durable.node() as node:
        pid = await node.spawn("app:parent", host=WORKFLOWS, options={"workflow.id": "p"})
        await reach(node, "c", states.WAITING)
        operator = operator_of(node)
        await operator.change("pause", "c")
        await operator.change("terminate", "c", reason="enough")
        assert await node.wait(pid, timeout=PATIENCE) == [EXIT, CANCELED]
        assert await faults(node) == []


def spawn_request(entry: str, workflow_id: str) -> Any:
    return SpawnRequest(entry, "", (), options={"workflow.id": workflow_id})


async def test_a_cancel_resumes_a_paused_run_for_its_cleanup(durable: Durable) -> None:
    def main() -> Ops:
        try:
            yield (Op.SLEEP, 10**15)
        except Interrupted:
            yield (Op.CALL, "app:double", (4,), {})
            raise

    durable.add("app:main", main)
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        operator = operator_of(node)
        await operator.change("pause", "m")
        await operator.change("cancel", "m", reason="enough")
        with pytest.raises(Error) as caught:
            await node.wait(pid, timeout=PATIENCE)
        assert caught.value.kind == CANCELED
        assert await history(node, "m") == ["created", "paused", "pending", "cancelled"]
        journal = await engine_of(node).writer.read(lambda store: store.journal(1))
        assert events.FUNCTION_COMPLETED in [event.kind for event in journal]


async def test_a_retry_repeats_the_failed_call_and_keeps_the_others(durable: Durable, tmp_path: Path) -> None:
    go, log = tmp_path / "go", tmp_path / "log"

    def main() -> Ops:
        drawn = yield (Op.DRAW, "uuid", 16)
        doubled = yield (Op.CALL, "app:double", (4,), {})
        sold = yield (Op.CALL, "app:shaky", (str(go), str(log)), {})
        later = yield (Op.DRAW, "uuid", 16)
        return [doubled, sold, drawn != later]

    durable.add("app:main", main)
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        with pytest.raises(Error, match="not for sale"):
            await node.wait(pid, timeout=PATIENCE)
        operator = operator_of(node)
        await operator.change("retry", "m")
        await reach(node, "m", states.FAILED)
        go.touch()
        await operator.change("retry", "m", since="app:shaky")
        assert await node.wait(pid, timeout=PATIENCE) == [8, "sold", True]
        assert await faults(node) == []
        journal = await engine_of(node).writer.read(lambda store: store.journal(1))
    kinds = [event.kind for event in journal]
    assert kinds.count(events.RUN_RETRIED) == 2
    called = [event for event in journal if event.kind == events.FUNCTION_CALLED]
    assert [event.target for event in called] == ["app:double", "app:shaky"]
    assert log.read_text() == "xxx"


async def test_a_run_that_did_not_fail_over_a_call_says_what_to_do(durable: Durable) -> None:
    def main() -> Ops:
        yield (Op.CALL, "app:double", (4,), {})
        raise RuntimeError("a fault of its own")

    durable.add("app:main", main)
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        with pytest.raises(Error, match="fault of its own"):
            await node.wait(pid, timeout=PATIENCE)
        operator = operator_of(node)
        with pytest.raises(Error, match="fork it with newer code") as caught:
            await operator.change("retry", "m")
        assert caught.value.kind == CONFLICT
        with pytest.raises(Error, match="made no call of it; it has made app:double"):
            await operator.change("retry", "m", since="app:nothing")


async def test_signals_taken_back_by_a_retry_arrive_again_in_order(durable: Durable, tmp_path: Path) -> None:
    go, log = tmp_path / "go", str(tmp_path / "log")

    def main() -> Ops:
        inbox = yield (Op.INBOX,)
        problem = None
        try:
            yield (Op.CALL, "app:shaky", (str(go), log), {})
        except Error as error:
            problem = error
        first, _ = yield (Op.RECEIVE, inbox)
        if problem is not None:
            raise problem
        second, _ = yield (Op.RECEIVE, inbox)
        return [first.value, second.value]

    durable.add("app:main", main)
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        await reach(node, "m", states.WAITING)
        await node.send(pid, "go", 1)
        with pytest.raises(Error, match="not for sale"):
            await node.wait(pid, timeout=PATIENCE)
        go.touch()
        await operator_of(node).change("retry", "m")
        await node.send(pid, "go", 2)
        assert await node.wait(pid, timeout=PATIENCE) == [1, 2]
        told = await engine_of(node).writer.read(lambda store: view.history(store, "m"))
    retried = next(event["seq"] for event in told if event["kind"] == events.RUN_RETRIED)
    gone = [event["seq"] for event in told if event["superseded"]]
    assert gone == list(range(gone[0], retried))
    assert told[gone[0] - 1]["kind"] == events.FUNCTION_FAILED
    assert told[gone[-1] - 1]["kind"] == events.RUN_FAILED


async def test_many_runs_are_changed_by_a_filter(durable: Durable) -> None:
    async with durable.node() as node:
        for number in range(3):
            await node.spawn("app:parked", host=WORKFLOWS, args=[number], options={"workflow.id": f"m{number}"})
            await reach(node, f"m{number}", states.WAITING, 3)
        operator = operator_of(node)
        which = RunFilter(prefix="m", state=states.WAITING)
        would = await operator.change_all("pause", which, dry_run=True)
        assert {(line["state"], line["to"], line["dry_run"]) for line in would} == {("waiting", "paused", True)}
        assert await history(node, "m0") == ["created"]
        assert [line["to"] for line in await operator.change_all("pause", which)] == ["paused"] * 3
        assert await operator.change_all("pause", RunFilter(prefix="m")) == []
        assert await operator.change_all("resume", RunFilter(prefix="m"), older_than=10**15) == []
        assert len(await operator.change_all("resume", RunFilter(prefix="m"))) == 3
        assert len(await operator.change_all("terminate", RunFilter(prefix="m1"))) == 1
        assert [line["to"] for line in await operator.change_all("purge", RunFilter(prefix="m"))] == ["gone"]


async def test_who_ends_a_chain_by_its_workflow_id_ends_the_run_that_is_open_then(durable: Durable) -> None:
    """The first of the chain ends, and the next one begins, between looking at the run and changing it."""
    durable.add("app:link", link)
    async with durable.node() as node:
        options = {"workflow.id": "w", "workflow.cron_schedule": "@every 1s"}
        await node.spawn("app:link", host=WORKFLOWS, options=options)
        operator, asked = operator_of(node), []
        look = operator._asked  # noqa: SLF001 - the moment in between

        async def looking(verb: str, database: str, row: Any, *args: Any, **more: Any) -> Any:
            change = await look(verb, database, row, *args, **more)
            if not asked:
                await node.hosts[WORKFLOWS].reached(row.run_id, "completed")  # type: ignore[attr-defined]
            asked.append(row.run_id)
            return change

        operator._asked = looking  # type: ignore[method-assign] # noqa: SLF001 - see above
        assert (await operator.change("terminate", "w"))["to"] == "cancelled"
        assert len(set(asked)) == 2
        assert "w" not in engine_of(node).open_ids


def link() -> Ops:
    yield (Op.SLEEP, 1)
