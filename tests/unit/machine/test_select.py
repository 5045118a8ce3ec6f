"""Select: the first ready case in order, else wait for whichever comes first."""

from __future__ import annotations

from typing import Any

from actorflow.errors import INVALID
from actorflow.machine.op import Op
from tests.unit.machine.scripted import Bench


def test_the_first_ready_case_wins() -> None:
    def main() -> Any:
        one = yield (Op.CHANNEL, 1)
        two = yield (Op.CHANNEL, 1)
        yield (Op.SEND, two, "two")
        first = yield (Op.SELECT, [(one, False, None), (two, False, None)], False)
        yield (Op.SEND, one, "one")
        yield (Op.SEND, two, "two")
        second = yield (Op.SELECT, [(one, False, None), (two, False, None)], False)
        return [first, second]

    assert Bench(main).value == [(1, "two", True), (0, "one", True)]


def test_the_default_answers_when_nothing_is_ready() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)
        return (yield (Op.SELECT, [(channel, False, None)], True))

    assert Bench(main).value[0] == -1


def test_a_waiting_select_leaves_all_other_queues() -> None:
    def main() -> Any:
        one = yield (Op.CHANNEL, 0)
        two = yield (Op.CHANNEL, 0)

        def child() -> Any:
            yield (Op.SEND, two, "x")
            return (yield (Op.SELECT, [(one, True, "y")], True))  # nobody may wait at `one` any more

        yield (Op.YIELD,)
        task = yield (Op.SPAWN_TASK, lambda: late(child))
        got = yield (Op.SELECT, [(one, False, None), (two, False, None), (two, False, None)], False)
        return got, (yield (Op.JOIN, task))[0], one.receivers, two.receivers

    def late(child: Any) -> Any:
        yield (Op.YIELD,)
        return (yield from child())

    assert Bench(main).value == ((1, "x", True), -1, [], [])


def test_a_select_may_send() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)

        def child() -> Any:
            return (yield (Op.RECEIVE, channel))

        task = yield (Op.SPAWN_TASK, child)
        sent = yield (Op.SELECT, [(channel, True, 7)], False)
        return sent, (yield (Op.JOIN, task))

    assert Bench(main).value == ((0, 7, True), (7, True))


def test_a_waiting_send_case_is_taken_by_a_receiver() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)

        def child() -> Any:
            return (yield (Op.SELECT, [(channel, True, 7)], False))

        task = yield (Op.SPAWN_TASK, child)
        got = yield (Op.RECEIVE, channel)
        return got, (yield (Op.JOIN, task))

    assert Bench(main).value == ((7, True), (0, 7, True))


def test_a_closed_channel_is_ready_with_ok_false() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)
        yield (Op.CLOSE, channel)
        return (yield (Op.SELECT, [(channel, False, None)], False))

    assert Bench(main).value == (0, None, False)


def test_a_send_case_on_a_closed_channel_fails_instead_of_waiting_for_ever() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)
        yield (Op.CLOSE, channel)
        yield (Op.SELECT, [(channel, True, 1)], False)

    assert Bench(main).failure.kind == INVALID


def test_closing_ends_a_waiting_select() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)

        def child() -> Any:
            return (yield (Op.SELECT, [(channel, False, None)], False))

        task = yield (Op.SPAWN_TASK, child)
        yield (Op.CLOSE, channel)
        return (yield (Op.JOIN, task))

    assert Bench(main).value == (0, None, False)


def test_a_select_of_nothing_waits_for_ever() -> None:
    def main() -> Any:
        yield (Op.INBOX,)  # without which the process is deadlocked
        yield (Op.SELECT, [], False)

    bench = Bench(main)
    assert bench.waits
    assert bench.machine.waits() == ["script.py:1  select of nothing"]
