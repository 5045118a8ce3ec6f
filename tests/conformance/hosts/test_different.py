"""What differs by host: the table of SEMANTICS.md, row by row."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from actorflow.errors import Error
from tests.conformance.hosts.place import ACTORS, FLOWS, HOSTS, Place, waiting_for


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("verb", ["monitor", "unmonitor", "link", "unlink"])
async def test_monitors_and_links_are_for_actors(place: Place, verb: str) -> None:
    place.lua("child", "local function main() process.inbox():receive() end")
    main = place.lua(
        "watching",
        f"""
        local function main(host)
          local pid = process.spawn("app:child", host)
          local ok, err = process.{verb}(pid)
          return {{ok == true, err and err:kind() or "", err and err:message() or ""}}
        end
        """,
    )
    async with place.node() as node:
        assert await node.exec(main, host=ACTORS, args=[ACTORS], timeout=20) == [True, "", ""]
        assert await node.exec(main, host=ACTORS, args=[FLOWS], timeout=20) == [True, "", ""]
        ok, kind, text = await node.exec(main, host=FLOWS, args=[FLOWS], timeout=20)
        assert (ok, kind) == (False, "Invalid")
        assert "not supported in workflow context" in text


async def test_a_workflow_hears_of_its_children_without_asking(place: Place) -> None:
    place.lua("child", "local function main() return 'bye' end")
    main = place.lua(
        "parent",
        """
        local function main(host, patience)
          local events = process.events()
          process.spawn("app:child", host)
          local got = channel.select({events:case_receive(), time.after(patience):case_receive()})
          return got.channel == events and got.value.result.value or "nothing heard"
        end
        """,
    )
    async with place.node() as node:
        assert await node.exec(main, host=FLOWS, args=[FLOWS, "30s"], timeout=60) == "bye"
        assert await node.exec(main, host=ACTORS, args=[FLOWS, "30s"], timeout=60) == "bye"
        assert await node.exec(main, host=ACTORS, args=[ACTORS, "50ms"], timeout=20) == "nothing heard"


async def test_a_workflow_spawns_onto_durable_hosts_only(place: Place) -> None:
    place.lua("child", "local function main() return 'ran' end")
    main = place.lua(
        "parent",
        """
        local function main(host)
          local value, err = process.exec("app:child", host)
          return value or {err:kind(), err:message()}
        end
        """,
    )
    async with place.node() as node:
        assert await node.exec(main, host=ACTORS, args=[FLOWS], timeout=20) == "ran"
        kind, text = await node.exec(main, host=FLOWS, args=[ACTORS], timeout=20)
        assert kind == "Invalid"
        assert "call a function that spawns it" in text


async def test_only_actors_do_io(place: Place) -> None:
    io = place.python(
        "io",
        """
        from actorflow.script import process

        async def read():
            return "read"

        async def main():
            return await process.io(read)
        """,
    )
    async with place.node() as node:
        assert await node.exec(io, host=ACTORS, timeout=20) == "read"
        with pytest.raises(Error, match=r"io.py:7.* process.io: .*funcs.call") as caught:
            await node.spawn(io, host=FLOWS)
        assert caught.value.kind == "Invalid"


async def test_a_crashed_function_is_called_again_by_workflows_only(place: Place) -> None:
    place.python(
        "flaky",
        """
        seen = []

        def main(key):
            seen.append(key)
            if seen.count(key) < 2:
                raise ConnectionError("lost")
            return seen.count(key)
        """,
        "function",
    )
    main = place.lua("main", "local function main(key) return funcs.call('app:flaky', key) end")
    async with place.node() as node:
        with pytest.raises(Error, match="lost"):
            await node.exec(main, host=ACTORS, args=["actor"], timeout=20)
        assert await node.exec(main, host=FLOWS, args=["run"], timeout=20) == 2


async def test_what_is_not_retryable_is_called_once(place: Place) -> None:
    place.python(
        "refuse",
        """
        from actorflow.errors import Rejected

        seen = []

        def main():
            seen.append(1)
            raise Rejected(f"refused {len(seen)}")
        """,
        "function",
    )
    place.lua("text", "local function main() return nil, 'sold out' end", "function")
    main = place.lua("main", "local function main(id) return funcs.call(id) end")
    async with place.node() as node:
        for target, says in (("app:refuse", "refused 1"), ("app:text", "sold out")):
            with pytest.raises(Error, match=says) as caught:
                await node.exec(main, host=FLOWS, args=[target], timeout=20)
            assert caught.value.retryable is False


async def test_the_invocation_id_follows_from_the_run_and_the_request(place: Place) -> None:
    source = (
        "from actorflow.script import ctx\ndef main():\n    return [ctx.get('invocation_id'), ctx.get('attempt')]\n"
    )
    place.python("key", source, "function")
    main = place.lua(
        "main",
        """
        local function main()
          local who = workflow.info()
          return {who and who.run_id or process.pid(), funcs.call("app:key"), funcs.call("app:key")}
        end
        """,
    )
    async with place.node() as node:
        run_id, *keys = await node.exec(main, host=FLOWS, timeout=20)
        assert keys == [[str(uuid.uuid5(uuid.UUID(run_id), number)), 1] for number in ("1", "2")]
        pid, *keys = await node.exec(main, host=ACTORS, timeout=20)
        assert keys == [[f"{pid}/1", 1], [f"{pid}/2", 1]]


async def test_how_a_terminated_process_ends(place: Place) -> None:
    main = place.lua("main", "local function main() process.inbox():receive() end")
    async with place.node() as node:
        for host, kind, text in (
            (ACTORS, "Internal", "process terminated"),
            (FLOWS, "Canceled", "workflow terminated"),
        ):
            pid = await node.spawn(main, host=host)
            await node.terminate(pid)
            with pytest.raises(Error, match=text) as caught:
                await node.wait(pid, timeout=20)
            assert caught.value.kind == kind


async def test_time_stands_still_between_two_facts_of_a_run(place: Place) -> None:
    main = place.python(
        "main",
        """
        from actorflow.script import time

        async def main():
            before = time.now_ns()
            for _ in range(20_000):
                pass
            return time.now_ns() - before
        """,
    )
    async with place.node() as node:
        assert await node.exec(main, host=FLOWS, timeout=20) == 0
        assert await node.exec(main, host=ACTORS, timeout=20) > 0


async def test_a_run_survives_its_node_and_an_actor_does_not(place: Place) -> None:
    main = place.lua("main", "local function main() return process.inbox():receive():topic() end")
    async with place.node() as node:
        pids = {host: await node.spawn(main, host=host) for host in HOSTS}
        for pid in pids.values():
            await waiting_for(node, pid)
    async with place.node() as node:
        with pytest.raises(Error, match="process not found"):
            await node.send(pids[ACTORS], "go")
        await node.send(pids[FLOWS], "go")
        assert await node.wait(pids[FLOWS], timeout=20) == "go"


async def test_a_key_that_is_no_text_number_or_boolean_iterates_on_actors_only(place: Place) -> None:
    main = place.lua(
        "main",
        """
        local function main()
          local t, seen = {[{}] = "table", a = 1}, {}
          for _, value in pairs(t) do seen[#seen + 1] = tostring(value) end
          return seen
        end
        """,
    )
    async with place.node() as node:
        assert await node.exec(main, host=ACTORS, timeout=20) == ["1", "table"]
        with pytest.raises(Error) as caught:
            await node.exec(main, host=FLOWS, timeout=20)
        assert caught.value.kind == "Invalid"


async def test_a_script_is_held_to_the_durable_rules_by_kind_or_by_host(place: Place) -> None:
    source = "import threading\nasync def main():\n    return 1\n"
    place.python("threads", source)
    stray = place.python("hashing", "async def main():\n    return len({hash('a')})\n", "workflow")
    async with place.node() as node:
        for entry, host in (("app:threads", FLOWS), (stray, FLOWS), (stray, ACTORS)):
            with pytest.raises(Error) as caught:
                await node.spawn(entry, host=host)
            assert caught.value.kind == "Invalid", (entry, host)
            assert ".py:" in caught.value.message
