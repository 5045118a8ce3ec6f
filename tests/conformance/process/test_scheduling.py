"""The run queue: fairness, timers, I/O from processes, faults that stay where they are, upgrade."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import trio

from actorflow.errors import CANCELED, INTERNAL, INVALID, NOT_FOUND, RESOURCE, Error
from actorflow.machine.op import Op
from actorflow.ports import SpawnRequest
from hosts.process.queue import SLICE
from hosts.process.timers import Timers
from tests.conformance.process.rig import HOST, OTHER, rig, until
from tests.conformance.process.test_messages import attempt
from tests.unit.machine.scripted import Interrupted, received

HOUR = 3_600_000_000_000


async def test_a_busy_process_delays_another_by_one_slice_at_most() -> None:
    ops = [0]
    seen: list[int] = []

    def busy() -> Any:
        while ops[0] < 10_000:
            ops[0] += 1
            yield (Op.NOW,)

    def polite() -> Any:
        inbox = yield (Op.INBOX,)
        for _ in range(5):
            message, _ = yield (Op.RECEIVE, inbox)
            seen.append(ops[0] - message.value)

    def main() -> Any:
        pid = yield (Op.SPAWN, SpawnRequest("app:polite", HOST))
        yield (Op.SPAWN, SpawnRequest("app:busy", HOST))
        for _ in range(5):
            yield (Op.SEND_MESSAGE, pid, "t", (ops[0],))
            for _ in range(SLICE):
                yield (Op.YIELD,)

    async with rig() as node:
        node.add("app:busy", busy)
        node.add("app:polite", polite)
        await node.run(main)
    assert len(seen) == 5
    assert max(seen) <= SLICE


async def test_other_trio_tasks_run_while_processes_are_busy() -> None:
    def busy() -> Any:
        while True:
            yield (Op.NOW,)

    async with rig() as node:
        node.add("app:busy", busy)
        for _ in range(20):
            await node.node.spawn("app:busy", host=HOST)
        with trio.fail_after(30):
            for _ in range(20):
                await trio.lowlevel.checkpoint()
        for info in list(node.node.processes()):
            await node.node.terminate(info.pid)


@pytest.mark.mock_clock
async def test_timers_fire_in_order_and_cost_no_time_of_their_own() -> None:
    def main() -> Any:
        channels = []
        for hours in (3, 1, 2):
            channel = yield (Op.AFTER, hours * HOUR)
            channels.append((channel, False, None))
        order = []
        for _ in range(3):
            index, _, _ = yield (Op.SELECT, channels, False)
            order.append(index)
        return order

    async with rig() as node:
        began = trio.current_time()
        assert await node.run(main, timeout=1e9) == [1, 2, 0]
        assert trio.current_time() - began == pytest.approx(3 * 3600)


@pytest.mark.mock_clock
async def test_a_timer_armed_while_the_host_is_parked_is_not_late() -> None:
    def long() -> Any:
        yield (Op.SLEEP, 10 * HOUR)

    def short() -> Any:
        yield (Op.SLEEP, HOUR)

    async with rig() as node:
        node.add("app:long", long)
        node.add("app:short", short)
        pid = await node.node.spawn("app:long", host=HOST)
        await trio.sleep(60)
        began = trio.current_time()
        await node.node.exec("app:short", host=HOST)
        assert trio.current_time() - began == pytest.approx(3600)
        await node.node.terminate(pid)


@pytest.mark.mock_clock
async def test_a_ticker_ticks_on_the_clock_of_the_node() -> None:
    def main() -> Any:
        ticker = yield (Op.TICKER, HOUR)
        yield from received(*[ticker.channel] * 4)
        yield (Op.TIMER_STOP, ticker)

    class TrioClock:
        def now(self) -> int:
            return int(trio.current_time() * 1e9)

        monotonic = now

    async with rig(clock=TrioClock()) as node:
        began = trio.current_time()
        await node.run(main, timeout=1e9)
        assert trio.current_time() - began == pytest.approx(4 * 3600)


async def test_stopped_timers_do_not_pile_up() -> None:
    def main() -> Any:
        for _ in range(5_000):
            timer = yield (Op.TIMER, HOUR)
            yield (Op.TIMER_STOP, timer)
        yield (Op.AFTER, HOUR)

    async with rig() as node:
        await node.run(main)
        assert len(node.host.queue.timers) < 1_100


def test_a_rebuilt_heap_keeps_what_is_armed() -> None:
    class Machine:
        requests: ClassVar = dict.fromkeys(range(0, 3_000, 10))

    class Process:
        machine = Machine()
        timers = 300

    timers = Timers()
    process: Any = Process()
    for ref in range(3_000):
        timers.arm(float(3_000 - ref), process, ref)
    for ref in range(3_000):
        if ref % 10:
            timers.stop()
    assert len(timers) < 2_000
    fired = []
    while (due := timers.pop_due(1e9)) is not None:
        fired.append(due[1])
    assert [ref for ref in fired if ref % 10 == 0] == list(range(2_990, -1, -10))


async def test_a_runaway_kills_only_itself() -> None:
    def runaway() -> Any:
        raise Error("slice over 250 ms", RESOURCE)
        yield

    def main() -> Any:
        first = yield from attempt((Op.EXEC, SpawnRequest("app:runaway", HOST)))()
        return first.kind

    async with rig() as node:
        node.add("app:runaway", runaway)
        assert await node.run(main) == RESOURCE


async def test_a_fault_of_our_own_ends_one_process_and_is_noticed() -> None:
    def main() -> Any:
        events = yield (Op.EVENTS,)
        yield (Op.SPAWN, SpawnRequest("app:cursed", HOST, monitor=True))
        event, _ = yield (Op.RECEIVE, events)
        return event["result"]["error"]

    def cursed() -> Any:
        yield (Op.RECEIVE, "not a channel")

    async with rig() as node:
        node.add("app:cursed", cursed)
        failure = await node.run(main)
        assert failure.kind == INTERNAL
        assert "internal error in app:cursed" in failure.message
        assert [notice.code for notice in node.notices] == ["internal-error"]


async def test_a_fault_in_who_is_told_of_an_end_does_not_stop_the_others() -> None:
    def short() -> Any:
        yield (Op.SLEEP, 1_000)

    def broken(_outcome: object) -> None:
        raise RuntimeError("a watcher's fault")

    async with rig() as node:
        node.add("app:short", short)
        pid = await node.node.spawn("app:short", host=HOST)
        node.node.links.watch(pid, broken)
        await until(lambda: node.notices)
        assert node.notices[0].code == "internal-error"
        await node.node.exec("app:short", host=HOST, timeout=30)


async def test_io_runs_an_async_function_beside_the_process() -> None:
    async def work(number: int) -> int:
        await trio.lowlevel.checkpoint()
        if number < 0:
            raise ValueError("negative")
        return number * 2

    def main() -> Any:
        value = yield (Op.PERFORM, "io", (work, 21))
        failure = yield from attempt((Op.PERFORM, "io", (work, -1)))()
        return [value, failure.message, failure.kind]

    async with rig() as node:
        assert await node.run(main) == [42, "ValueError: negative", INTERNAL]


async def test_io_is_cancelled_with_its_process() -> None:
    ends: list[str] = []

    async def work() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ends.append("cancelled")

    def main() -> Any:
        try:
            yield (Op.PERFORM, "io", (work,))
        except Interrupted as interrupted:
            return interrupted.failure.kind

    async with rig() as node:
        node.add("app:main", main)
        pid = await node.node.spawn("app:main", host=HOST)
        while not node.host.table[pid].open:
            await trio.lowlevel.checkpoint()
        await node.node.cancel(pid)
        assert await node.node.wait(pid, timeout=30) == CANCELED
        await trio.testing.wait_all_tasks_blocked()
    assert ends == ["cancelled"]


async def test_an_unknown_operation_is_invalid() -> None:
    async with rig() as node:
        failure = await node.run(attempt((Op.PERFORM, "upgrad", ())))
    assert failure.kind == INVALID
    assert "did you mean 'upgrade'?" in failure.message


async def test_upgrade_keeps_pid_names_watchers_and_unread_messages() -> None:
    def old() -> Any:
        yield (Op.SET_OPTION, "trap_links", True)
        yield (Op.NAME, "register", "service", "")
        channel = yield (Op.LISTEN, "start", False)
        yield (Op.RECEIVE, channel)
        yield (Op.AFTER, 1_000)
        yield (Op.PERFORM, "upgrade", ("app:new", 7))

    def new(number: int) -> Any:
        identity = yield (Op.IDENTITY,)
        trap = yield (Op.GET_OPTION, "trap_links")
        inbox = yield (Op.INBOX,)
        messages = yield from received(inbox, inbox)
        yield (Op.SLEEP, 10_000_000)
        values = [message.value for message in messages]
        return [number, identity.pid, identity.entry, trap, values]

    def main() -> Any:
        events = yield (Op.EVENTS,)
        pid = yield (Op.SPAWN, SpawnRequest("app:old", OTHER, monitor=True))
        for topic, value in (("a", 1), ("b", 2), ("start", 0)):
            yield (Op.SEND_MESSAGE, pid, topic, (value,))
        event, _ = yield (Op.RECEIVE, events)
        return event["result"]["value"] == [7, pid, "app:new", False, [1, 2]]

    async with rig() as node:
        node.add("app:old", old)
        node.add("app:new", new)
        assert await node.run(main) is True
        assert node.node.directory.find("service") is None


async def test_an_upgrade_to_itself_begins_anew() -> None:
    def main(round_: int) -> Any:
        if round_ < 5:
            yield (Op.PERFORM, "upgrade", (None, round_ + 1))
        return round_

    async with rig() as node:
        assert await node.run(main, 0) == 5


async def test_a_failed_upgrade_ends_the_process() -> None:
    def main() -> Any:
        yield (Op.PERFORM, "upgrade", ("app:nothing",))

    async with rig() as node:
        with pytest.raises(Error, match="upgrade: factory not found") as caught:
            await node.run(main)
    assert caught.value.kind == NOT_FOUND


async def test_a_failed_upgrade_can_be_caught() -> None:
    def main() -> Any:
        timer = yield (Op.AFTER, 1_000_000)
        listened = yield (Op.LISTEN, "early", False)
        yield (Op.SEND_MESSAGE, me(), "early", (1,))
        yield (Op.SEND_MESSAGE, me(), "later", (2,))
        try:
            yield (Op.PERFORM, "upgrade", ("app:unstartable",))
        except Error as error:
            message = error.message
        yield (Op.RECEIVE, timer)  # what the old code waits for goes on
        inbox = yield (Op.INBOX,)
        first, later = yield from received(listened, inbox)
        return [message, first, later.payload]

    def me() -> str:
        return next(iter(node.host.table))

    def unstartable() -> Any:
        yield (Op.AFTER, 1_000_000)
        raise Error("no such method", NOT_FOUND)

    async with rig() as node:
        node.add("app:unstartable", unstartable)
        node.language.is_loading = lambda: True
        assert await node.run(main) == ["upgrade: no such method", 1, 2]
        assert node.host.queue.timers.stopped <= 1


async def test_a_node_torn_down_by_an_error_ends_its_processes() -> None:
    def waiting() -> Any:
        yield (Op.SLEEP, HOUR)

    made = []

    async def application() -> None:
        async with rig() as node:
            made.append(node)
            node.add("app:waiting", waiting)
            await node.node.spawn("app:waiting", host=HOST)
            raise RuntimeError("the application failed")

    with pytest.raises(RuntimeError, match="the application failed"):
        await application()
    assert not made[0].host.table


async def test_log_lines_and_notices_name_the_process() -> None:
    def main() -> Any:
        yield (Op.NOTE, "info", "hello", {"n": 1})
        channel = yield (Op.CHANNEL, 0)
        return channel

    async with rig() as node:
        assert await node.run(main) is None
        [(level, text, fields)] = node.logs
        assert (level, text, fields["n"], fields["entry"]) == ("info", "hello", 1, "app:main")
        assert [notice.code for notice in node.notices] == ["value-dropped"]


# ---- sends without an op -------------------------------------------------------------------------------------------


async def test_a_send_without_an_op_counts_as_one() -> None:
    async with rig() as node:
        posted: list[int] = []

        def greedy() -> Any:
            me = (yield (Op.IDENTITY,)).pid
            own = node.host.table[me]
            yield (Op.YIELD,)
            while own.post(idle, "t", (len(posted),)):
                posted.append(len(posted))
            yield (Op.SEND_MESSAGE, idle, "t", ("last",))

        def idler() -> Any:
            inbox = yield (Op.INBOX,)
            items = []
            while not items or items[-1] != "last":
                items.append((yield (Op.RECEIVE, inbox))[0].value)
            return items

        node.add("app:idler", idler)
        node.add("app:greedy", greedy)
        idle = await node.node.spawn("app:idler", host=HOST)
        await node.node.spawn("app:greedy", host=HOST)
        assert await node.node.wait(idle, timeout=30) == [*posted, "last"]
        assert 0 < len(posted) < SLICE


@pytest.mark.parametrize("case", ["unknown", "system topic", "not text", "two payloads", "not plain"])
async def test_what_is_more_than_a_delivery_is_not_sent_without_an_op(case: str) -> None:
    async with rig() as node:
        answers: list[bool] = []

        def main() -> Any:
            me = (yield (Op.IDENTITY,)).pid
            dest, topic, payloads = {
                "unknown": ("nobody", "t", (1,)),
                "system topic": (me, "@t", (1,)),
                "not text": (me, 7, (1,)),
                "two payloads": (me, "t", (1, 2)),
                "not plain": (me, "t", (Error("no"),)),
            }[case]
            answers.append(node.host.table[me].post(dest, topic, payloads))
            answers.append(node.host.table[me].post(me, "t", (1,)))

        await node.run(main)
        assert answers == [False, True]
