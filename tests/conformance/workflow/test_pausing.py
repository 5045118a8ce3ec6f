"""Runs that are paused by limits or by themselves, and runs whose data are deleted."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.codec import decode
from actorflow.errors import INVALID, Error
from actorflow.machine.op import Op
from actorflow.resource.workflow_control import install
from actorflow.run import state as states
from actorflow.store.dialect import Sqlite
from actorflow.store.memory import MemoryStore
from actorflow.store.sql import SqlStore
from tests.conformance.process.rig import HOST, until
from tests.conformance.workflow.control import operator_of
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.conformance.workflow.test_control import faults, history
from tests.conformance.workflow.test_schedules import TrioClock
from tests.crash.kept import PATIENCE, reach

Ops = Generator[tuple[Any, ...], Any, Any]

SHAKY = """
from actorflow.script import ctx
async def main(path, log):
    import os
    with open(log, "a") as file:
        file.write(f"{ctx.get('attempt')} ")
    if not os.path.exists(path):
        raise ValueError("no such luck")
    return "luck"
"""
OPTIONS = {"retry": {"initial_delay": 1, "max_delay": 1}}


@pytest.fixture(params=["memory", "sqlite"])
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Durable:
    """Return a durable rig on each store."""
    memory = MemoryStore()
    stores: dict[str, Callable[[], Any]] = {
        "memory": lambda: memory,
        "sqlite": lambda: SqlStore(Sqlite(tmp_path / "runs.db")),
    }
    rig = Durable(stores[request.param])
    rig.registry.add_python("app:shaky", SHAKY)
    return rig


async def test_a_call_that_keeps_failing_pauses_its_run(durable: Durable, tmp_path: Path) -> None:
    go, log = tmp_path / "go", tmp_path / "log"

    def main() -> Ops:
        return (yield (Op.CALL, "app:shaky", (str(go), str(log)), {**OPTIONS, "pause_after": 3}))

    durable.add("app:main", main)
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        row = await reach(node, "m", states.PAUSED)
        assert row.reason == "app:shaky has failed 3 times: ValueError: no such luck"
        await until(lambda: durable.notices)  # the node gives it when the answer to its commit has come
        assert [notice.code for notice in durable.notices] == ["run-paused"]
        operator = operator_of(node)
        await operator.change("resume", "m", keep_attempts=True)
        await until(lambda: len(durable.notices) == 2)
        assert log.read_text() == "1 2 3 4 "
        go.touch()
        await operator.change("resume", "m")
        assert await node.wait(pid, timeout=PATIENCE) == "luck"
        assert log.read_text() == "1 2 3 4 1 "
        assert await history(node, "m") == ["created", "paused", "pending", "paused", "pending", "completed"]
        assert await faults(node) == []


@pytest.mark.mock_clock
async def test_a_run_that_a_limit_has_paused_resumes_by_itself(tmp_path: Path) -> None:
    go, log, store = tmp_path / "go", tmp_path / "log", MemoryStore()
    options = {"retry": {"max_attempts": 1}, "on_exhausted": "pause", "auto_resume_after": "1h"}

    def main() -> Ops:
        return (yield (Op.CALL, "app:shaky", (str(go), str(log)), options))

    rig = Durable(lambda: store)
    rig.clock = TrioClock()
    rig.registry.add_python("app:shaky", SHAKY)
    rig.add("app:main", main)
    async with rig.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        await trio.sleep(3_500)
        assert log.read_text() == "1 "
        go.touch()
        await trio.sleep(200)
        assert await node.wait(pid, timeout=PATIENCE) == "luck"
        assert store.history(1)[2].reason == "resumed by itself"
        assert store.due_documents("auto-resume", 2**62, 10) == []


async def test_wrong_options_of_exhaustion_are_invalid(durable: Durable) -> None:
    def main(options: dict[str, Any]) -> Ops:
        return (yield (Op.CALL, "app:shaky", (), options))

    durable.add("app:main", main)
    async with durable.node() as node:
        for options in ({"on_exhausted": "stop"}, {"pause_after": -1}, {"pause_after": 2, "auto_resume_after": "soon"}):
            with pytest.raises(Error, match="option ") as caught:
                await node.exec("app:main", host=WORKFLOWS, args=[options], timeout=PATIENCE)
            assert caught.value.kind == INVALID


async def test_a_run_pauses_and_cancels_itself(durable: Durable) -> None:
    def main() -> Ops:
        resumed = yield (Op.PERFORM, "workflow.pause", ("look at it",))
        channel = yield (Op.EVENTS,)
        yield (Op.PERFORM, "workflow.cancel", ("enough",))
        event, _ = yield (Op.RECEIVE, channel)
        return [resumed, event["kind"], event["reason"]]

    durable.add("app:main", main)
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        assert (await reach(node, "m", states.PAUSED)).reason == "look at it"
    async with durable.node() as node:
        assert (await reach(node, "m", states.PAUSED)).reason == "look at it"
        await operator_of(node).change("resume", "m")
        assert await node.wait(pid, timeout=PATIENCE) == [True, "pid.cancel", "enough"]
        install(node)
        with pytest.raises(Error, match="inside a durable run only"):
            await node.exec("app:main", host=HOST, timeout=PATIENCE)


async def test_data_are_deleted_but_for_what_a_function_keeps(durable: Durable) -> None:
    def main(name: str) -> Ops:
        yield (Op.DRAW, "uuid", 16)
        return {"name": name, "total": 7}

    durable.add("app:main", main)
    durable.registry.add_python("app:keep", "async def main(run):\n    return {'total': run['result']['total']}\n")
    durable.registry.entries["app:main"].config = {"on_delete_data": "app:keep"}
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, args=["Ada"], options={"workflow.id": "m"})
        await node.wait(pid, timeout=PATIENCE)
        operator = operator_of(node)
        for _ in range(2):  # it can be done again
            await operator.change("delete-data", "m")
            row = await reach(node, "m", states.DATA_DELETED)
            held = await engine_of(node).writer.read(lambda store: store.load(1))
            assert all(event.payload == b"" for event in held.events)
            assert b"Ada" not in repr(held).encode()
            assert await faults(node) == []
        with pytest.raises(Error, match="cannot resume 'm': it is data_deleted"):
            await operator.change("resume", "m")
    assert decode(row.result or b"") == {"total": 7}
