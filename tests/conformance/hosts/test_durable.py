"""What a workflow host promises of its runs, over restarts of the node and changes of the files."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from actorflow.errors import Error
from actorflow.node.node import Node
from tests.conformance.hosts.place import ACTORS, FLOWS, Place, waiting_for
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


async def spawned(node: Node, entry: str, workflow_id: str, *args: object) -> str:
    return await node.spawn(entry, host=FLOWS, args=list(args), options={"workflow.id": workflow_id})


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


async def test_a_long_history_is_noticed_and_then_pauses_the_run(tmp_path: Path) -> None:
    place = Place(tmp_path, {"limits": {"history": {"warn": 20, "pause": 40}}})
    place.python("nothing", "def main():\n    pass\n", "function")
    main = place.lua("main", "local function main() while true do funcs.call('app:nothing') end end")
    async with place.node() as node:
        pid = await spawned(node, main, "one")
        await until(lambda: any(notice.code == "run-paused" for notice in place.notices))
        codes = [notice.code for notice in place.notices]
        assert codes.index("history-long") < codes.index("run-paused")
        assert "history limit" in next(notice.text for notice in place.notices if notice.code == "run-paused")
        await node.send(pid, "kept")
        await node.terminate(pid)
        with pytest.raises(Error, match="terminated"):
            await node.wait(pid, timeout=20)


async def test_a_host_has_limits_of_its_own(tmp_path: Path) -> None:
    place = Place(tmp_path, {"limits": {"payload": 1000, "depth": 3}})
    place.entries["actors"]["limits"] = {"payload": 1000, "depth": 3}
    main = place.lua("main", "local function main(x) return x end")
    async with place.node() as node:
        for host in (ACTORS, FLOWS):
            for value, says in (("x" * 1001, "1000 bytes"), ([[[[1]]]], "nesting deeper than 3")):
                with pytest.raises(Error, match=says) as caught:
                    await node.exec(main, host=host, args=[value], timeout=20)
                assert caught.value.kind == "Invalid"


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
async def test_arguments_and_messages_are_as_deep_on_every_host(place: Place, host: str) -> None:
    main = place.lua(
        "main",
        """
        local function depth(value)
          if type(value) ~= "table" then return 0 end
          return 1 + depth(value.a)
        end
        local function main(value)
          local levels = depth(value)
          return {levels, depth(process.inbox():receive():payload():data())}
        end
        """,
    )

    def deep(levels: int) -> object:
        return {"a": deep(levels - 1)} if levels else 1

    async with place.node() as node:
        pid = await node.spawn(main, host=host, args=[deep(63)])
        await node.send(pid, "go", deep(63))
        assert await node.wait(pid, timeout=20) == [63, 63]
        with pytest.raises(Error, match="nesting deeper than 64,"):
            await node.spawn(main, host=host, args=[deep(64)])  # their list is a level of what is asked of a node


async def test_the_limits_of_an_entry_take_the_place_of_the_hosts(tmp_path: Path) -> None:
    place = Place(tmp_path, {"limits": {"payload": 1000, "history": {"pause": 40}}})
    place.entries["actors"]["limits"] = {"payload": 1000}
    place.python("nothing", "def main():\n    pass\n", "function")
    wide = place.lua("wide", "local function main(x) return x end", limits={"payload": 5000})
    long = place.lua(
        "long",
        "local function main() for _ = 1, 30 do funcs.call('app:nothing') end return 'done' end",
        limits={"history": {"pause": 400}},
    )
    async with place.node() as node:
        for host in (ACTORS, FLOWS):
            assert len(await node.exec(wide, host=host, args=["x" * 4000], timeout=20)) == 4000
            with pytest.raises(Error, match="5000 bytes"):
                await node.exec(wide, host=host, args=["x" * 5001], timeout=20)
        assert await node.exec(long, host=FLOWS, timeout=20) == "done"


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
async def test_how_long_code_may_run_is_written_on_the_host_or_on_the_entry(tmp_path: Path, host: str) -> None:
    place = Place(tmp_path, {"limits": {"slice": {"kill": "30ms"}}})
    place.entries["actors"]["limits"] = {"slice": {"kill": "30ms"}}
    lua, python = "local function main() while true do end end", "async def main():\n    while True:\n        pass\n"
    own = {"slice": {"kill": "60ms"}}
    entries = {
        place.lua("lua", lua): "30 ms",
        place.python("py", python, "process"): "30ms",
        place.lua("lua_own", lua, limits=own): "60 ms",
        place.python("py_own", python, "process", limits=own): "60ms",
    }
    async with place.node() as node:
        for entry, says in entries.items():
            with pytest.raises(Error, match=rf"limits\.slice.*{says}|{says}.*slice"):
                await node.exec(entry, host=host, timeout=20)


async def test_no_more_calls_than_the_concurrency_run_at_once(tmp_path: Path) -> None:
    place = Place(tmp_path, {"concurrency": 3})
    place.python(
        "busy",
        """
        import trio

        running, most = [], []

        async def main():
            running.append(1)
            most.append(len(running))
            while len(most) < 3:
                await trio.sleep(0.001)
            await trio.sleep(0.02)
            running.pop()
            return max(most)
        """,
        "function",
    )
    main = place.lua("main", "local function main() return funcs.call('app:busy') end")
    async with place.node() as node:
        pids = [await node.spawn(main, host=FLOWS) for _ in range(12)]
        assert max([await node.wait(pid, timeout=20) for pid in pids]) == 3


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


SLOW = """
import trio

async def main(path):
    with open(path, "a") as file:
        file.write("begun ")
    await trio.sleep(0.2)
    return "done"
"""
DESK = """
local function main()
  process.registry.register("desk")
  return process.inbox():receive():payload():data()
end
"""


async def test_what_a_run_asks_for_while_its_node_stops_it_gets_from_the_next_one(place: Place) -> None:
    place.python("slow", SLOW, "function")
    desk = place.lua("desk", DESK)
    place.lua("child", "local function main(text) return text end")
    main = place.lua(
        "main",
        """
        local function main(path)
          local slow, failed = funcs.call("app:slow", path)
          if failed then return nil, failed end
          local pid, refused = process.spawn_monitored("app:child", "app:flows", slow)
          if refused then return nil, refused end
          local sent, lost = process.send("desk", "hello", slow)
          if lost then return nil, lost end
          return process.events():receive().result.value
        end
        """,
    )
    effects = place.path / "effects"
    place.entries["flows"]["lifecycle"] = {"auto_start": True, "stop_timeout": "60s"}
    async with place.node() as node:
        await node.spawn(desk, host=ACTORS)
        await spawned(node, main, "one", str(effects))
        await until(effects.exists)
        began = trio.current_time()
    assert trio.current_time() - began < 30, "the drain ends with the call, not with its grace"
    place.entries["flows"]["lifecycle"] = {"auto_start": True, "requires": ["app:desk_service"]}
    place.entries["desk_service"] = {
        "kind": "process.service",
        "process": "app:desk",
        "host": ACTORS,
        "lifecycle": {"auto_start": True},
    }
    async with place.node() as node:
        assert await node.wait("{local@app:flows|one}", timeout=20) == "done"
    assert effects.read_text() == "begun "


async def test_a_run_whose_host_does_not_run_goes_on_when_it_does(place: Place) -> None:
    place.entries["later"] = {
        "kind": "workflow.host",
        "lifecycle": {"auto_start": True, "requires": ["app:flows"]},  # so it also stops first
    }
    place.python("slow", SLOW, "function")
    place.lua("child", 'local function main(path) return funcs.call("app:slow", path) end')
    main = place.lua(
        "main",
        """
        local function main(path)
          process.spawn_monitored("app:child", "app:flows", path)
          return process.events():receive().result.value
        end
        """,
    )
    effects = place.path / "effects"
    async with place.node() as node:
        pid = await node.spawn(main, host="app:later", args=[str(effects)])
        await until(effects.exists)
    assert not [notice for notice in place.notices if notice.code == "run-paused"]
    async with place.node() as node:
        assert await node.wait(pid, timeout=20) == "done"
    assert effects.read_text() == "begun "


async def test_a_child_for_a_host_that_does_not_run_starts_when_it_does(place: Place) -> None:
    place.entries["later"] = {
        "kind": "workflow.host",
        "lifecycle": {"auto_start": True, "requires": ["app:flows"]},  # so it also stops first
    }
    place.python("slow", SLOW, "function")
    place.lua("child", "local function main(x) return x + 1 end")
    main = place.lua(
        "main",
        """
        local function main(path)
          funcs.call("app:slow", path)
          local pid, err = process.spawn_monitored("app:child", "app:later", 41)
          if err then return err:message() end
          return process.events():receive().result.value
        end
        """,
    )
    effects = place.path / "effects"
    async with place.node() as node:
        pid = await node.spawn(main, host=FLOWS, args=[str(effects)])
        await until(effects.exists)
    async with place.node() as node:
        assert await node.wait(pid, timeout=20) == 42
    assert effects.read_text() == "begun "


async def test_a_child_for_a_host_that_never_was_durable_is_refused_at_once(place: Place) -> None:
    main = place.lua(
        "main", "local function main(to) local _, err = process.spawn('app:main', to) return err:kind() end"
    )
    async with place.node() as node:
        for elsewhere in (ACTORS, "app:nowhere", "app:main"):
            assert await node.exec(main, host=FLOWS, args=[elsewhere], timeout=20) == "Invalid"


async def test_a_mailbox_is_refused_where_signals_are_kept(place: Place) -> None:
    main = place.lua("main", "local function main() return 1 end")
    place.entries["main"] |= {"mailbox": {"limit": 3, "overflow": "drop_oldest"}}
    place.entries["main"]["kind"] = "process.lua"
    async with place.node() as node:
        with pytest.raises(Error, match=r"app:main .*has a `mailbox`, which durable hosts do not know") as caught:
            await spawned(node, main, "one")
        assert caught.value.kind == "Invalid"
        assert await node.wait(await node.spawn(main, host=ACTORS), timeout=20) == 1
