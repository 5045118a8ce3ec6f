"""A registry that changes under a running node: code, hosts and services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from actorflow.app import Booted, boot
from actorflow.errors import INVALID, NOT_FOUND, Error
from actorflow.registry.change import Change
from tests.acceptance.project import Project

INDEX = """
namespace: app
entries:
  - {name: actors, kind: process.host, lifecycle: {auto_start: true}}
  - {name: lib, kind: library.lua, source: "return {version = 0}"}
  - name: stamp
    kind: function.lua
    imports: {lib: app:lib}
    source: "return function(n) return {n, 0, lib.version} end"
  - name: stamp_py
    kind: function.py
    source: "async def main(n):\\n    return [n, 0]\\n"
  - name: relay
    kind: process.lua
    modules: [funcs]
    source: |
      return function(target, total)
        local inbox, done = process.inbox(), {}
        for i = 1, total do
          local answer, err = funcs.call(target, inbox:receive():payload():data())
          if err then error(err) end
          done[i] = answer
        end
        return done
      end
  - name: slow
    kind: function.lua
    modules: [time]
    source: "local time = require('time') return function() time.sleep('50ms') return 'old' end"
  - name: slow_py
    kind: function.py
    source: "import trio\\nasync def main():\\n    await trio.sleep(0.05)\\n    return 'old'\\n"
  - name: waiting
    kind: process.lua
    source: "return function() local m = process.inbox():receive() return m:topic() .. ' old' end"
"""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    Project(tmp_path).write("_index.yaml", INDEX)
    return tmp_path


@asynccontextmanager
async def booted(directory: Path) -> AsyncIterator[Booted]:
    with trio.fail_after(60):
        async with boot(directory) as made:
            yield made


def update(entry: str, **data: Any) -> Change:
    return Change("update", entry, data=data)


def create(entry: str, kind: str, **data: Any) -> Change:
    return Change("create", entry, kind, {}, data)


def states(made: Booted) -> dict[str, str]:
    return {line.id: line.state for line in made.supervisor.report()}


async def until(holds: Callable[[], bool]) -> None:
    with trio.fail_after(60):
        while not holds():  # noqa: ASYNC110 - nothing tells when
            await trio.sleep(0.01)


@pytest.mark.parametrize("target", ["app:stamp", "app:stamp_py"])
async def test_a_thousand_messages_a_second_flow_while_an_entry_changes_fifty_times(
    registry: Path, target: str
) -> None:
    total = 1_500
    async with booted(registry) as made:
        node, begin = made.node, trio.current_time()
        relays = [await node.spawn("app:relay", host="app:actors", args=[target, total // 3]) for _ in range(3)]
        for number in range(total):
            if number % 10 == 0:
                await trio.sleep_until(begin + number / 1_000)
            await node.send(relays[number % 3], "job", number)
            if number % 30 == 29:
                made.registry.apply(_next(number // 30 + 1))
        answers = [answer for relay in relays for answer in await node.wait(relay, timeout=30)]
    assert sorted(answer[0] for answer in answers) == list(range(total))
    assert len({answer[1] for answer in answers}) > 25
    assert all(len(answer) == 2 or answer[1] == answer[2] for answer in answers)


def _next(version: int) -> list[Change]:
    """Everything that handles the messages changes: the function, its library, and the process that calls it."""
    lua = f"return function(n) return {{n, {version}, lib.version}} end"
    return [
        update("app:stamp", imports={"lib": "app:lib"}, source=lua),
        update("app:lib", source=f"return {{version = {version}}}"),
        update("app:stamp_py", source=f"async def main(n):\n    return [n, {version}]\n"),
        update("app:relay", modules=["funcs"], source=f"return function() return {version} end"),
    ]


async def test_running_calls_and_processes_finish_on_the_old_code(registry: Path) -> None:
    async with booted(registry) as made:
        node, results = made.node, {}
        pid = await node.spawn("app:waiting", host="app:actors")

        async def call(target: str) -> None:
            results[target] = await node.call(target)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(call, "app:slow")
            nursery.start_soon(call, "app:slow_py")
            await trio.sleep(0.02)
            made.registry.apply(
                [
                    update("app:slow", source="return function() return 'new' end"),
                    update("app:slow_py", source="async def main():\n    return 'new'\n"),
                    update("app:waiting", source="return function() return 'new' end"),
                ]
            )
            assert await node.call("app:slow") == await node.call("app:slow_py") == "new"
        assert results == {"app:slow": "old", "app:slow_py": "old"}
        assert await node.exec("app:waiting", host="app:actors") == "new"
        await node.send(pid, "go")
        assert await node.wait(pid) == "go old"


async def test_a_function_is_created_called_and_deleted(registry: Path) -> None:
    async with booted(registry) as made:
        made.registry.apply([create("app:new", "function.lua", source="return function(a) return a * 2 end")])
        assert await made.node.call("app:new", [21]) == 42
        made.registry.apply([Change("delete", "app:new")])
        with pytest.raises(Error, match="no handler registered") as caught:
            await made.node.call("app:new", [21])
        assert caught.value.kind == NOT_FOUND


@pytest.mark.parametrize(
    ("kind", "source", "message"),
    [
        ("function.lua", "return function( end", "app:new"),
        ("function.py", "def main(:\n    pass\n", "app:new"),
        ("process.py", "async def main(:\n    pass\n", "app:new"),
        ("workflow.lua", "local fs = require('fs') return function() return fs.get('X') end", "app:new"),
    ],
)
async def test_code_that_does_not_compile_is_refused(registry: Path, kind: str, source: str, message: str) -> None:
    async with booted(registry) as made:
        data = {"modules": ["fs"]} if kind == "workflow.lua" else {}
        with pytest.raises(Error, match=message) as caught:
            made.registry.apply([create("app:new", kind, source=source, **data)])
        assert caught.value.kind == INVALID
        assert "app:new" not in made.registry


async def test_hosts_and_services_come_and_go(registry: Path) -> None:
    async with booted(registry) as made:
        node = made.node
        service = create("app:svc", "process.service", process="waiting", host="more", lifecycle={"auto_start": True})
        made.registry.apply([create("app:more", "process.host", lifecycle={"auto_start": True}), service])
        await node.settled(["app:more", "app:svc"])
        assert states(made) == {"app:actors": "running", "app:more": "running", "app:svc": "running"}
        (pid,) = [info.pid for info in node.processes() if info.host == "app:more"]

        made.registry.apply([update("app:more", limits={"mailbox": 5}, lifecycle={"auto_start": True})])
        await trio.testing.wait_all_tasks_blocked()
        assert [info.pid for info in node.processes() if info.host == "app:more"] == [pid]  # amended, not restarted

        made.registry.apply([update("app:svc", process="waiting", host="actors", lifecycle={"auto_start": True})])
        await until(lambda: [info.host for info in node.processes()] == ["app:actors"])
        await until(lambda: states(made)["app:svc"] == "running")

        made.registry.apply([Change("delete", "app:svc"), Change("delete", "app:more")])
        await until(lambda: states(made) == {"app:actors": "running"})
        with pytest.raises(Error, match="host not found"):
            await node.spawn("app:waiting", host="app:more")
        assert not list(node.processes())
        made.registry.apply_version(2)
        await node.settled(["app:svc"])
        assert states(made)["app:svc"] == "running"


async def test_services_that_would_need_each_other_in_a_circle_are_refused(registry: Path) -> None:
    async with booted(registry) as made:
        circle = [
            create("app:a", "process.host", lifecycle={"requires": ["b"]}),
            create("app:b", "process.host", lifecycle={"requires": ["a"]}),
        ]
        with pytest.raises(Error, match="in a circle: app:") as caught:
            made.registry.apply(circle)
        assert caught.value.kind == INVALID
        assert made.registry.version.id == 1


async def test_changes_end_with_the_node(registry: Path) -> None:
    async with booted(registry) as made:
        made.registry.apply([create("app:new", "registry.entry", text="x")])
    async with booted(registry) as made:
        assert "app:new" not in made.registry
        assert made.registry.version.id == 1
