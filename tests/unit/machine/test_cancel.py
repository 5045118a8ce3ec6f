"""Cancellation and other interruptions: order, cleanup, what happens to open requests."""

from __future__ import annotations

from typing import Any

from actorflow.errors import CANCELED, TIMEOUT, Error
from actorflow.machine.machine import Machine
from actorflow.machine.op import Op
from actorflow.machine.shielding import NEVER
from actorflow.ports import Outcome
from tests.unit.machine.scripted import Bench, FakeDriver, Interrupted, Program


def cancel(bench: Bench, reason: str = "") -> None:
    bench.machine.cancel("{a@b|1}", reason)
    bench.run()


def test_a_script_that_reads_events_gets_an_event_and_nothing_else() -> None:
    def main() -> Any:
        events = yield (Op.EVENTS,)
        event, _ = yield (Op.RECEIVE, events)
        return event["kind"], event["reason"], event["from"]

    bench = Bench(main)
    cancel(bench, "enough")
    assert bench.value == ("pid.cancel", "enough", "{a@b|1}")


def test_a_script_that_opens_its_events_before_it_waits_gets_an_event() -> None:
    def main() -> Any:
        yield (Op.NOW,)
        events = yield (Op.EVENTS,)
        event, _ = yield (Op.RECEIVE, events)
        return event["kind"], event["reason"], event["from"]

    bench = Bench.__new__(Bench)
    bench.driver = FakeDriver()
    bench.machine = Machine(bench.driver, Program(main))
    bench.machine.start(())
    bench.machine.run(1)
    cancel(bench, "at once")
    assert bench.value == ("pid.cancel", "at once", "{a@b|1}")


def test_a_script_that_has_been_interrupted_hears_of_it_once() -> None:
    def main() -> Any:
        try:
            yield (Op.SLEEP, 50)
        except Interrupted:
            events = yield (Op.EVENTS,)
            return (yield (Op.SELECT, [(events, False, None)], True))[0]

    bench = Bench.__new__(Bench)
    bench.driver = FakeDriver()
    bench.machine = Machine(bench.driver, Program(main))
    bench.machine.start(())
    cancel(bench, "before the first step")
    assert bench.value == -1


def test_any_other_script_is_interrupted_at_its_wait_and_its_call_is_given_up() -> None:
    def main() -> Any:
        yield (Op.CALL, "app:f", (), {})

    bench = Bench(main)
    cancel(bench, "enough")
    assert bench.failure.kind == CANCELED
    assert bench.failure.message == "enough"
    assert bench.driver.asked[-1] == ("cancel", 1)


def test_cleanup_may_call_and_its_result_is_the_result() -> None:
    def main() -> Any:
        try:
            yield (Op.SLEEP, 50)
        except Interrupted:
            return (yield (Op.CALL, "app:cleanup", (), {}))

    bench = Bench(main)
    cancel(bench)
    assert bench.waits
    bench.settle(2, "cleaned")
    assert bench.value == "cleaned"


def test_a_second_cancel_interrupts_again() -> None:
    def main() -> Any:
        try:
            yield (Op.SLEEP, 50)
        except Interrupted:
            yield (Op.CALL, "app:cleanup", (), {})

    bench = Bench(main)
    cancel(bench)
    assert bench.waits
    cancel(bench)
    assert bench.failure.kind == CANCELED


def test_a_cancel_waits_for_the_end_of_a_shield_and_its_children_are_not_cut_short() -> None:
    trace: list[str] = []

    def child() -> Any:
        yield (Op.CALL, "app:part", (), {})
        trace.append("part")

    def main() -> Any:
        assert (yield (Op.SHIELD, True))
        assert not (yield (Op.SHIELD, True)), "one that is inside of another begins none"
        yield (Op.JOIN, (yield (Op.SPAWN_TASK, child)))
        yield (Op.CALL, "app:whole", (), {})
        trace.append("whole")
        yield (Op.SHIELD, False)
        trace.append("shield ended")
        yield (Op.SLEEP, 50)

    bench = Bench(main)
    cancel(bench, "first")
    cancel(bench, "second")
    bench.settle(1, None)
    bench.settle(2, None)
    assert trace == ["part", "whole", "shield ended"]
    assert (bench.failure.kind, bench.failure.message) == (CANCELED, "second")


def test_a_cancel_that_waited_for_one_shield_waits_for_the_next_one_too() -> None:
    trace: list[str] = []

    def main() -> Any:
        for name in ("inner", "outer"):
            assert (yield (Op.SHIELD, True))
            yield (Op.CALL, "app:undo", (), {})
            trace.append(name)
            yield (Op.SHIELD, False)
        trace.append("undone")
        yield (Op.SLEEP, 50)

    bench = Bench(main)
    cancel(bench, "again")
    bench.settle(1, None)
    bench.settle(2, None)
    assert trace == ["inner", "outer", "undone"]
    assert (bench.failure.kind, bench.failure.message) == (CANCELED, "again")


def test_a_shield_of_one_task_shields_no_other() -> None:
    def main() -> Any:
        task = yield (Op.SPAWN_TASK, lambda: (yield (Op.SLEEP, 50)), True)
        yield (Op.SHIELD, True)
        yield (Op.CANCEL_TASK, task)
        try:
            yield (Op.JOIN, task)
        except Error as error:
            yield (Op.SHIELD, False)
            return error.kind

    assert Bench(main).value == CANCELED


def test_a_machine_without_shields_is_interrupted_nevertheless() -> None:
    def main() -> Any:
        assert not (yield (Op.SHIELD, True))
        yield (Op.SLEEP, 50)

    bench = Bench.__new__(Bench)
    bench.driver = FakeDriver()
    bench.machine = Machine(bench.driver, Program(main))
    bench.machine.shields = NEVER
    bench.machine.start(())
    bench.run()
    cancel(bench)
    assert bench.failure.kind == CANCELED


def test_children_are_interrupted_before_their_parent() -> None:
    trace: list[str] = []

    def sleeper(name: str, child: Any = None) -> Any:
        def run() -> Any:
            if child is not None:
                yield (Op.SPAWN_TASK, child)
            try:
                yield (Op.SLEEP, 50)
            except Interrupted:
                trace.append(name)
                raise

        return run

    bench = Bench(sleeper("main", sleeper("child", sleeper("grandchild"))))
    cancel(bench)
    assert trace == ["grandchild", "child", "main"]
    assert bench.failure.kind == CANCELED


def test_a_task_that_does_not_wait_is_interrupted_at_its_next_wait() -> None:
    def main() -> Any:
        yield (Op.CALL, "app:f", (), {})
        now = yield (Op.NOW,)
        try:
            yield (Op.SLEEP, 50)
        except Interrupted:
            return now

    bench = Bench(main)
    bench.machine.settle(1, Outcome(None))
    cancel(bench)
    assert bench.value == 1_000


def test_a_time_out_does_not_replace_a_cancellation() -> None:
    def main() -> Any:
        yield (Op.TIMEOUT_ENTER, 50)
        yield (Op.CALL, "app:f", (), {})
        yield (Op.SLEEP, 50)

    bench = Bench(main)
    bench.machine.settle(2, Outcome(None))
    bench.machine.cancel("", "stop")
    bench.machine.fire(1)
    bench.run()
    assert bench.failure.kind == CANCELED != TIMEOUT


def test_an_interrupted_wait_leaves_the_queues() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)
        try:
            yield (Op.RECEIVE, channel)
        except Interrupted:
            return channel.receivers, (yield (Op.SELECT, [(channel, True, 1)], True))[0]

    bench = Bench(main)
    cancel(bench)
    assert bench.value == ([], -1)


def test_an_interrupted_yield_and_join_say_so() -> None:
    def main() -> Any:
        def child() -> Any:
            try:
                yield (Op.SLEEP, 50)
            except Interrupted:
                yield (Op.SLEEP, 60)
            return "late"

        task = yield (Op.SPAWN_TASK, child)
        try:
            yield (Op.JOIN, task)
        except Interrupted:
            return (yield (Op.JOIN, task))

    bench = Bench(main)
    cancel(bench)
    assert bench.waits
    bench.fire(2)
    assert bench.value == "late"


def test_a_late_answer_to_a_given_up_request_changes_nothing() -> None:
    def main() -> Any:
        try:
            yield (Op.CALL, "app:f", (), {})
        except Interrupted:
            return (yield (Op.CALL, "app:g", (), {}))

    bench = Bench(main)
    cancel(bench)
    assert not bench.settle(1, "too late")
    bench.settle(2, "second")
    assert bench.value == "second"


def test_an_ended_machine_takes_no_more_facts() -> None:
    def main() -> Any:
        yield (Op.EVENTS,)
        yield (Op.SLEEP, 50)

    bench = Bench(main)
    script = bench.machine.script
    bench.machine.end(Outcome("ended"))
    bench.machine.end(Outcome("again"))
    cancel(bench)
    assert not bench.fire(1)
    assert not bench.settle(1)
    assert bench.value == "ended"
    assert script.closed == 1
    assert script.open == {}


def test_a_machine_that_is_ended_by_its_own_request_runs_no_further() -> None:
    after: list[str] = []

    def main() -> Any:
        yield (Op.SLEEP, 50)
        try:
            yield (Op.CONTROL, "terminate", "self", None)
        except Error:
            after.append("resumed")
        after.append("resumed")

    bench = Bench(main)

    def control(*_: Any) -> Any:
        bench.machine.end(Outcome("gone"))
        raise Error("refused")

    bench.driver.control = control  # type: ignore[method-assign]
    bench.fire(1)
    assert bench.value == "gone"
    assert after == []
