"""Tasks: who runs first, joining, ends and failures; slices."""

from __future__ import annotations

from typing import Any

from actorflow.errors import CANCELED, INVALID, RESOURCE, Error, Failure
from actorflow.machine.machine import Machine
from actorflow.machine.op import Op
from tests.unit.machine.scripted import Bench, FakeDriver, Interrupted, Program, received


def test_a_new_task_runs_first_until_it_waits_then_its_spawner() -> None:
    trace: list[str] = []

    def main() -> Any:
        def child() -> Any:
            trace.append("child")
            yield (Op.YIELD,)
            trace.append("child again")

        yield (Op.SPAWN_TASK, child)
        trace.append("main")
        yield (Op.YIELD,)
        trace.append("main again")
        return None

    Bench(main)
    assert trace == ["child", "main", "child again", "main again"]


def test_the_end_of_main_ends_all_other_tasks() -> None:
    trace: list[str] = []

    def main() -> Any:
        def child() -> Any:
            yield (Op.SLEEP, 5)
            trace.append("never")

        yield (Op.SPAWN_TASK, child)
        return "done"

    bench = Bench(main)
    assert not bench.fire(1)
    assert bench.value == "done"
    assert trace == []


def test_an_uncaught_failure_of_any_task_ends_the_process_with_it() -> None:
    def main() -> Any:
        def child() -> Any:
            yield (Op.YIELD,)
            raise Error("boom", RESOURCE)

        yield (Op.SPAWN_TASK, child)
        yield (Op.SLEEP, 5)

    assert Bench(main).failure == Failure("boom", RESOURCE)


def test_the_failure_of_an_owned_task_goes_to_who_joins_it_before_or_after_its_end() -> None:
    def main() -> Any:
        def child() -> Any:
            yield (Op.YIELD,)
            raise Error("boom", INVALID)

        seen = []
        for wait in (0, 1):
            task = yield (Op.SPAWN_TASK, child, True)
            for _ in range(wait * 2):
                yield (Op.YIELD,)
            try:
                yield (Op.JOIN, task)
            except Error as error:
                seen.append(error.kind)
        return seen

    assert Bench(main).value == [INVALID, INVALID]


def test_join_returns_the_result_to_each_of_several() -> None:
    def main() -> Any:
        def worker() -> Any:
            return (yield (Op.CALL, "app:f", (), {}))

        task = yield (Op.SPAWN_TASK, worker)

        def waiter() -> Any:
            return (yield (Op.JOIN, task))

        other = yield (Op.SPAWN_TASK, waiter)
        return [(yield (Op.JOIN, task)), (yield (Op.JOIN, other)), (yield (Op.JOIN, task))]

    bench = Bench(main)
    bench.settle(1, 5)
    assert bench.value == [5, 5, 5]


def test_a_task_cannot_join_itself() -> None:
    def main() -> Any:
        box: list[Any] = []

        def child() -> Any:
            yield (Op.YIELD,)
            yield (Op.JOIN, box[0])

        box.append((yield (Op.SPAWN_TASK, child)))
        yield (Op.SLEEP, 5)

    assert Bench(main).failure.kind == INVALID


def test_a_cancelled_task_ends_alone() -> None:
    def main() -> Any:
        def child() -> Any:
            yield (Op.SLEEP, 5)

        task = yield (Op.SPAWN_TASK, child)
        yield (Op.CANCEL_TASK, task)
        try:
            yield (Op.JOIN, task)
        except Error as error:
            yield (Op.CANCEL_TASK, task)
            return error.kind

    assert Bench(main).value == CANCELED


def test_a_task_may_cancel_itself_at_its_next_wait() -> None:
    def main() -> Any:
        box: list[Any] = []

        def child() -> Any:
            yield (Op.YIELD,)
            yield (Op.CANCEL_TASK, box[0])
            try:
                yield (Op.YIELD,)
            except Interrupted:
                return "interrupted"

        box.append((yield (Op.SPAWN_TASK, child)))
        return (yield (Op.JOIN, box[0]))

    assert Bench(main).value == "interrupted"


def test_children_of_a_task_that_ends_are_still_cancelled_with_the_process() -> None:
    trace: list[str] = []

    def main() -> Any:
        def grandchild() -> Any:
            try:
                yield (Op.SLEEP, 5)
            except Interrupted:
                trace.append("grandchild")
                raise

        def child() -> Any:
            yield (Op.SPAWN_TASK, grandchild)

        yield (Op.SPAWN_TASK, child)
        yield (Op.SLEEP, 5)

    bench = Bench(main)
    bench.machine.cancel("", "")
    bench.run()
    assert trace == ["grandchild"]


def test_a_slice_ends_after_its_ops_whatever_they_are() -> None:
    def yielding() -> Any:
        while True:
            yield (Op.YIELD,)

    def asking() -> Any:
        while True:
            yield (Op.NOW,)

    for main in (yielding, asking):
        machine = Machine(FakeDriver(), Program(main))
        machine.start(())
        assert machine.run(64)
        assert machine.run(64)


def test_a_slice_of_one_op_loses_nothing() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)

        def child() -> Any:
            for number in range(3):
                yield (Op.SEND, channel, number)

        yield (Op.SPAWN_TASK, child)
        return (yield from received(channel, channel, channel))

    machine = Machine(FakeDriver(), Program(main))
    machine.start(())
    while machine.run(1):
        pass
    assert machine.outcome is not None
    assert machine.outcome.value == [0, 1, 2]
