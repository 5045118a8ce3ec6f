"""What a workflow host promises of its runs, over restarts of the node and changes of the files."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from actorflow.errors import Error
from tests.conformance.hosts.place import ACTORS, Place, spawned, waiting_for
from tests.conformance.process.rig import until

COUNTING = """
import os

def main(path, value):
    with open(path, "a") as file:
        file.write(f"{value}\\n")
    return value
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.python("count", COUNTING, "function")
    return made


async def test_a_recorded_result_is_never_asked_for_again(place: Place) -> None:
    main = place.lua(
        "main",
        """
        local function main(path)
          local first = funcs.call("app:count", path, "first")
          process.inbox():receive()
          return {first, funcs.call("app:count", path, "second")}
        end
        """,
    )
    effects = place.path / "effects"
    async with place.node() as node:
        pid = await spawned(node, main, "one", str(effects))
        await waiting_for(node, pid)
        await until(effects.exists)
    async with place.node():
        pass
    async with place.node() as node:
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == ["first", "second"]
    assert effects.read_text() == "first\nsecond\n"


async def test_a_run_keeps_the_source_it_began_with_and_new_runs_get_the_new_one(place: Place) -> None:
    text = "local function main() process.inbox():receive() return '{}' end"
    main = place.lua("main", text.format("old"))
    async with place.node() as node:
        await spawned(node, main, "one")
    place.lua("main", text.format("new"))
    async with place.node() as node:
        await spawned(node, main, "two")
        for name, result in (("one", "old"), ("two", "new")):
            await node.send(f"{{local@app:flows|{name}}}", "go")
            assert await node.wait(f"{{local@app:flows|{name}}}", timeout=20) == result


async def test_a_library_is_pinned_with_the_script_and_a_function_is_not(place: Place) -> None:
    def write(version: str) -> None:
        (place.path / "library.lua").write_text(f"return {{version = '{version}'}}")
        place.python("current", f"def main():\n    return '{version}'\n", "function")

    write("old")
    place.entries["library"] = {"kind": "library.lua", "source": "file://library.lua"}
    main = place.lua(
        "main",
        """
        local library = require("library")
        local function main()
          process.inbox():receive()
          return {library.version, funcs.call("app:current")}
        end
        """,
        imports={"library": "app:library"},
    )
    async with place.node() as node:
        pid = await spawned(node, main, "one")
    write("new")
    async with place.node() as node:
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == ["old", "new"]


async def test_a_timer_that_was_due_while_no_node_ran_fires_at_once(place: Place) -> None:
    main = place.lua(
        "main",
        """
        local function main()
          local before = time.now():unix_nano()
          time.sleep("200ms")
          return time.now():unix_nano() - before
        end
        """,
    )
    async with place.node() as node:
        pid = await spawned(node, main, "one")
    await trio.sleep(0.25)
    async with place.node() as node:
        with trio.fail_after(30):
            assert await node.wait(pid, timeout=20) >= 200_000_000


async def test_a_child_is_found_again_and_heard_after_a_restart(place: Place) -> None:
    place.lua("child", "local function main(x) process.inbox():receive() return x * 2 end")
    main = place.lua(
        "main",
        """
        local function main()
          local events = process.events()
          local pid = process.spawn("app:child", "", 4)
          local event = events:receive()
          return {event.from == pid, event.result.value, process.exec("app:child", "app:flows", 5)}
        end
        """,
    )
    async with place.node() as node:
        pid = await spawned(node, main, "parent")
        await waiting_for(node, pid)
    async with place.node() as node:
        await node.send("{local@app:flows|parent/1}", "go")
        await until(lambda: len(list(node.processes())) > 1)
    async with place.node() as node:
        await node.send("{local@app:flows|parent/2}", "go")
        assert await node.wait(pid, timeout=20) == [True, 8, 10]


async def test_an_actor_hears_the_end_of_a_run_it_watches(place: Place) -> None:
    place.lua("run", "local function main() process.inbox():receive() return 'done' end")
    place.lua("failing", "local function main() process.inbox():receive() error('boom') end")
    main = place.lua(
        "main",
        """
        local function main()
          process.set_options({trap_links = true})
          local events = process.events()
          local good = process.spawn_monitored("app:run", "app:flows")
          local bad = process.spawn_linked("app:failing", "app:flows")
          process.send(good, "go")
          local first = events:receive()
          process.send(bad, "go")
          local second = events:receive()
          while second.type ~= "LINK_DOWN" do second = events:receive() end
          return {first.type, first.from == good, first.result.value, second.from == bad}
        end
        """,
    )
    async with place.node() as node:
        assert await node.exec(main, host=ACTORS, timeout=20) == ["EXIT", True, "done", True]


async def test_what_was_drawn_is_drawn_again_after_a_restart(place: Place) -> None:
    main = place.python(
        "main",
        """
        from actorflow.script import funcs, process, random, time, uuid

        async def main(path):
            drawn = [uuid.v4(), random.random(), time.now_ns()]
            await funcs.call("app:count", path, str(drawn))
            await process.inbox().receive()
            return str(drawn)
        """,
    )
    effects = place.path / "effects"
    async with place.node() as node:
        pid = await spawned(node, main, "one", str(effects))
        await until(effects.exists)
    async with place.node() as node:
        await node.send(pid, "go")
        assert f"{await node.wait(pid, timeout=20)}\n" == effects.read_text()


async def test_a_machine_that_was_evicted_comes_back_by_replay(tmp_path: Path) -> None:
    place = Place(tmp_path, {"cache": {"runs": 0}})
    main = place.lua("main", "local function main(x) process.inbox():receive() return x end")
    async with place.node() as node:
        pid = await spawned(node, main, "one", 7)
        await until(lambda: list(node.processes()) == [])
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == 7


async def test_a_run_has_its_names_again_after_a_restart(place: Place) -> None:
    main = place.lua(
        "main",
        """
        local function main()
          process.registry.register("desk")
          process.registry.register("gone")
          process.registry.unregister("gone")
          return process.inbox():receive():topic()
        end
        """,
    )
    async with place.node() as node:
        pid = await spawned(node, main, "one")
        await waiting_for(node, pid)
        await until(lambda: node.directory.find("desk") == pid and node.directory.find("gone") is None)
        await trio.sleep(0.1)
    async with place.node() as node:
        await node.send("desk", "go")
        assert await node.wait(pid, timeout=20) == "go"
        with pytest.raises(Error, match="gone"):
            await node.send("gone", "go")
