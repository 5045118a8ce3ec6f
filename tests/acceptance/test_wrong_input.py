"""Wrong input on a running node: each gives a clear error of the right kind, and node and neighbours live on."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pynng
import pytest

from actorflow.errors import INTERNAL, INVALID, NOT_FOUND, RESOURCE, Error
from tests.acceptance.project import Project, Running

ACTORS, FLOWS = "app:actors", "app:flows"

INDEX = """
namespace: app
entries:
  - {name: actors, kind: process.host, lifecycle: {auto_start: true}}
  - {name: flows, kind: workflow.host, lifecycle: {auto_start: true}}

  - {name: clock_lua, kind: process.lua, source: file://clock.lua, modules: [time]}
  - {name: clock_py, kind: process.py, source: file://clock.py}
  - {name: loop_lua, kind: process.lua, source: file://loop.lua}
  - {name: loop_py, kind: process.py, source: file://wrong.py, method: loop}
  - {name: late_loop, kind: process.py, source: file://wrong.py, method: late_loop}
  - {name: short_loop, kind: process.py, source: file://wrong.py, method: loop, limits: {slice: {kill: 60ms}}}
  - {name: short_lua, kind: process.lua, source: file://loop.lua, limits: {slice: {kill: 60ms}}}
  - {name: slow, kind: process.py, source: file://wrong.py, method: slow, limits: {slice: {warn: 1ms, kill: 20s}}}
  - {name: glutton, kind: process.lua, source: file://glutton.lua, isolate: true}
  - {name: foreign_py, kind: process.py, source: file://foreign.py, packages: [trio]}
  - {name: hidden_py, kind: process.py, source: file://hidden.py, packages: [trio]}
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
  - {name: ticks, kind: process.py, source: file://wrong.py, method: ticks}
  - {name: calling, kind: process.py, source: file://wrong.py, method: calling}

  - {name: echo, kind: function.py, source: file://functions.py, method: echo}
  - {name: unsendable, kind: function.py, source: file://functions.py, method: unsendable}
  - {name: unsendable_child, kind: function.py, source: file://functions.py, method: unsendable, run: process}
  - {name: exits, kind: function.py, source: file://functions.py, method: exits, run: process}
  - {name: raises, kind: function.py, source: file://functions.py, method: raises, run: thread}
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
    "loop.lua": "local function main() while true do end end return {main = main}",
    "wrong.py": """
        from actorflow.script import errors, funcs, process, time

        BIG = 100_000_000

        async def loop():
            while True:
                pass

        async def slow():
            for number in range(2_000_000):
                last = number
            await time.sleep("1ms")
            return last

        async def late_loop():
            await time.sleep("10ms")
            await loop()

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

        async def ticks(name):
            answer = process.listen("ticks")
            await process.send(name, "ask", process.pid())
            return await answer.receive()

        async def calling(target):
            return await funcs.with_options(retry={"max_attempts": 1}).call(target)
    """,
    "foreign.py": """
        from trio.lowlevel import wait_task_rescheduled

        async def main():
            await wait_task_rescheduled(None)
    """,
    "hidden.py": """
        from trio import lowlevel

        WAITS = (lowlevel.wait_task_rescheduled,)

        async def main():
            await WAITS[0](None)
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
          local value, err = funcs.call("app:echo", ("x"):rep(50000000))
          return {value == nil, err:kind(), err:message()}
        end
        return {main = main}
    """,
    "deep.lua": """
        local function main()
          local value = 1
          for _ = 1, 65 do value = {value} end
          return funcs.call("app:echo", value)
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
    before = ticks(served)
    yield served
    assert served.process.poll() is None, served.log
    assert served.client.call("app:echo", ["alive"]) == "alive"
    served.until(lambda: all(now > then for now, then in zip(ticks(served), before, strict=True)))


def ticks(node: Running) -> list[int]:
    """Ask both neighbours, over a third process, how often their timers have fired."""
    return [node.client.wait(node.client.spawn("app:ticks", ACTORS, [name])) for name in ("clock_lua", "clock_py")]


def failure(node: Running, entry: str, host: str, *args: Any) -> Error:
    """Run an entry to its end and return the error it ends with."""
    with pytest.raises(Error) as caught:
        node.client.wait(node.client.spawn(entry, host, list(args)), timeout=30)
    return caught.value


# ---- scripts that do not compile -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "says"),
    [("broken:lua", "_index.yaml:3"), ("broken:python", "_index.yaml"), ("broken:raises", "zero")],
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
    called = node.project.inside("call", "broken:no_method")
    assert called.code in {1, 3}
    assert "mian" in called.err
    assert "main" in called.err.replace("mian", "")


# ---- scripts that compute, eat, or wait for what is not ours -------------------------------------------------------


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
@pytest.mark.parametrize("entry", ["app:loop_lua", "app:loop_py", "app:late_loop"])
def test_an_endless_loop_ends_with_resource(node: Running, entry: str, host: str) -> None:
    error = failure(node, entry, host)
    assert error.kind == RESOURCE
    assert "250" in error.message


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
@pytest.mark.parametrize("entry", ["app:short_loop", "app:short_lua"])
def test_a_script_may_have_a_limit_of_its_own(node: Running, entry: str, host: str) -> None:
    error = failure(node, entry, host)
    assert error.kind == RESOURCE
    assert "60" in error.message


def test_a_slow_python_script_is_noticed_with_its_line(node: Running) -> None:
    assert node.client.wait(node.client.spawn("app:slow", ACTORS)) == 1_999_999
    line = node.until(lambda: next((line for line in node.log.splitlines() if "app:slow" in line), ""))
    assert "wrong.py:1" in line


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
def test_a_script_that_eats_memory_ends_with_resource(node: Running, host: str) -> None:
    error = failure(node, "app:glutton", host)
    assert error.kind == RESOURCE
    assert "64 MiB" in error.message


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
@pytest.mark.parametrize(("entry", "place"), [("app:foreign_py", "foreign.py:4"), ("app:hidden_py", "hidden.py:6")])
def test_awaiting_what_is_not_ours_names_the_scripts_own_line(node: Running, entry: str, place: str, host: str) -> None:
    error = failure(node, entry, host)
    assert error.kind == INVALID
    assert place in error.message
    assert "function.py" in error.message


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
def test_yielding_what_is_not_ours_from_lua_ends_the_process(node: Running, host: str) -> None:
    assert "yield" in failure(node, "app:foreign_lua", host).message


# ---- values that may not cross -------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
@pytest.mark.parametrize("entry", ["app:large_send", "app:large_call", "app:large_result"])
def test_a_value_of_100_mb_is_refused_with_the_limit(node: Running, entry: str, host: str) -> None:
    error = failure(node, entry, host)
    assert error.kind == INVALID
    assert "4194304 bytes" in error.message


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
def test_lua_gets_the_refusal_of_a_large_value_as_second_value(node: Running, host: str) -> None:
    is_nil, kind, message = node.client.wait(node.client.spawn("app:large_lua", host))
    assert is_nil
    assert kind == INVALID
    assert "4194304 bytes" in message


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
@pytest.mark.parametrize(("entry", "path"), [("app:deep", "[0][0]"), ("app:deep_lua", "[1][1]")])
def test_a_value_nested_65_deep_is_refused_with_its_path(node: Running, entry: str, path: str, host: str) -> None:
    error = failure(node, entry, host)
    assert error.kind == INVALID
    assert "nesting deeper than 64" in error.message
    assert path in error.message


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
def test_a_program_outside_is_held_to_the_same_limits(node: Running, host: str) -> None:
    deep: Any = 1
    for _ in range(65):
        deep = [deep]
    for value, says in (("x" * 5_000_000, "4194304"), (deep, "64")):
        with pytest.raises(Error) as caught:
            node.client.spawn("app:done", host, [value])
        assert caught.value.kind == INVALID
        assert says in caught.value.message


# ---- messages to the dead ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dead", "code", "named"), [(ACTORS, 3, "NotFound"), (FLOWS, 4, "its run is completed")])
def test_a_message_to_a_process_that_has_ended_is_not_found(node: Running, dead: str, code: int, named: str) -> None:
    pid = node.client.spawn("app:done", dead)
    assert node.client.wait(pid) == "done"
    sent = node.project.inside("send", pid, "hello")
    assert sent.code == code
    assert named in sent.err
    for host in (ACTORS, FLOWS):
        kind, message = node.client.wait(node.client.spawn("app:to_the_dead", host, [pid]))
        assert kind == NOT_FOUND
        assert "process not found" in message


# ---- functions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
@pytest.mark.parametrize(
    ("function", "kind", "says"),
    [
        ("app:raises", INTERNAL, "stock"),
        ("app:unsendable", INVALID, "a function"),
        ("app:unsendable_child", INVALID, "a function"),
        ("app:exits", INTERNAL, "ended with exit code 3"),
        ("app:nothing", NOT_FOUND, "app:nothing"),
    ],
)
def test_a_function_that_goes_wrong_is_the_callers_error(
    node: Running, function: str, kind: str, says: str, host: str
) -> None:
    error = failure(node, "app:calling", host, function)
    assert error.kind == kind
    assert says in error.message


# ---- too much, and garbage -----------------------------------------------------------------------------------------


def test_a_full_mailbox_is_noticed_and_nothing_is_dropped(node: Running) -> None:
    pid = node.client.spawn("app:full", ACTORS)
    for number in range(15):
        node.client.send(pid, "more", number)
    node.until(lambda: "10 unread messages" in node.log)
    line = next(line for line in node.client.request("ps", {}) if line["pid"] == pid)
    assert line["mailbox"] == 15
    node.client.terminate(pid)


@pytest.mark.parametrize(
    "frame",
    [b"", b"\xff" * 100, b"GET / HTTP/1.1", b"\x9f" * 100_000, b"\xa1\x61v\x63two"],
    ids=["empty", "ones", "http", "open", "version"],
)
def test_garbage_on_the_control_socket_is_answered_with_invalid(node: Running, frame: bytes) -> None:
    path = (node.project.path / ".actorflow" / "control").read_text().strip()
    with pynng.Req0(dial=f"ipc://{path}", recv_timeout=10_000, send_timeout=10_000) as socket:
        socket.send(frame)
        answer = socket.recv()
    assert b"Invalid" in answer


# ---- files ---------------------------------------------------------------------------------------------------------


def test_a_corrupt_database_is_named_and_left_as_it_is(project: Project) -> None:
    write(project)
    node = project.up()
    pid = node.client.spawn("app:full", FLOWS)
    assert node.end(signal.SIGTERM) == 0
    database = project.path / ".actorflow" / "runs.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    data = bytearray(database.read_bytes())
    data[:4096] = b"\x55" * 4096
    database.write_bytes(data)
    node = project.up()
    service = next(line for line in node.client.services() if line["id"] == FLOWS)
    assert "runs.db" in service["failure"].message
    assert node.client.call("app:echo", [1]) == 1
    refused = project.inside("send", pid, "hello")
    assert refused.code == 6
    assert node.end(signal.SIGTERM) == 0
    assert database.read_bytes() == bytes(data)


def test_a_data_directory_that_cannot_be_written_is_named(project: Project) -> None:
    write(project)
    refused = project.run("up", "--data", "/proc/self/data")
    assert refused.code == 2
    assert "cannot use data directory: /proc/self/data" in refused.err


def test_a_boot_counter_of_nonsense_is_named_and_kept(project: Project) -> None:
    write(project)
    (project.path / ".actorflow").mkdir()
    counter = project.path / ".actorflow" / "boot"
    counter.write_text("many\n")
    refused = project.run("up")
    assert refused.code == 2
    assert str(counter) in refused.err
    assert counter.read_text() == "many\n"


def test_a_command_with_broken_json_says_where(node: Running) -> None:
    called = node.project.inside("call", "app:echo", '{"open": ')
    assert called.code == 2
    assert "not JSON" in called.err
    assert json.loads(node.project.inside("call", "app:echo", "{}").out) == {}
