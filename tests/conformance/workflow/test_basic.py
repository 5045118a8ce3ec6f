"""The life of durable runs: calls, timers, signals, children, ends."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from actorflow.machine.op import Op
from actorflow.message import EXIT
from actorflow.ports import SpawnRequest
from actorflow.store.dialect import Sqlite
from actorflow.store.memory import MemoryStore
from actorflow.store.sql import SqlStore
from tests.conformance.process.rig import HOST
from tests.conformance.workflow.durable import WORKFLOWS, Durable

Ops = Generator[tuple[Any, ...], Any, Any]


@pytest.fixture(params=["memory", "sqlite"])
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Durable:
    """Return a durable rig on each store."""
    memory = MemoryStore()
    stores: dict[str, Callable[[], Any]] = {
        "memory": lambda: memory,
        "sqlite": lambda: SqlStore(Sqlite(tmp_path / "runs.db")),
    }
    return Durable(stores[request.param])


async def test_a_run_calls_functions_and_returns(durable: Durable) -> None:
    def main(first: int) -> Ops:
        second = yield (Op.CALL, "app:double", (first,), {})
        third = yield (Op.CALL, "app:double", (second,), {})
        return {"sum": first + second + third}

    durable.add("app:sum", main)
    durable.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    async with durable.node() as node:
        pid = await node.spawn("app:sum", host=WORKFLOWS, args=[3])
        assert await node.wait(pid, timeout=30) == {"sum": 3 + 6 + 12}


async def test_an_explicit_id_finds_the_open_run(durable: Durable) -> None:
    def main() -> Ops:
        inbox = yield (Op.INBOX,)
        message, _ = yield (Op.RECEIVE, inbox)
        return message.value

    durable.add("app:wait", main)
    async with durable.node() as node:
        first = await node.spawn("app:wait", host=WORKFLOWS, options={"workflow.id": "w-1"})
        again = await node.spawn("app:wait", host=WORKFLOWS, options={"workflow": {"id": "w-1"}})
        assert first == again == "{local@app:workflows|w-1}"
        options = {"workflow.id": "w-1", "workflow.id_conflict_policy": "fail"}
        with pytest.raises(Error, match="already running"):
            await node.spawn("app:wait", host=WORKFLOWS, options=options)
        await node.send(first, "go", 42)
        assert await node.wait(first, timeout=30) == 42


async def test_timers_and_select(durable: Durable) -> None:
    def main() -> Ops:
        after = yield (Op.AFTER, 20_000_000)
        never = yield (Op.CHANNEL, 0)
        index, _, _ = yield (Op.SELECT, [(never, False, None), (after, False, None)], False)
        yield (Op.SLEEP, 10_000_000)
        return index

    durable.add("app:timers", main)
    async with durable.node() as node:
        assert await node.exec("app:timers", host=WORKFLOWS, timeout=30) == 1


async def test_children_are_watched_without_asking(durable: Durable) -> None:
    def child(x: int) -> Ops:
        yield (Op.SLEEP, 1_000_000)
        return x + 1

    def parent() -> Ops:
        events = yield (Op.EVENTS,)
        pid = yield (Op.SPAWN, SpawnRequest("app:child", args=(1,)))
        result = yield (Op.EXEC, SpawnRequest("app:child", args=(10,)))
        event, _ = yield (Op.RECEIVE, events)
        return [event["kind"], event["from"] == pid, event["result"]["value"], result]

    durable.add("app:child", child)
    durable.add("app:parent", parent)
    async with durable.node() as node:
        assert await node.exec("app:parent", host=WORKFLOWS, timeout=30) == [EXIT, True, 2, 11]


async def test_messages_between_runs_and_actors(durable: Durable) -> None:
    def echo() -> Ops:
        inbox = yield (Op.INBOX,)
        message, _ = yield (Op.RECEIVE, inbox)
        yield (Op.SEND_MESSAGE, message.sender, "back", (message.value,))
        return "echoed"

    def asks(pid: str) -> Ops:
        yield (Op.SEND_MESSAGE, pid, "there", ("hi",))
        back = yield (Op.LISTEN, "back", False)
        value, _ = yield (Op.RECEIVE, back)
        return value

    durable.add("app:echo", echo)
    durable.add("app:asks", asks)
    durable.add("app:actor_echo", echo, "process.test")
    durable.add("app:actor_asks", asks, "process.test")
    async with durable.node() as node:
        for echo_host, ask_host in ((WORKFLOWS, WORKFLOWS), (HOST, WORKFLOWS), (WORKFLOWS, HOST)):
            pid = await node.spawn("app:echo", host=echo_host)
            assert await node.exec("app:asks", host=ask_host, args=[pid], timeout=30) == "hi"


async def test_a_failed_send_answers_not_found(durable: Durable) -> None:
    def main() -> Ops:
        kinds = []
        for dest in ("{local@app:workflows|nobody}", "{local@app:processes|0x99999}", "no-such-name"):
            try:
                yield (Op.SEND_MESSAGE, dest, "x", ())
            except Error as error:
                kinds.append(error.kind)
        return kinds

    durable.add("app:main", main)
    async with durable.node() as node:
        assert await node.exec("app:main", host=WORKFLOWS, timeout=30) == ["NotFound"] * 3


async def test_failures_end_the_run_and_are_not_retried_when_final(durable: Durable) -> None:
    def main() -> Ops:
        yield (Op.CALL, "app:refuse", (), {})

    durable.add("app:main", main)
    source = "from actorflow.errors import Rejected\nasync def main():\n    raise Rejected('sold out')\n"
    durable.registry.add_python("app:refuse", source)
    async with durable.node() as node:
        with pytest.raises(Error, match="sold out") as caught:
            await node.exec("app:main", host=WORKFLOWS, timeout=30)
        assert (caught.value.kind, caught.value.retryable) == ("Invalid", False)


async def test_crashes_are_retried_with_the_same_key(durable: Durable) -> None:
    def main() -> Ops:
        return (yield (Op.CALL, "app:flaky", (), {"retry": {"initial_delay": "1ms"}}))

    durable.add("app:main", main)
    source = (
        "seen = []\n"
        "from actorflow.script import ctx\n"
        "async def main():\n"
        "    seen.append((ctx.get('invocation_id'), ctx.get('attempt')))\n"
        "    if len(seen) < 3:\n"
        "        raise ConnectionError('lost')\n"
        "    return [len({key for key, _ in seen}), [attempt for _, attempt in seen]]\n"
    )
    durable.registry.add_python("app:flaky", source)
    async with durable.node() as node:
        assert await node.exec("app:main", host=WORKFLOWS, timeout=30) == [1, [1, 2, 3]]


async def test_open_runs_go_on_after_a_restart(durable: Durable) -> None:
    def main() -> Ops:
        number = yield (Op.DRAW, "random", 8)
        doubled = yield (Op.CALL, "app:double", (4,), {})
        inbox = yield (Op.INBOX,)
        message, _ = yield (Op.RECEIVE, inbox)
        yield (Op.SLEEP, 1_000_000)
        return [number, doubled, message.value, (yield (Op.DRAW, "random", 8)) != number]

    durable.add("app:main", main)
    durable.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
    async with durable.node() as node:
        await node.send(pid, "go", "on")
        number, doubled, value, differs = await node.wait(pid, timeout=30)
        assert (doubled, value, differs, len(number)) == (8, "on", True, 8)
    async with durable.node() as node:
        assert (await node.wait(pid, timeout=30))[2] == "on"


async def test_a_changed_script_does_not_touch_open_runs_but_a_broken_promise_pauses(durable: Durable) -> None:
    calls = ["app:one"]

    def main() -> Ops:
        yield (Op.CALL, calls[0], (), {})
        inbox = yield (Op.INBOX,)
        yield (Op.RECEIVE, inbox)
        return "done"

    durable.add("app:main", main)
    durable.registry.add_python("app:one", "async def main():\n    return 1\n")
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
    calls[0] = "app:two"
    async with durable.node() as node:
        await node.send(pid, "go")
        while not any(notice.code == "run-paused" for notice in durable.notices):
            await node.send(pid, "go")
        text = next(notice.text for notice in durable.notices if notice.code == "run-paused")
        assert "app:one" in text
        assert "app:two" in text
        assert "script.py:1" in text


async def test_cancel_and_terminate(durable: Durable) -> None:
    def main() -> Ops:
        yield (Op.SLEEP, 10**15)

    durable.add("app:main", main)
    async with durable.node() as node:
        for verb, kind in (("cancel", "Canceled"), ("terminate", "Canceled")):
            pid = await node.spawn("app:main", host=WORKFLOWS)
            await getattr(node, verb)(pid)
            with pytest.raises(Error) as caught:
                await node.wait(pid, timeout=30)
            assert caught.value.kind == kind
