"""Channels: hand-over, buffering, closing."""

from __future__ import annotations

from typing import Any

from actorflow.errors import CANCELED, INVALID, Error
from actorflow.machine.op import Op
from tests.unit.machine.scripted import Bench, received


def sender(channel: Any, *items: Any) -> Any:
    def run() -> Any:
        for item in items:
            yield (Op.SEND, channel, item)

    return run


def receiver(channel: Any, seen: list[Any]) -> Any:
    def run() -> Any:
        seen.append((yield (Op.RECEIVE, channel)))

    return run


def test_a_sender_waits_for_a_receiver_on_an_unbuffered_channel() -> None:
    trace: list[str] = []

    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)

        def child() -> Any:
            trace.append("sending")
            yield (Op.SEND, channel, "a")
            trace.append("sent")

        yield (Op.SPAWN_TASK, child)
        trace.append("receiving")
        answer = yield (Op.RECEIVE, channel)
        yield (Op.YIELD,)
        return answer

    assert Bench(main).value == ("a", True)
    assert trace == ["sending", "receiving", "sent"]


def test_receivers_are_served_in_order_of_arrival() -> None:
    seen: list[Any] = []

    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)
        for name in "ab":

            def child(name: str = name) -> Any:
                value, _ = yield (Op.RECEIVE, channel)
                seen.append((name, value))

            yield (Op.SPAWN_TASK, child)
        yield (Op.SEND, channel, 1)
        yield (Op.SEND, channel, 2)
        yield (Op.YIELD,)

    assert Bench(main).value is None
    assert seen == [("a", 1), ("b", 2)]


def test_a_buffer_keeps_items_and_a_waiting_sender_refills_it() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 1)
        yield (Op.SPAWN_TASK, sender(channel, 1, 2, 3))
        return (yield from received(channel, channel, channel))

    assert Bench(main).value == [1, 2, 3]


def test_a_negative_size_means_unbuffered() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, -5)
        yield (Op.SEND, channel, 1)

    assert Bench(main).waits


def test_none_is_a_value() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 1)
        yield (Op.SEND, channel, None)
        return (yield (Op.RECEIVE, channel))

    assert Bench(main).value == (None, True)


def test_buffered_items_survive_close_then_none_and_false_for_ever() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 2)
        yield (Op.SEND, channel, "x")
        yield (Op.CLOSE, channel)
        yield (Op.CLOSE, channel)
        return [(yield (Op.RECEIVE, channel)), (yield (Op.RECEIVE, channel)), (yield (Op.RECEIVE, channel))]

    assert Bench(main).value == [("x", True), (None, False), (None, False)]


def test_close_wakes_every_receiver() -> None:
    seen: list[Any] = []

    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)
        yield (Op.SPAWN_TASK, receiver(channel, seen))
        yield (Op.SPAWN_TASK, receiver(channel, seen))
        yield (Op.CLOSE, channel)
        yield (Op.YIELD,)

    assert Bench(main).value is None
    assert seen == [(None, False), (None, False)]


def test_sending_on_a_closed_channel_fails() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 1)
        yield (Op.CLOSE, channel)
        yield (Op.SEND, channel, 1)

    failure = Bench(main).failure
    assert failure.kind == INVALID
    assert "closed channel" in failure.message


def test_a_sender_that_waits_when_the_channel_closes_gets_a_failure() -> None:
    kinds: list[str] = []

    def main() -> Any:
        channel = yield (Op.CHANNEL, 0)

        def child() -> Any:
            try:
                yield (Op.SEND, channel, 1)
            except Error as error:
                kinds.append(error.kind)

        yield (Op.SPAWN_TASK, child)
        yield (Op.CLOSE, channel)
        yield (Op.YIELD,)

    assert Bench(main).value is None
    assert kinds == [CANCELED]


def test_a_task_may_receive_from_different_channels_in_turn() -> None:
    def main() -> Any:
        one = yield (Op.CHANNEL, 0)
        other = yield (Op.CHANNEL, 0)
        yield (Op.SPAWN_TASK, lambda: feed(one, other))
        return (yield from received(one, other, one))

    def feed(one: Any, other: Any) -> Any:
        yield (Op.YIELD,)
        yield (Op.SEND, one, 1)
        yield (Op.SEND, other, 2)
        yield (Op.SEND, one, 3)

    assert Bench(main).value == [1, 2, 3]
