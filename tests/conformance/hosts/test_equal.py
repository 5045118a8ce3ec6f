"""The same script gives the same result on every host, and its twin in the other language does too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from tests.conformance.hosts.place import HOSTS, Place, same, waiting_for


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_tasks_talk_over_channels(place: Place) -> None:
    lua = place.lua(
        "lua",
        """
        local function main()
          local out = channel.new(0)
          coroutine.spawn(function()
            for n = 1, 3 do out:send(n) end
            out:close()
          end)
          local sum = 0
          for item in out:iter() do sum = sum + item end
          local _, open = out:receive()
          return {sum, open}
        end
        """,
    )
    python = place.python(
        "python",
        """
        from actorflow.script import channel, process

        async def fill(out):
            for n in (1, 2, 3):
                await out.send(n)
            out.close()

        async def main():
            out = channel.new(0)
            await process.start(fill, out)
            total = 0
            async for item in out:
                total += item
            return [total, not out.closed]
        """,
    )
    assert await same(place, (lua, python)) == [6, False]


async def test_the_first_ready_case_of_a_select_wins_and_timers_are_channels(place: Place) -> None:
    lua = place.lua(
        "lua",
        """
        local function main()
          local never, soon = channel.new(0), channel.new(1)
          soon:send("ready")
          local first = channel.select({never:case_receive(), soon:case_receive()})
          local second = channel.select({never:case_receive(), time.after("5ms"):case_receive()})
          return {first.value, second.channel ~= never}
        end
        """,
    )
    python = place.python(
        "python",
        """
        from actorflow.script import channel, time

        async def main():
            never, soon = channel.new(0), channel.new(1)
            await soon.send("ready")
            first = await channel.select(never, soon)
            second = await channel.select(never, time.after("5ms"))
            return [first.value, second.channel is not never]
        """,
    )
    assert await same(place, (lua, python)) == ["ready", True]


async def test_messages_go_to_their_listener_else_to_the_inbox_and_answer_by_field(place: Place) -> None:
    lua = place.lua(
        "lua",
        """
        local function main()
          local me = process.pid()
          process.send(me, "approve", {approved = true})
          process.send(me, "count", 1)
          process.send(me, "count", 2, 3)
          local count = process.listen("count")
          local message = process.inbox():receive()
          return {message:topic(), message.approved, message:from() == me, count:receive(), (count:receive())}
        end
        """,
    )
    python = place.python(
        "python",
        """
        from actorflow.script import process

        async def main():
            me = process.pid()
            await process.send(me, "approve", {"approved": True})
            await process.send(me, "count", 1)
            await process.send(me, "count", 2, 3)
            count = process.listen("count")
            message = await process.inbox().receive()
            return [message.topic, message.approved, message.sender == me, await count.receive(), await count.receive()]
        """,
    )
    assert await same(place, (lua, python)) == ["approve", True, True, 1, [2, 3]]


async def test_a_call_gives_the_value_or_the_failure_with_all_its_parts(place: Place) -> None:
    place.python("double", "def main(x):\n    return x * 2\n", "function")
    source = "from actorflow.errors import Rejected\ndef main():\n    raise Rejected('sold out', details={'left': 0})\n"
    place.python("refuse", source, "function")
    lua = place.lua(
        "lua",
        """
        local function main()
          local future = funcs.async("app:double", 4)
          local value, err = funcs.call("app:refuse")
          local answer = future:response():receive()
          local failed = {value == nil, err:message(), err:kind(), err:retryable(), err:details().left}
          return {funcs.call("app:double", 21), failed, answer:data()}
        end
        """,
    )
    python = place.python(
        "python",
        """
        from actorflow.script import errors, funcs

        async def main():
            future = funcs.async_("app:double", 4)
            try:
                await funcs.call("app:refuse")
            except errors.Error as error:
                failed = [True, error.message, error.kind, error.retryable, error.details["left"]]
            return [await funcs.call("app:double", 21), failed, await future]
        """,
    )
    assert await same(place, (lua, python)) == [42, [True, "sold out", "Invalid", False, 0], 8]


async def test_values_cross_unchanged_and_what_cannot_becomes_nil(place: Place) -> None:
    place.python("echo", "def main(*values):\n    return list(values)\n", "function")
    value = [2**53 + 1, -(2**63), 2**63 - 1, 0.5, 1.0, "ü", b"\x00\xff", True, [1, [2]], {"a": {"b": 1}, 5: "five"}]
    lua = place.lua("lua", "local function main(value) return funcs.call('app:echo', value, channel.new(0)) end")
    python = place.python(
        "python",
        """
        from actorflow.script import channel, funcs

        async def main(value):
            return await funcs.call("app:echo", value, channel.new(0))
        """,
    )
    back = await same(place, (lua, python), value)
    assert back == [value, None]
    assert [type(item) for item in back[0]] == [type(item) for item in value]
    assert any(notice.code == "value-dropped" for notice in place.notices)


async def test_shared_parts_are_copied_apart(place: Place) -> None:
    place.python("change", "def main(pair):\n    pair[0].append(1)\n    return pair\n", "function")
    lua = place.lua("lua", "local function main() local t = {0} return funcs.call('app:change', {t, t}) end")
    python = place.python(
        "python",
        """
        from actorflow.script import funcs

        async def main():
            shared = [0]
            return await funcs.call("app:change", [shared, shared])
        """,
    )
    assert await same(place, (lua, python)) == [[0, 1], [0]]


async def test_pairs_has_one_order(place: Place) -> None:
    lua = place.lua(
        "lua",
        """
        local function main()
          local t, order = {}, {}
          t[true], t.b, t[2.5], t[false], t.a, t[-1], t.B = 1, 1, 1, 1, 1, 1, 1
          t[2], t[1] = 1, 1
          for key in pairs(t) do order[#order + 1] = tostring(key) end
          return order
        end
        """,
    )
    assert await same(place, (lua,)) == ["1", "2", "-1", "2.5", "B", "a", "b", "false", "true"]


async def test_a_child_is_run_and_its_end_heard(place: Place) -> None:
    place.lua("child", "local function main(x) time.sleep('2ms') if x < 0 then error('boom') end return x + 1 end")
    lua = place.lua(
        "lua",
        """
        local function main(host)
          local events = process.events()
          local pid = process.spawn_monitored("app:child", host, 1)
          local value = process.exec("app:child", host, 10)
          local event = events:receive()
          local _, err = process.exec("app:child", host, -1)
          return {value, event.type == "EXIT", event.kind, event.from == pid, event.result.value, err:kind()}
        end
        """,
    )
    python = place.python(
        "python",
        """
        from actorflow.script import errors, process

        async def main(host):
            events = process.events()
            pid = await process.spawn_monitored("app:child", host, 1)
            value = await process.exec("app:child", host, 10)
            event = await events.receive()
            try:
                await process.exec("app:child", host, -1)
            except errors.Error as error:
                kind = error.kind
            return [value, event.type == "EXIT", event["kind"], event["from"] == pid, event.value, kind]
        """,
    )
    async with place.node() as node:
        for host in HOSTS:
            for entry in (lua, python):
                result = await node.exec(entry, host=host, args=[host], timeout=20)
                assert result == [11, True, "pid.exit", True, 2, "Internal"], (entry, host)


async def test_names_are_registered_and_looked_up(place: Place) -> None:
    lua = place.lua(
        "lua",
        """
        local function main()
          local me = process.pid()
          process.registry.register("desk")
          local found, _, err = process.registry.lookup("desk"), process.registry.lookup("no one")
          return {found == me, process.registry.unregister("desk"), err}
        end
        """,
    )
    python = place.python(
        "python",
        """
        from actorflow.script import process

        async def main():
            me = process.pid()
            await process.registry.register("desk")
            return [await process.registry.lookup("desk") == me, await process.registry.unregister("desk")]
        """,
    )
    async with place.node() as node:
        for host in HOSTS:
            for entry in (lua, python):
                assert (await node.exec(entry, host=host, timeout=20))[:2] == [True, True], (entry, host)
            with pytest.raises(Error, match="desk"):
                await node.send("desk", "anybody")


async def test_cancel_is_an_event_or_an_interruption_after_which_cleanup_may_call(place: Place) -> None:
    place.python("undo", "def main(what):\n    return 'undone ' + what\n", "function")
    reading = place.lua(
        "reading",
        """
        local function main()
          local event = process.events():receive()
          return {event.kind, event.type, event.reason}
        end
        """,
    )
    waiting = place.python(
        "waiting",
        """
        from actorflow.script import funcs, time

        async def main():
            try:
                await time.sleep("1h")
            finally:
                return await funcs.call("app:undo", "order")
        """,
    )
    waiting_lua = place.lua(
        "waiting_lua",
        """
        local function main()
          local ok, err = pcall(time.sleep, "1h")
          return {ok, err:kind(), funcs.call("app:undo", "order")}
        end
        """,
    )
    expected: dict[str, Any] = {
        reading: ["pid.cancel", "CANCEL", "enough"],
        waiting: "undone order",
        waiting_lua: [False, "Canceled", "undone order"],
    }
    async with place.node() as node:
        for host in HOSTS:
            for entry, result in expected.items():
                pid = await node.spawn(entry, host=host)
                await waiting_for(node, pid)
                await node.cancel(pid, "enough")
                assert await node.wait(pid, timeout=20) == result, (entry, host)


@pytest.mark.parametrize(
    ("source", "kind", "retryable", "says"),
    [
        ("error('boom')", "Internal", None, ":wrong:1: boom"),
        ("return nil, 'sold out'", "Internal", False, "sold out"),
        ("return nil, errors.new({message = 'no', kind = 'Conflict'})", "Conflict", None, "no"),
    ],
)
async def test_how_a_lua_script_fails(
    place: Place, source: str, kind: str, says: str, *, retryable: bool | None
) -> None:
    wrong = place.lua("wrong", f"local function main() {source} end")
    async with place.node() as node:
        for host in HOSTS:
            with pytest.raises(Error) as caught:
                await node.exec(wrong, host=host, timeout=20)
            assert (caught.value.kind, caught.value.retryable) == (kind, retryable), host
            assert says in caught.value.message, host


async def test_a_chunk_without_functions_is_the_script(place: Place) -> None:
    (place.path / "chunk.lua").write_text("local a, b = ...\ntime.sleep('1ms')\nreturn a + b\n")
    place.entries["chunk"] = {"kind": "process.lua", "source": "file://chunk.lua", "modules": ["time"]}
    assert await same(place, ("app:chunk",), 1, 2) == 3


async def test_uuids_random_numbers_and_time_are_what_they_say(place: Place) -> None:
    python = place.python(
        "python",
        """
        from actorflow.script import random, time, uuid

        async def main():
            before = time.now_ns()
            await time.sleep("2ms")
            later = time.now_ns() - before >= 2_000_000
            drawn = [random.randint(1, 6) for _ in range(20)]
            return [uuid.version(uuid.v4()), uuid.version(uuid.v7()), all(1 <= n <= 6 for n in drawn), later]
        """,
    )
    assert await same(place, (python,)) == [4, 7, True, True]


async def test_a_time_out_ends_a_call_with_all_its_attempts(place: Place) -> None:
    place.python("slow", "import trio\nasync def main():\n    await trio.sleep(60)\n", "function")
    place.python("flaky", "def main():\n    raise ConnectionError('lost')\n", "function")
    lua = place.lua(
        "lua",
        """
        local function main()
          local retry = {initial_delay = "1ms", max_delay = "1ms", max_attempts = 100000}
          local options, kinds = {timeout = "50ms", retry = retry}, {}
          for _, id in ipairs({"app:slow", "app:flaky"}) do
            local _, err = funcs.new():with_options(options):call(id)
            kinds[#kinds + 1] = err:kind()
          end
          return kinds
        end
        """,
    )
    assert await same(place, (lua,)) == ["Timeout", "Timeout"]
