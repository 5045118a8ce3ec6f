"""Ends: monitors, links, EXIT, LINK_DOWN, cancel, terminate, and what comes after what."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from actorflow.errors import CANCELED, INTERNAL, INVALID, NOT_FOUND, Error, Failure
from actorflow.machine.op import Op
from actorflow.message import EXIT, LINK_DOWN
from actorflow.ports import SpawnRequest
from hosts.process.process import Process
from tests.conformance.process.rig import HOST, OTHER, Rig, child, rig, until
from tests.conformance.process.test_messages import attempt

DEAD = "{local@app:processes|0xfffff}"


def watching(*spawns: SpawnRequest, then: str = "ok", trap: bool = True, count: int = 1) -> Any:
    """A script that spawns, tells each child how to end, and returns the events it gets."""

    def main() -> Any:
        yield (Op.SET_OPTION, "trap_links", trap)
        events = yield (Op.EVENTS,)
        pids = []
        for request in spawns:
            pids.append((yield (Op.SPAWN, request)))  # noqa: PERF401 - a comprehension cannot yield
        for pid in pids:
            yield (Op.SEND_MESSAGE, pid, then, ())
        got = []
        for _ in range(count):
            event, _ = yield (Op.RECEIVE, events)
            result = event["result"]
            got.append([event["kind"], event["from"] in pids, result["value"], result["error"]])
        return got

    return main


@pytest.mark.parametrize("host", [HOST, OTHER])
async def test_a_monitor_gets_exit_with_the_result(host: str) -> None:
    async with rig() as node:
        node.add("app:child", child)
        events = await node.run(watching(SpawnRequest("app:child", host, monitor=True)))
    assert events == [[EXIT, True, "ok", None]]


@pytest.mark.parametrize("host", [HOST, OTHER])
async def test_a_monitor_gets_exit_with_the_failure(host: str) -> None:
    async with rig() as node:
        node.add("app:child", child)
        events = await node.run(watching(SpawnRequest("app:child", host, monitor=True), then="fail"))
    assert events == [[EXIT, True, None, Failure("boom", "Conflict")]]


async def test_an_exit_is_never_missed_however_fast_the_child_ends() -> None:
    async with rig() as node:
        node.add("app:child", child)
        request = SpawnRequest("app:child", HOST, ("at once",), monitor=True)

        def main() -> Any:
            events = yield (Op.EVENTS,)
            yield (Op.SPAWN, request)
            yield (Op.SLEEP, 1_000_000)
            return (yield (Op.RECEIVE, events))[0]["result"]["value"]

        assert await node.run(main) == "at once"


async def test_a_link_says_nothing_about_a_good_end_and_link_down_about_a_bad_one() -> None:
    async with rig() as node:
        node.add("app:child", child)
        request = SpawnRequest("app:child", HOST, link=True)
        assert await node.run(watching(request, then="fail")) == [[LINK_DOWN, True, None, Failure("boom", "Conflict")]]

        def main() -> Any:
            events = yield (Op.EVENTS,)
            yield (Op.SPAWN, SpawnRequest("app:child", HOST, ("ok",), link=True))
            yield (Op.SLEEP, 1_000_000)
            return (yield (Op.SELECT, [(events, False, None)], True))[0]

        assert await node.run(main) == -1


async def test_both_linked_and_monitored_gets_exit_first_then_link_down() -> None:
    async with rig() as node:
        node.add("app:child", child)
        request = SpawnRequest("app:child", OTHER, monitor=True, link=True)
        events = await node.run(watching(request, then="fail", count=2))
    assert [event[0] for event in events] == [EXIT, LINK_DOWN]


async def test_an_untrapped_link_takes_the_process_along_and_cascades_across_hosts() -> None:
    def middle() -> Any:
        yield (Op.SPAWN, SpawnRequest("app:child", HOST, name="end", link=True))
        yield (Op.SLEEP, 10**15)

    async with rig() as node:
        node.add("app:child", child)
        node.add("app:middle", middle)
        events = watching(SpawnRequest("app:middle", OTHER, monitor=True), then="ignored")
        node.add("app:main", events)
        pid = await node.node.spawn("app:main", host=HOST)
        await until(lambda: node.node.directory.find("end") is not None)
        await node.node.send("end", "fail")
        assert await node.node.wait(pid, timeout=30) == [[EXIT, True, None, Failure("linked process failed", INTERNAL)]]


async def test_a_chain_of_links_of_any_length_comes_down() -> None:
    def chain(left: int) -> Any:
        if left:
            yield (Op.SPAWN, SpawnRequest("app:chain", HOST if left % 2 else OTHER, (left - 1,), link=True))
        else:
            yield (Op.NAME, "register", "last", "")
        yield (Op.SLEEP, 10**15)

    async with rig() as node:
        node.add("app:chain", chain)
        pid = await node.node.spawn("app:chain", host=HOST, args=[3_000])
        await until(lambda: node.node.directory.find("last") is not None)
        await node.node.terminate("last")
        with pytest.raises(Error, match="linked process failed"):
            await node.node.wait(pid, timeout=30)
        assert not node.host.table
        assert not node.other.table
        assert len(node.node.links) == 0


@pytest.mark.parametrize("verb", ["monitor", "link"])
async def test_the_dead_cannot_be_watched(verb: str) -> None:
    async with rig() as node:
        for target in (DEAD, "nobody", "{local@app:gone|1}"):
            failure = await node.run(attempt((Op.CONTROL, verb, target, None)))
            assert (failure.kind, failure.retryable) == (INTERNAL, False)
        failure = await node.run(attempt((Op.CONTROL, verb, DEAD, None)))
        assert failure.message == f"pid not registered: {DEAD}"


async def test_monitoring_twice_is_an_error_linking_twice_is_not_and_undoing_nothing_is_fine() -> None:
    def main() -> Any:
        pid = yield (Op.SPAWN, SpawnRequest("app:child", HOST))
        answers = []
        for verb in ("unmonitor", "unlink", "monitor", "monitor", "unmonitor", "monitor", "link", "link", "unlink"):
            answer = yield from attempt((Op.CONTROL, verb, pid, None))()
            answers.append(answer if answer is True else answer.message.partition(" {")[0])
        return answers

    async with rig() as node:
        node.add("app:child", child)
        answers = await node.run(main)
    assert answers == [True, True, True, "already monitoring pid", True, True, True, True, True]


async def test_an_unmonitored_process_ends_silently() -> None:
    def main() -> Any:
        events = yield (Op.EVENTS,)
        pid = yield (Op.SPAWN, SpawnRequest("app:child", HOST, monitor=True, link=True))
        yield (Op.CONTROL, "unmonitor", pid, None)
        yield (Op.CONTROL, "unlink", pid, None)
        yield (Op.SEND_MESSAGE, pid, "fail", ())
        yield (Op.SLEEP, 1_000_000)
        return (yield (Op.SELECT, [(events, False, None)], True))[0]

    async with rig() as node:
        node.add("app:child", child)
        assert await node.run(main) == -1


async def test_terminate_ends_a_process_without_its_cleanup() -> None:
    trace: list[str] = []

    def stubborn() -> Any:
        try:
            yield (Op.SLEEP, 10**15)
        except BaseException as error:
            trace.append(type(error).__name__)
            raise

    def main() -> Any:
        events = yield (Op.EVENTS,)
        pid = yield (Op.SPAWN, SpawnRequest("app:stubborn", HOST, monitor=True))
        yield (Op.SLEEP, 1_000_000)
        answer = yield (Op.CONTROL, "terminate", pid, None)
        event, _ = yield (Op.RECEIVE, events)
        return [answer, event["result"]["error"]]

    async with rig() as node:
        node.add("app:stubborn", stubborn)
        assert await node.run(main) == [True, Failure("process terminated", INTERNAL)]
    assert trace in ([], ["GeneratorExit"])


async def test_terminating_or_cancelling_nobody_says_so() -> None:
    async with rig() as node:
        failure = await node.run(attempt((Op.CONTROL, "terminate", DEAD, None)))
        assert (failure.kind, failure.message) == (INTERNAL, f"process not found: {DEAD}")
        failure = await node.run(attempt((Op.CONTROL, "cancel", DEAD, None)))
        assert failure.kind == NOT_FOUND
        failure = await node.run(attempt((Op.CONTROL, "monitr", DEAD, None)))
        assert "did you mean 'monitor'?" in failure.message


async def test_a_process_may_terminate_itself() -> None:
    trace: list[str] = []

    def main() -> Any:
        me = (yield (Op.IDENTITY,)).pid
        yield (Op.CONTROL, "terminate", me, None)
        trace.append("went on")

    async with rig() as node:
        with pytest.raises(Error, match="process terminated"):
            await node.run(main)
    assert trace == []


async def test_cancel_is_an_event_for_who_reads_events_and_an_interruption_for_others() -> None:
    def reading() -> Any:
        events = yield (Op.EVENTS,)
        event, _ = yield (Op.RECEIVE, events)
        return [event["kind"], event["reason"], event["from"], event["type"]]

    def main() -> Any:
        me = (yield (Op.IDENTITY,)).pid
        events = yield (Op.EVENTS,)
        got = []
        for entry in ("app:reading", "app:child"):
            pid = yield (Op.SPAWN, SpawnRequest(entry, OTHER, monitor=True))
            yield (Op.SLEEP, 1_000_000)
            yield (Op.CONTROL, "cancel", pid, "enough")
            event, _ = yield (Op.RECEIVE, events)
            got.append(event["result"])
        return [me, got]

    async with rig() as node:
        node.add("app:reading", reading)
        node.add("app:child", child)
        me, (first, second) = await node.run(main)
    assert first["value"] == ["pid.cancel", "enough", me, "CANCEL"]
    assert (second["error"].kind, second["error"].message) == (CANCELED, "enough")


async def test_names_are_free_before_monitors_are_told() -> None:
    def main() -> Any:
        events = yield (Op.EVENTS,)
        pid = yield (Op.SPAWN, SpawnRequest("app:child", HOST, name="n", monitor=True))
        yield (Op.SEND_MESSAGE, pid, "ok", ())
        yield (Op.RECEIVE, events)
        return (yield (Op.SPAWN, SpawnRequest("app:child", HOST, name="n"))) != pid

    async with rig() as node:
        node.add("app:child", child)
        assert await node.run(main) is True


async def test_a_result_that_cannot_leave_the_process_is_its_failure() -> None:
    def main() -> Any:
        return len
        yield

    async with rig() as node:
        with pytest.raises(Error) as caught:
            await node.run(main)
    assert caught.value.kind == INVALID


async def test_an_unknown_kind_becomes_internal_at_the_boundary() -> None:
    def main() -> Any:
        raise Error("odd", "")
        yield

    async with rig() as node:
        with pytest.raises(Error) as caught:
            await node.run(main)
    assert caught.value.kind == INTERNAL


async def test_the_end_of_one_application_process_is_remembered_for_a_while() -> None:
    async with rig() as node:
        node.add("app:child", child)
        pid = await node.node.spawn("app:child", host=HOST, args=["ok"])
        await until(lambda: pid not in node.host.table)
        assert await node.node.wait(pid, timeout=30) == "ok"
        with pytest.raises(Error, match="process not found"):
            await node.node.send(pid, "t")
        with pytest.raises(Error, match="process not found"):
            await node.node.wait(DEAD, timeout=30)


async def test_waiting_ends_with_a_time_out() -> None:
    async with rig() as node:
        node.add("app:child", child)
        pid = await node.node.spawn("app:child", host=HOST)
        with pytest.raises(Error, match="timed out") as caught:
            await node.node.wait(pid, timeout=0.01)
        assert caught.value.kind == "Timeout"
        assert len(node.node.links) == 0


async def test_a_hundred_rounds_leave_nothing_behind() -> None:
    def main() -> Any:
        yield (Op.SET_OPTION, "trap_links", True)
        events = yield (Op.EVENTS,)
        for number in range(100):
            request = SpawnRequest("app:child", (HOST, OTHER)[number % 2], monitor=True, link=True, name=f"n{number}")
            pid = yield (Op.SPAWN, request)
            timer = yield (Op.TIMER, 10**15)
            yield (Op.SEND_MESSAGE, pid, ("ok", "fail")[number % 3 % 2], ())
            yield (Op.RECEIVE, events)
            yield (Op.TIMER_STOP, timer)
            yield (Op.SELECT, [(events, False, None)], True)
        yield (Op.CALL, "app:nothing", (), {})

    async with rig() as node:
        node.add("app:child", child)
        with pytest.raises(Error, match="no handler registered for target 'app:nothing'"):
            await node.run(main)
        _empty(node)


async def test_ended_processes_need_no_garbage_collection() -> None:
    def main() -> Any:
        for number in range(100):
            yield (
                Op.SPAWN,
                SpawnRequest("app:child", HOST, ("ok",) if number % 2 else (), name=f"n{number}", link=True),
            )
        for number in range(0, 100, 2):
            yield (Op.SEND_MESSAGE, f"n{number}", "ok", ())
        yield (Op.SLEEP, 1_000_000)

    async with rig() as node:
        node.add("app:child", child)
        gc.collect()
        gc.disable()
        try:
            await node.run(main)
            assert not [one for one in gc.get_objects() if isinstance(one, Process)]
        finally:
            gc.enable()


async def test_stopping_a_host_asks_waits_and_then_ends_what_is_left() -> None:
    def polite() -> Any:
        events = yield (Op.EVENTS,)
        event, _ = yield (Op.RECEIVE, events)
        return event["reason"]

    def deaf() -> Any:
        yield (Op.EVENTS,)
        yield (Op.SLEEP, 10**15)

    async with rig() as node:
        node.add("app:polite", polite)
        node.add("app:deaf", deaf)
        ends: dict[str, Any] = {}
        for entry in ("app:polite", "app:deaf"):
            pid = await node.node.spawn(entry, host=HOST)
            await until(lambda pid=pid: not node.host.table[pid].queued)
            node.node.router.watch(pid, lambda outcome, entry=entry: ends.update({entry: outcome}))
        await node.node.stop_host(HOST, 0.05)
        assert ends["app:polite"].value == "scheduler shutdown"
        assert ends["app:deaf"].failure == Failure("context canceled", CANCELED, retryable=False)
        with pytest.raises(Error, match="host is not running"):
            await node.node.spawn("app:deaf", host=HOST)
        _empty(node)


def _empty(node: Rig) -> None:
    assert not node.host.table
    assert not node.other.table
    assert len(node.node.directory) == 0
    assert len(node.node.links) == 0
    for host in (node.host, node.other):
        timers = host.queue.timers
        assert len(timers) == timers.stopped
