"""Starting processes: PIDs, arguments, names, startup messages, context, and everything that can be wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest

from actorflow.bundle import Bundle
from actorflow.errors import ALREADY_EXISTS, INVALID, NOT_FOUND, UNAVAILABLE, Error, Failure, invalid
from actorflow.machine.op import Op
from actorflow.ports import SpawnRequest
from tests.conformance.process.rig import HOST, OTHER, rig, until
from tests.conformance.process.test_messages import attempt


def waiting(*_args: Any) -> Any:
    yield (Op.SLEEP, 10**15)


def returning(*args: Any) -> Any:
    return list(args)
    yield


async def test_a_pid_names_node_host_and_a_number_of_at_least_five_digits() -> None:
    async with rig() as node:
        node.add("app:waiting", waiting)
        pids = [await node.node.spawn("app:waiting", host=host) for host in (HOST, OTHER, HOST)]
    assert all(re.fullmatch(r"\{local@app:(processes|others)\|0x[0-9a-f]{5,}\}", pid) for pid in pids)
    assert len(set(pids)) == 3


async def test_no_boot_repeats_a_pid_of_another() -> None:
    ids = set()
    for boot in (1, 2):
        async with rig(boot=boot) as node:
            node.add("app:waiting", waiting)
            ids |= {await node.node.spawn("app:waiting", host=HOST) for _ in range(3)}
    assert len(ids) == 6


async def test_spawn_returns_before_the_first_step_and_arguments_are_copied() -> None:
    trace: list[Any] = []

    def child(value: Any) -> Any:
        trace.append(value)
        yield (Op.YIELD,)

    def main() -> Any:
        value = [1]
        yield (Op.SPAWN, SpawnRequest("app:child", HOST, (value,)))
        value.append(2)
        trace.append("spawned")
        yield (Op.SLEEP, 1_000_000)

    async with rig() as node:
        node.add("app:child", child)
        await node.run(main)
    assert trace == ["spawned", [1]]


async def test_the_host_of_the_caller_is_the_default() -> None:
    def main() -> Any:
        pid = yield (Op.SPAWN, SpawnRequest("app:waiting"))
        return pid

    async with rig() as node:
        node.add("app:waiting", waiting)
        assert "@app:processes|" in await node.run(main)


@pytest.mark.parametrize(
    ("entry", "host", "kind", "text"),
    [
        ("app:waitin", HOST, NOT_FOUND, "factory not found: no entry 'app:waitin'; did you mean 'app:waiting'?"),
        ("app:function", HOST, NOT_FOUND, "'app:function' is a function.test, expected a process or workflow"),
        ("app:library", HOST, NOT_FOUND, "expected a process or workflow"),
        ("app:broken", HOST, INVALID, "broken.yaml:3: source missing"),
        ("app:waiting", "app:processs", NOT_FOUND, "host not found: 'app:processs'; did you mean 'app:processes'?"),
        ("app:waiting", "app:waiting", NOT_FOUND, "host not found: 'app:waiting' is a process.test"),
        ("app:waiting", "app:idle", UNAVAILABLE, "host is not running: 'app:idle'"),
    ],
)
async def test_what_cannot_start_says_why(entry: str, host: str, kind: str, text: str) -> None:
    async with rig() as node:
        node.add("app:waiting", waiting)
        node.add("app:function", waiting, "function.test")
        node.add("app:library", waiting, "library.test")
        node.add("app:broken", waiting)
        node.registry.entries["app:broken"].fault = invalid("broken.yaml:3: source missing")
        failure = await node.run(attempt((Op.SPAWN, SpawnRequest(entry, host))))
        assert isinstance(failure, Failure)
        assert (failure.kind, failure.retryable) == (kind, kind == UNAVAILABLE)
        assert text in failure.message
        with pytest.raises(Error, match=re.escape(text)):
            await node.node.spawn(entry, host=host)


async def test_a_workflow_entry_runs_as_an_actor() -> None:
    async with rig() as node:
        node.add("app:flow", returning, "workflow.test")
        assert await node.node.exec("app:flow", host=HOST, args=[1, "a"], timeout=30) == [1, "a"]


async def test_a_program_is_compiled_once_per_source() -> None:
    async with rig() as node:
        node.add("app:returning", returning)
        for _ in range(3):
            await node.node.exec("app:returning", host=HOST, timeout=30)
        node.registry.bundles["app:returning"] = Bundle("app:returning", "process.test", "another source")
        await node.node.exec("app:returning", host=HOST, timeout=30)
        assert node.language.compiled == ["app:returning", "app:returning"]


async def test_a_script_that_fails_to_compile_or_open_fails_the_spawn_itself() -> None:
    async with rig() as node:
        node.add("app:waiting", waiting)
        node.language.fault = invalid("main.lua:3: unexpected symbol")
        with pytest.raises(Error, match=re.escape("main.lua:3")):
            await node.node.spawn("app:waiting", host=HOST)
        node.language.fault = None
        node.language.open_fault = invalid("method 'main' not found in module")
        with pytest.raises(Error, match="not found in module"):
            await node.node.spawn("app:waiting", host=HOST)
        assert not node.host.table


async def test_what_fails_while_a_script_loads_in_its_main_task_fails_the_spawn_and_leaves_nothing() -> None:
    loading = [True]

    def script(fail_early: bool) -> Any:  # noqa: FBT001 - an argument of a script
        loading[0] = True
        me = (yield (Op.IDENTITY,)).pid
        yield (Op.NAME, "register", "early", "")
        yield (Op.TIMER, 10**15)
        if fail_early:
            raise Error(f"module 'x' not found in {me}", NOT_FOUND)
        loading[0] = False
        yield (Op.NOW,)
        raise Error("later", INVALID)

    def main() -> Any:
        events = yield (Op.EVENTS,)
        early = yield from attempt((Op.SPAWN, SpawnRequest("app:script", HOST, (True,), name="n", monitor=True)))()
        pid = yield (Op.SPAWN, SpawnRequest("app:script", HOST, (False,), name="n", monitor=True))
        event, _ = yield (Op.RECEIVE, events)
        return [early, event["from"] == pid, event["result"]["error"].message]

    async with rig() as node:
        node.add("app:script", script)
        node.add("app:main", main)
        replies: list[Any] = []
        node.host.spawn(SpawnRequest("app:main", HOST), replies.append)
        node.language.is_loading = lambda: loading[0]  # from now on; `main` is not of that kind
        early, same, later = await node.node.wait(replies[0].value, timeout=30)
        assert early.kind == NOT_FOUND
        assert "module 'x' not found" in early.message
        assert (same, later) == (True, "later")
        assert len(node.node.directory) == len(node.node.links) == len(node.host.table) == 0


async def test_spawn_returns_when_a_loading_script_first_waits_or_ends() -> None:
    trace: list[str] = []

    def script(wait: bool) -> Any:  # noqa: FBT001 - an argument of a script
        trace.append("began")
        if wait:
            yield (Op.SLEEP, 1_000)
            trace.append("went on")
        return "loaded"

    async with rig() as node:
        node.add("app:script", script)
        node.language.is_loading = lambda: True
        for wait in (False, True):
            replies: list[Any] = []
            node.host.spawn(SpawnRequest("app:script", HOST, (wait,)), replies.append)
            assert trace == ["began"]
            trace.clear()
            assert await node.node.wait(replies[0].value, timeout=30) == "loaded"
            trace.clear()


async def test_startup_messages_come_first_in_order_and_from_nobody() -> None:
    def child() -> Any:
        inbox = yield (Op.INBOX,)
        got = []
        for _ in range(3):
            message, _ = yield (Op.RECEIVE, inbox)
            got.append([message.topic, message.value, message.sender == ""])
        return got

    def main() -> Any:
        request = SpawnRequest("app:child", HOST, messages=(("a", (1,)), ("b", (2, 3))))
        pid = yield (Op.SPAWN, request)
        yield (Op.SEND_MESSAGE, pid, "c", ())
        return pid

    async with rig() as node:
        node.add("app:child", child)
        pid = await node.node.spawn("app:child", host=HOST, messages=[("a", (1,)), ("b", (2, 3)), ("c", ())])
        assert await node.node.wait(pid, timeout=30) == [["a", 1, True], ["b", [2, 3], True], ["c", None, True]]
        child_pid = await node.run(main)
        assert child_pid not in node.host.table


async def test_a_name_is_registered_and_a_second_spawn_reaches_its_holder() -> None:
    async with rig() as node:
        node.add("app:waiting", waiting)
        first = await node.node.spawn("app:waiting", host=HOST, name="one")
        second = await node.node.spawn("app:waiting", host=OTHER, name="one", messages=[("t", (1,))])
        assert first == second
        assert len(node.host.table) == 1
        assert not node.other.table
        mailbox = node.host.table[first].machine.mailbox
        assert mailbox is not None
        assert [message.topic for message in mailbox.messages()] == ["t"]


async def test_spawning_a_taken_name_also_monitors_its_holder() -> None:
    def main() -> Any:
        events = yield (Op.EVENTS,)
        yield (Op.SPAWN, SpawnRequest("app:waiting", HOST, name="one"))
        pid = yield (Op.SPAWN, SpawnRequest("app:waiting", HOST, name="one", monitor=True))
        yield (Op.CONTROL, "terminate", pid, None)
        event, _ = yield (Op.RECEIVE, events)
        return event["from"] == pid

    async with rig() as node:
        node.add("app:waiting", waiting)
        assert await node.run(main) is True


async def test_context_is_inherited_and_overlaid() -> None:
    def child() -> Any:
        identity = yield (Op.IDENTITY,)
        return [dict(identity.context), identity.entry, identity.host, identity.durable]

    def main() -> Any:
        return (yield (Op.EXEC, SpawnRequest("app:child", OTHER, context={"b": 3})))

    async with rig() as node:
        node.add("app:child", child)
        node.add("app:main", main)
        result = await node.node.exec("app:main", host=HOST, context={"a": 1, "b": 2}, timeout=30)
    assert result == [{"a": 1, "b": 3}, "app:child", OTHER, False]


async def test_exec_returns_the_result_or_the_failure_with_its_kind() -> None:
    def failing() -> Any:
        raise Error("sold out", "Conflict", retryable=False, details={"left": 0})
        yield

    def main() -> Any:
        result = yield (Op.EXEC, SpawnRequest("app:returning", HOST, (1,)))
        failure = yield from attempt((Op.EXEC, SpawnRequest("app:failing", OTHER)))()
        missing = yield from attempt((Op.EXEC, SpawnRequest("app:nothing", OTHER)))()
        return [result, failure, missing.kind]

    async with rig() as node:
        node.add("app:returning", returning)
        node.add("app:failing", failing)
        result = await node.run(main)
    assert result == [[1], Failure("sold out", "Conflict", retryable=False, details={"left": 0}), NOT_FOUND]


async def test_a_child_goes_on_when_the_caller_of_exec_is_terminated() -> None:
    def main() -> Any:
        yield (Op.EXEC, SpawnRequest("app:waiting", HOST, name="child"))

    async with rig() as node:
        node.add("app:waiting", waiting)
        node.add("app:main", main)
        pid = await node.node.spawn("app:main", host=HOST)
        await until(lambda: node.node.directory.find("child") is not None)
        await node.node.terminate(pid)
        await until(lambda: pid not in node.host.table)
        assert node.node.directory.lookup("child") in node.host.table
        assert len(node.node.links) == 0


async def test_names_are_registered_looked_up_and_freed() -> None:
    def main() -> Any:
        me = (yield (Op.IDENTITY,)).pid
        answers = [
            (yield (Op.NAME, "register", "n", "")),
            (yield (Op.NAME, "register", "n", me)),
            (yield (Op.NAME, "lookup", "n", "")) == me,
            (yield (Op.NAME, "unregister", "n", "")),
            (yield (Op.NAME, "unregister", "n", "")),
        ]
        lookup = yield from attempt((Op.NAME, "lookup", "n", ""))()
        other = yield (Op.SPAWN, SpawnRequest("app:waiting", HOST, name="taken"))
        foreign = yield (Op.NAME, "register", "also", other)
        taken = yield from attempt((Op.NAME, "register", "taken", ""))()
        dead = yield from attempt((Op.NAME, "register", "dead", "{local@app:processes|0xfffff}"))()
        return [*answers, lookup.kind, foreign, taken.kind, dead.kind]

    async with rig() as node:
        node.add("app:waiting", waiting)
        result = await node.run(main)
        assert result == [True, True, True, True, False, NOT_FOUND, True, ALREADY_EXISTS, NOT_FOUND]
        await node.node.terminate("taken")
        await until(lambda: len(node.node.directory) == 0)


async def test_processes_are_listed_with_what_they_wait_for() -> None:
    async with rig() as node:
        node.add("app:waiting", waiting)
        pid = await node.node.spawn("app:waiting", host=HOST)
        await node.node.send(pid, "t", 1)
        await until(lambda: not node.host.table[pid].queued)
        [info] = node.node.processes()
    assert (info.pid, info.entry, info.host, info.state, info.mailbox) == (pid, "app:waiting", HOST, "waiting", 1)
    assert info.waits == ("script.py:1  request 1",)
