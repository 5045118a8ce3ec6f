"""Wrong input on a running node: each gives a clear error of the right kind, and the node and its neighbours live on."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pynng
import pytest

from actorflow.errors import INTERNAL, INVALID, NOT_FOUND, RESOURCE, UNAVAILABLE, Error
from tests.acceptance.project import Project, Running

ACTORS, FLOWS = "app:actors", "app:flows"

INDEX = """
namespace: app
entries:
  - {name: actors, kind: process.host, lifecycle: {auto_start: true}}
  - {name: flows, kind: workflow.host, lifecycle: {auto_start: true}}

  - {name: clock_lua, kind: process.lua, source: file://clock.lua, modules: [time]}
  - {name: clock_py, kind: process.py, source: file://clock.py}
  - {name: loop_lua, kind: process.lua, source: "local function main() while true do end end return {main = main}"}
  - {name: loop_py, kind: process.py, source: file://wrong.py, method: loop}
  - {name: late_loop, kind: process.py, source: file://wrong.py, method: late_loop}
  - {name: glutton, kind: process.lua, source: file://glutton.lua, isolate: true}
  - {name: foreign_py, kind: process.py, source: file://wrong.py, method: foreign}
  - {name: foreign_lua, kind: process.lua, source: "return {main = function() coroutine.yield(1) end}"}
  - {name: large_send, kind: process.py, source: file://wrong.py, method: large_send}
  - {name: large_call, kind: process.py, source: file://wrong.py, method: large_call}
  - {name: large_lua, kind: process.lua, source: file://large.lua, modules: [funcs]}
  - {name: large_result, kind: process.py, source: file://wrong.py, method: large_result}
  - {name: deep, kind: process.py, source: file://wrong.py, method: deep}
  - {name: deep_lua, kind: process.lua, source: file://deep.lua, modules: [funcs]}
  - {name: to_the_dead, kind: process.py, source: file://wrong.py, method: to_the_dead}
  - {name: done, kind: process.py, source: file://wrong.py, method: done}
  - {name: full, kind: process.py, source: file://wrong.py, method: full, limits: {mailbox: 10}}
  - {name: calling, kind: process.py, source: file://wrong.py, method: calling}

  - {name: echo, kind: function.py, source: file://functions.py, method: echo}
  - {name: unsendable, kind: function.py, source: file://functions.py, method: unsendable}
  - {name: unsendable_child, kind: function.py, source: file://functions.py, method: unsendable, run: process}
  - {name: exits, kind: function.py, source: file://functions.py, method: exits, run: process}
  - {name: raises, kind: function.py, source: file://functions.py, method: raises, run: thread}
  - {name: too_many, kind: function.py, source: file://functions.py, method: echo}
"""

BROKEN = """
namespace: broken
entries:
  - {name: lua, kind: workflow.lua, source: "local function ("}
  - {name: python, kind: workflow.py, source: "async def main(:\\n    pass\\n"}
  - {name: no_method, kind: function.py, source: "def main():\\n    return 1\\n", method: mian}
  - {name: raises, kind: process.py, source: "1 / 0\\nasync def main():\\n    pass\\n"}
"""

FILES = {
    "clock.lua": """
        local function main(name)
          process.registry.register(name)
          local ticks, ticker, asked = 0, time.ticker("20ms"), process.listen("ask")
          while true do
            local got = channel.select({ticker:channel():case_receive(), asked:case_receive()})
            if got.channel == asked then process.send(got.value, "ticks", ticks) else ticks = ticks + 1 end
          end
        end
        return {main = main}
    """,
    "clock.py": """
        from actorflow.script import process, time

        async def main(name):
            await process.registry.register(name)
            asked, ticks = process.listen("ask"), 0
            while True:
                try:
                    async with process.timeout("20ms"):
                        await process.send(await asked.receive(), "ticks", ticks)
                except TimeoutError:
                    ticks += 1
    """,
    "wrong.py": """
        from actorflow.script import errors, funcs, process, time

        BIG = 100_000_000

        class Foreign:
            def __await__(self):
                yield "not ours"

        async def loop():
            while True:
                pass

        async def late_loop():
            await time.sleep("10ms")
            await loop()

        async def foreign():
            await Foreign()

        async def large_send():
            await process.send(process.pid(), "self", "x" * BIG)

        async def large_call():
            return await funcs.call("app:echo", "x" * BIG)

        async def large_result():
            return b"x" * BIG

        async def deep():
            value = 1
            for _ in range(65):
                value = [value]
            return await funcs.call("app:echo", value)

        async def to_the_dead(pid):
            try:
                await process.send(pid, "hello")
            except errors.Error as error:
                return [error.kind, error.message]

        async def done():
            return "done"

        async def full():
            await time.sleep("1h")

        async def calling(target):
            return await funcs.call(target, retry={"max_attempts": 1})
    """,
    "glutton.lua": """
        local function main()
          local kept = {}
          while true do kept[#kept + 1] = ("x"):rep(1000000) .. #kept end
        end
        return {main = main}
    """,
    "large.lua": """
        local function main()
          local value, err = funcs.call("app:echo", ("x"):rep(100000000))
          return {err:kind(), err:message()}
        end
        return {main = main}
    """,
    "deep.lua": """
        local function main()
          local value = 1
          for _ = 1, 65 do value = {value} end
          local _, err = funcs.call("app:echo", value)
          return {err:kind(), err:message()}
        end
        return {main = main}
    """,
    "functions.py": """
        import os

        def echo(value=None):
            return value

        def unsendable():
            return {"stream": lambda: None}

        def exits():
            os._exit(3)

        def raises():
            raise KeyError("stock")
    """,
}


def write(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    project.write("broken/_index.yaml", BROKEN)
    for name, text in FILES.items():
        project.write(name, text)


@pytest.fixture(scope="module")
def served(shared_project: Project) -> Running:
    write(shared_project)
    node = shared_project.up()
    for language in ("lua", "py"):
        node.client.spawn(f"app:clock_{language}", ACTORS, [f"clock_{language}"])
    return node


@pytest.fixture
def node(served: Running) -> Iterator[Running]:
    """The node that all tests share; after each of them it still answers, and its neighbours' timers still fire."""
    yield served
    assert served.process.poll() is None, served.log
    assert served.client.call("app:echo", ["alive"]) == "alive"
    names = {line["entry"]: line["state"] for line in served.client.request("ps", {})}
    assert {"app:clock_lua", "app:clock_py"} <= set(names), served.log


def failure(node: Running, entry: str, host: str, *args: Any) -> Error:
    """Run an entry to its end and return the error it ends with."""
    with pytest.raises(Error) as caught:
        node.client.wait(node.client.spawn(entry, host, list(args)), timeout=25)
    return caught.value


def on_both(entry: str) -> Any:
    return pytest.mark.parametrize(("entry", "host"), [(entry, ACTORS), (entry, FLOWS)])


# ---- scripts that do not compile -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "says"), [("broken:lua", "_index.yaml:3"), ("broken:python", "_index.yaml"), ("broken:raises", "division")]
)
@pytest.mark.parametrize("host", [ACTORS, FLOWS])
def test_a_script_that_does_not_compile_fails_its_spawn_and_names_the_place(
    node: Running, entry: str, says: str, host: str
) -> None:
    with pytest.raises(Error) as caught:
        node.client.spawn(entry, host)
    assert caught.value.kind in {INVALID, INTERNAL}
    assert says in caught.value.message + caught.value.failure.stack


def test_a_method_that_is_not_there_is_named_with_the_nearest(node: Running) -> None:
    called = node.project.run("call", "broken:no_method")
    assert called.code in {1, 3}
    assert "mian" in called.err
    assert "main" in called.err.replace("mian", "")
