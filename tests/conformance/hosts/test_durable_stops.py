"""What runs ask for while their node stops, or of a host that does not run: the next one, or a later start, does it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.conformance.hosts.place import ACTORS, FLOWS, Place, spawned
from tests.conformance.process.rig import until


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


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
