"""What hosts, entries and their limits say of how much a run may have and take, actors beside durable runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.errors import Error
from tests.conformance.hosts.place import ACTORS, FLOWS, Place, spawned
from tests.conformance.process.rig import until


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


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


async def test_a_mailbox_is_refused_where_signals_are_kept(place: Place) -> None:
    main = place.lua("main", "local function main() return 1 end")
    place.entries["main"] |= {"mailbox": {"limit": 3, "overflow": "drop_oldest"}}
    place.entries["main"]["kind"] = "process.lua"
    async with place.node() as node:
        with pytest.raises(Error, match=r"app:main .*has a `mailbox`, which durable hosts do not know") as caught:
            await spawned(node, main, "one")
        assert caught.value.kind == "Invalid"
        assert await node.wait(await node.spawn(main, host=ACTORS), timeout=20) == 1
