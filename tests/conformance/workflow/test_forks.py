"""Forks: what they keep, what may be other in them, and that the original stays as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.duration import HOUR
from actorflow.errors import CONFLICT, INVALID, NOT_FOUND, Error
from actorflow.machine.op import Op
from actorflow.node.node import Node
from actorflow.store.dialect import Sqlite
from actorflow.store.memory import MemoryStore
from actorflow.store.sql import SqlStore
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.conformance.workflow.test_schedules import TrioClock

Ops = Generator[tuple[Any, ...], Any, Any]
CALLS = """
async def main(name, value):
    if value == "bad":
        from actorflow.errors import Error
        raise Error("no", retryable=False)
    return [name, value]
"""


def order(value: Any) -> Ops:
    first = yield (Op.CALL, "app:do", ("first", value), {})
    second = yield (Op.CALL, "app:do", ("second", first[1]), {})
    third = yield (Op.CALL, "app:do", ("third", second[1]), {})
    return [first, second, third]


def waits(name: str) -> Ops:
    first = yield (Op.CALL, "app:do", (name, 1), {})
    inbox = yield (Op.INBOX,)
    message, _ = yield (Op.RECEIVE, inbox)
    return [first, message.value]


def sleeps() -> Ops:
    yield (Op.CALL, "app:do", ("before", 1), {})
    yield (Op.SLEEP, HOUR)
    return "slept"


@asynccontextmanager
async def noded(tmp_path: Path) -> AsyncIterator[Node]:
    durable = Durable(lambda: SqlStore(Sqlite(tmp_path / "runs.db")))
    for name, script in {"order": order, "waits": waits}.items():
        durable.add(f"app:{name}", script)
    durable.registry.add_python("app:do", CALLS)
    async with durable.node() as node:
        yield node


async def history(node: Node, pid: str) -> list[tuple[int, str]]:
    workflow_id = pid[1:-1].partition("|")[2]

    def read(store: Any) -> list[tuple[int, str]]:
        row = store.find(workflow_id)
        assert store.verify(row.run) == []
        return [(event.seq, event.kind) for event in store.journal(row.run)]

    found: list[tuple[int, str]] = await engine_of(node).writer.read(read)
    return found


async def test_a_fork_keeps_what_comes_before_the_step(tmp_path: Path) -> None:
    async with noded(tmp_path) as node:
        pid = await node.spawn("app:order", host=WORKFLOWS, args=["a"], options={"workflow.id": "o-1"})
        assert await node.wait(pid, timeout=30) == [["first", "a"], ["second", "a"], ["third", "a"]]
        before = await history(node, pid)
        made = await node.fork("o-1", since="6")
        assert made["pid"] == "{local@app:workflows|o-1/fork-1}"
        assert await node.wait(made["pid"], timeout=30) == [["first", "a"], ["second", "a"], ["third", "a"]]
        assert (made["kept"], made["cut"]) == (6, 6)
        assert await history(node, pid) == before
        assert [kind for _, kind in await history(node, made["pid"])] == [kind for _, kind in before]


async def test_a_fork_may_have_other_results(tmp_path: Path) -> None:
    async with noded(tmp_path) as node:
        pid = await node.spawn("app:order", host=WORKFLOWS, args=["a"], options={"workflow.id": "o-1"})
        await node.wait(pid, timeout=30)
        made = await node.fork(pid, since="6", results={"2": ["first", "edited"]})
        assert await node.wait(made["pid"], timeout=30) == [["first", "edited"], ["second", "a"], ["third", "a"]]
        made = await node.fork(pid, since="4", results={"2": ["first", "edited"]})
        assert await node.wait(made["pid"], timeout=30) == [
            ["first", "edited"],
            ["second", "edited"],
            ["third", "edited"],
        ]


async def test_a_fork_may_have_other_arguments(tmp_path: Path) -> None:
    async with noded(tmp_path) as node:
        pid = await node.spawn("app:order", host=WORKFLOWS, args=["bad"], options={"workflow.id": "o-1"})
        with pytest.raises(Error, match="no"):
            await node.wait(pid, timeout=30)
        made = await node.fork("o-1", args=["good"])
        assert await node.wait(made["pid"], timeout=30) == [["first", "good"], ["second", "good"], ["third", "good"]]


async def test_an_open_run_is_forked_where_it_stands(tmp_path: Path) -> None:
    async with noded(tmp_path) as node:
        pid = await node.spawn("app:waits", host=WORKFLOWS, args=["w"], options={"workflow.id": "w-1"})
        while len(await history(node, pid)) < 3:  # noqa: ASYNC110 - a commit on its way
            await trio.sleep(0.01)
        made = await node.fork("w-1")
        again = await node.fork("w-1/fork-1")
        assert again["pid"].endswith("w-1/fork-2}")
        for target, word in ((pid, "one"), (made["pid"], "two"), (again["pid"], "three")):
            await node.send(target, "topic", word)
            assert await node.wait(target, timeout=30) == [["w", 1], word]


@pytest.mark.mock_clock
async def test_a_timer_of_a_fork_is_due_when_the_original_was() -> None:
    store = MemoryStore()
    durable = Durable(lambda: store)
    durable.clock = TrioClock()
    durable.add("app:sleeps", sleeps)
    durable.registry.add_python("app:do", CALLS)
    async with durable.node() as node:
        pid = await node.spawn("app:sleeps", host=WORKFLOWS, options={"workflow.id": "s-1"})
        assert await node.wait(pid, timeout=7200) == "slept"
        last = (await history(node, pid))[-2]
        made = await node.fork("s-1", since=str(last[0]))
        assert last[1] == "TimerFired"
        assert await node.wait(made["pid"], timeout=60) == "slept", "its time is over"


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({}, CONFLICT, "say where the fork begins"),
        ({"since": "99"}, NOT_FOUND, "its steps are app:do"),
        ({"since": "nowhere"}, NOT_FOUND, "there is no step 'nowhere'"),
        ({"since": "6", "results": {"1": 2}}, INVALID, "expected a step"),
        ({"since": "6", "source": "abc"}, NOT_FOUND, "no source 'abc'"),
        ({"since": "6", "workflow_id": "busy"}, "AlreadyExists", "is already running"),
    ],
)
async def test_what_cannot_be_forked(tmp_path: Path, options: dict[str, Any], kind: str, text: str) -> None:
    async with noded(tmp_path) as node:
        await node.spawn("app:waits", host=WORKFLOWS, args=["w"], options={"workflow.id": "busy"})
        pid = await node.spawn("app:order", host=WORKFLOWS, args=["a"], options={"workflow.id": "o-1"})
        await node.wait(pid, timeout=30)
        with pytest.raises(Error, match=text) as caught:
            await node.fork("o-1", **options)
        assert caught.value.kind == kind
