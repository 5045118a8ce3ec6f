"""A run that continues as a new one: what stays, what goes over, and what is given up."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.lowlevel

from actorflow.codec import decode
from actorflow.errors import Error
from actorflow.machine.op import Op
from actorflow.message import EXIT
from actorflow.node.node import Node
from actorflow.ports import SpawnRequest
from actorflow.run import event as events
from actorflow.run.turn import RunRow
from actorflow.store.dialect import Sqlite
from actorflow.store.memory import MemoryStore
from actorflow.store.sql import SqlStore
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of

Ops = Generator[tuple[Any, ...], Any, Any]
PID = f"{{local@{WORKFLOWS}|w}}"


@pytest.fixture(params=["memory", "sqlite"])
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Durable:
    memory = MemoryStore()
    stores: dict[str, Callable[[], Any]] = {
        "memory": lambda: memory,
        "sqlite": lambda: SqlStore(Sqlite(tmp_path / "runs.db")),
    }
    return Durable(stores[request.param])


async def chain_of(node: Node) -> list[RunRow]:
    writer = engine_of(node).writer
    row = await writer.read(lambda store: store.find("w"))
    chain: list[RunRow] = await writer.read(lambda store: store.chain(row.run))
    return chain


async def start(node: Node, entry: str, *args: Any) -> str:
    return await node.spawn(entry, host=WORKFLOWS, args=args, options={"workflow.id": "w"})


def again(*args: Any, entry: str = "") -> tuple[Any, ...]:
    return (Op.PERFORM, "upgrade", (entry, *args))


async def test_the_chain_has_one_id_and_one_result(durable: Durable) -> None:
    def main(n: int) -> Ops:
        who = yield (Op.IDENTITY,)
        if n:
            yield again(n - 1)
        return who.workflow["run_id"]

    durable.add("app:loop", main)
    async with durable.node() as node:
        pid = await start(node, "app:loop", 3)
        result = await node.wait(pid, timeout=30)
        chain = await chain_of(node)
        assert pid == PID
        assert [row.state for row in chain] == ["completed"] * 4
        assert chain[-1].run_id == result
        assert len({row.run_id for row in chain}) == 4
        writer = engine_of(node).writer
        pairs = [await writer.read(partial(_continued, row.run)) for row in chain]
        ids = [row.run_id for row in chain]
        assert pairs == list(zip(["", *ids[:-1]], [*ids[1:], ""], strict=True))
        for row in chain:
            assert await writer.read(partial(_faults, row.run)) == []
        last = (await writer.read(lambda store: store.load(chain[0].run))).events[-1]
        assert (last.kind, decode(last.payload)) == (events.RUN_CONTINUED, {"args": [2], "run_id": ids[1]})


def _continued(run: int, store: Any) -> Any:
    return store.continued(run)


def _faults(run: int, store: Any) -> Any:
    return store.verify(run)


async def test_messages_go_over_in_order_and_none_is_lost(durable: Durable) -> None:
    def main(got: list[int], n: int) -> Ops:
        inbox = yield (Op.INBOX,)
        message, _ = yield (Op.RECEIVE, inbox)
        got = [*got, message.value]
        if len(got) % 3 == 0 and n:
            yield again(got, n - 1)
        while len(got) < 30:
            message, _ = yield (Op.RECEIVE, inbox)
            got = [*got, message.value]
            if len(got) % 3 == 0 and n:
                yield again(got, n - 1)
        return got

    durable.add("app:collect", main)
    async with durable.node() as node:
        pid = await start(node, "app:collect", [], 5)
        async with trio.open_nursery() as nursery:
            for number in range(30):
                nursery.start_soon(node.send, pid, "n", number)
                if number % 7 == 0:
                    await trio.lowlevel.checkpoint()
        got = await node.wait(pid, timeout=30)
        assert sorted(got) == list(range(30))
        assert len(await chain_of(node)) == 6


async def test_unread_messages_of_a_burst_keep_their_order(durable: Durable) -> None:
    def main(got: list[int], n: int) -> Ops:
        listener = yield (Op.LISTEN, "n", False)
        value, _ = yield (Op.RECEIVE, listener)
        got = [*got, value]
        if n:
            yield again(got, n - 1)
        return got

    durable.add("app:one", main)
    async with durable.node() as node:
        messages = tuple(("n", (number,)) for number in range(5))
        pid = await node.spawn("app:one", host=WORKFLOWS, args=[[], 4], messages=messages, options={"workflow.id": "w"})
        assert await node.wait(pid, timeout=30) == [0, 1, 2, 3, 4]


async def test_watchers_names_and_the_context_stay(durable: Durable) -> None:
    def main(n: int) -> Ops:
        if n == 2:
            yield (Op.NAME, "register", "worker", "")
        inbox = yield (Op.INBOX,)
        yield (Op.RECEIVE, inbox)
        if n:
            yield again(n - 1)
        who = yield (Op.IDENTITY,)
        return dict(who.context)

    def watcher(pid: str) -> Ops:
        yield (Op.CONTROL, "monitor", pid, None)
        channel = yield (Op.EVENTS,)
        event, _ = yield (Op.RECEIVE, channel)
        return [event["kind"], event["result"]["value"]]

    durable.add("app:named", main)
    durable.add("app:watcher", watcher, "process.test")
    async with durable.node() as node:
        pid = await node.spawn(
            "app:named", host=WORKFLOWS, args=[2], options={"workflow.id": "w"}, context={"tenant": "acme"}
        )
        await node.send(pid, "go")
        with trio.fail_after(30):
            while len(await chain_of(node)) < 2:  # noqa: ASYNC110 - the chain has no event
                await trio.sleep(0.005)
        assert node.directory.find("worker") == pid
    async with durable.node() as node:
        assert node.directory.find("worker") == PID
        watching = await node.spawn("app:watcher", host="app:processes", args=[PID])
        await node.send("worker", "go")
        await node.send("worker", "go")
        assert await node.wait(watching, timeout=30) == [EXIT, {"tenant": "acme"}]
        assert node.directory.find("worker") is None


async def test_children_stay_and_the_parent_hears_the_last_run(durable: Durable) -> None:
    def child() -> Ops:
        inbox = yield (Op.INBOX,)
        message, _ = yield (Op.RECEIVE, inbox)
        return message.value

    def middle(pid: str | None) -> Ops:
        channel = yield (Op.EVENTS,)
        if pid is None:
            pid = yield (Op.SPAWN, SpawnRequest("app:child"))
            yield again(pid)
        yield (Op.SEND_MESSAGE, pid, "end", (7,))
        event, _ = yield (Op.RECEIVE, channel)
        return [event["kind"], event["from"] == pid, event["result"]["value"]]

    def parent() -> Ops:
        return (
            (yield (Op.PERFORM, "exec", ())) if False else (yield (Op.EXEC, SpawnRequest("app:middle", args=(None,))))
        )

    durable.add("app:child", child)
    durable.add("app:middle", middle)
    durable.add("app:parent", parent)
    async with durable.node() as node:
        pid = await start(node, "app:parent")
        assert await node.wait(pid, timeout=30) == [EXIT, True, 7]


async def test_what_cannot_be_started_is_refused_and_the_run_goes_on(durable: Durable) -> None:
    def main() -> Ops:
        try:
            yield again(entry="app:missing")
        except Error as error:
            kind = error.kind
        inbox = yield (Op.INBOX,)
        yield (Op.RECEIVE, inbox)
        return kind

    durable.add("app:main", main)
    async with durable.node() as node:
        pid = await start(node, "app:main")
    durable.add("app:missing", main)  # a replay says what was said then
    async with durable.node() as node:
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=30) == "NotFound"


async def test_another_entry_and_timers_given_up(durable: Durable) -> None:
    def first() -> Ops:
        yield (Op.AFTER, 10_000_000)
        yield (Op.ASYNC, "app:slow", (), {})
        yield again("hello", entry="app:second")

    def second(text: str) -> Ops:
        yield (Op.SLEEP, 30_000_000)
        who = yield (Op.IDENTITY,)
        return [text, who.entry]

    durable.add("app:first", first)
    durable.add("app:second", second)
    durable.registry.add_python("app:slow", "import trio\n\nasync def main():\n    await trio.sleep(60)\n")
    async with durable.node() as node:
        pid = await start(node, "app:first")
        assert await node.wait(pid, timeout=30) == ["hello", "app:second"]
        assert not engine_of(node).calls


async def test_terminate_ends_the_chain_whenever_it_comes(durable: Durable) -> None:
    def main() -> Ops:
        yield (Op.SLEEP, 1_000_000)
        yield again()

    durable.add("app:main", main)
    async with durable.node() as node:
        pid = await start(node, "app:main")
        await trio.sleep(0.02)
        await node.terminate(pid)
        with pytest.raises(Error, match="terminated"):
            await node.wait(pid, timeout=30)
        chain = await chain_of(node)
        assert [row.state for row in chain] == ["completed"] * (len(chain) - 1) + ["cancelled"]


async def test_the_time_of_the_chain_and_what_people_know_it_by_are_kept(durable: Durable) -> None:
    def main(n: int) -> Ops:
        who = yield (Op.IDENTITY,)
        if n:
            yield (Op.SLEEP, 20_000_000)
            yield again(n - 1)
        if n == 0:
            return [who.workflow["first_run_id"], who.workflow["memo"], who.workflow["continued_from"]]

    def endless() -> Ops:
        yield (Op.SLEEP, 20_000_000)
        yield again()

    durable.add("app:main", main)
    durable.add("app:endless", endless)
    async with durable.node() as node:
        options = {"workflow.id": "w", "workflow.execution_timeout": "1m", "workflow.memo": {"a": 1}}
        pid = await node.spawn("app:main", host=WORKFLOWS, args=[2], options=options)
        result = await node.wait(pid, timeout=30)
        ids = [row.run_id for row in await chain_of(node)]
        assert result == [ids[0], {"a": 1}, ids[1]]
        pid = await node.spawn(
            "app:endless", host=WORKFLOWS, options={"workflow.id": "e", "workflow.execution_timeout": "150ms"}
        )
        with pytest.raises(Error, match="workflow timed out"):
            await node.wait(pid, timeout=30)
