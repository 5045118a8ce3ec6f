"""Inbox, events and listeners: which channel gets a message, and when."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import ALREADY_EXISTS, INTERNAL, INVALID, Failure
from actorflow.machine.op import Op
from actorflow.message import EXIT, LINK_DOWN, Message, exit_event
from tests.unit.machine.scripted import Bench, received


def deliver(bench: Bench, topic: str, *payloads: Any, sender: str = "{a@b|1}") -> None:
    bench.machine.deliver(Message(topic, sender, payloads))
    bench.run()


def test_messages_wait_until_the_inbox_is_opened() -> None:
    def main() -> Any:
        yield (Op.CALL, "app:f", (), {})
        inbox = yield (Op.INBOX,)
        message, ok = yield (Op.RECEIVE, inbox)
        return message.topic, message.sender, message.value, ok

    bench = Bench(main)
    deliver(bench, "hello", {"a": 1})
    bench.settle(1)
    assert bench.value == ("hello", "{a@b|1}", {"a": 1}, True)


def test_a_listener_gets_bare_values_none_for_none_one_for_one_a_list_for_several() -> None:
    def main() -> Any:
        channel = yield (Op.LISTEN, "t", False)
        return (yield from received(channel, channel, channel))

    bench = Bench(main)
    deliver(bench, "t")
    deliver(bench, "t", 1)
    deliver(bench, "t", 1, 2)
    assert bench.value == [None, 1, [1, 2]]


def test_a_listener_always_wins_over_the_inbox() -> None:
    def main() -> Any:
        inbox = yield (Op.INBOX,)
        channel = yield (Op.LISTEN, "t", False)
        index, item, _ = yield (Op.SELECT, [(inbox, False, None), (channel, False, None)], False)
        other = yield (Op.SELECT, [(inbox, False, None), (channel, False, None)], False)
        return index, item, other[0], other[1].value

    bench = Bench(main)
    deliver(bench, "t", "listened")
    deliver(bench, "u", "inbox")
    assert bench.value == (1, "listened", 0, "inbox")


def test_routing_is_decided_when_a_message_is_taken() -> None:
    def main() -> Any:
        inbox = yield (Op.INBOX,)
        yield (Op.CALL, "app:f", (), {})
        channel = yield (Op.LISTEN, "t", False)
        first = yield (Op.SELECT, [(inbox, False, None)], True)
        return first[0], (yield (Op.RECEIVE, channel))

    bench = Bench(main)
    deliver(bench, "t", 1)  # nobody receives from the inbox now, so it waits, and goes to the later listener
    bench.settle(1)
    assert bench.value == (-1, (1, True))


def test_a_message_is_buffered_before_listen_returns() -> None:
    def main() -> Any:
        yield (Op.CALL, "app:f", (), {})
        channel = yield (Op.LISTEN, "t", False)
        return (yield (Op.SELECT, [(channel, False, None)], True))

    bench = Bench(main)
    deliver(bench, "t", 1)
    bench.settle(1)
    assert bench.value == (0, 1, True)


def test_the_same_topic_gives_the_same_channel_and_message_mode_is_never_switched_back() -> None:
    def main() -> Any:
        channel = yield (Op.LISTEN, "t", False)
        with_messages = yield (Op.LISTEN, "t", True)
        again = yield (Op.LISTEN, "t", False)
        inboxes = [(yield (Op.INBOX,)), (yield (Op.INBOX,))]
        message, _ = yield (Op.RECEIVE, channel)
        return channel is with_messages is again, inboxes[0] is inboxes[1], message.topic

    bench = Bench(main)
    deliver(bench, "t", 1)
    assert bench.value == (True, True, "t")


def test_unlisten_closes_the_channel_and_later_messages_fall_back_to_the_inbox() -> None:
    def main() -> Any:
        inbox = yield (Op.INBOX,)
        channel = yield (Op.LISTEN, "t", False)
        undone = yield (Op.UNLISTEN, channel)
        again = yield (Op.UNLISTEN, channel)
        closed = yield (Op.RECEIVE, channel)
        message, _ = yield (Op.RECEIVE, inbox)
        return undone, again, closed, message.topic

    bench = Bench(main)
    deliver(bench, "t", 1)
    assert bench.value == (True, False, (None, False), "t")


def test_unlisten_hands_kept_messages_to_a_receiver_that_waits_at_the_inbox() -> None:
    def main() -> Any:
        inbox = yield (Op.INBOX,)
        channel = yield (Op.LISTEN, "t", False)

        def child() -> Any:
            yield (Op.CALL, "app:f", (), {})
            yield (Op.UNLISTEN, channel)

        yield (Op.SPAWN_TASK, child)
        message, _ = yield (Op.RECEIVE, inbox)
        return message.value

    bench = Bench(main)
    deliver(bench, "t", 1)  # fills the buffer of the listener
    deliver(bench, "t", 2)  # is kept
    assert bench.waits
    bench.settle(1)
    assert bench.value == 2


def test_closing_a_subscribed_channel_ends_its_subscription() -> None:
    def main() -> Any:
        inbox = yield (Op.INBOX,)
        channel = yield (Op.LISTEN, "t", False)
        yield (Op.CLOSE, channel)
        message, _ = yield (Op.RECEIVE, inbox)
        return message.value, (yield (Op.LISTEN, "t", False)) is channel

    bench = Bench(main)
    deliver(bench, "t", 1)
    assert bench.value == (1, False)


@pytest.mark.parametrize("topic", ["", "@pid/inbox", "@x", 5])
def test_bad_topics_are_invalid(topic: Any) -> None:
    for op in ((Op.LISTEN, topic, False), (Op.SEND_MESSAGE, "{a@b|1}", topic, ())):

        def main(op: Any = op) -> Any:
            yield op

        assert Bench(main).failure.kind == INVALID


def test_a_bound_channel_gets_its_topic_and_a_second_one_is_refused() -> None:
    def main() -> Any:
        channel = yield (Op.CHANNEL, 2)
        other = yield (Op.CHANNEL, 2)
        yield (Op.SUBSCRIBE, "t", channel)
        yield (Op.SUBSCRIBE, "t", channel)
        value = yield (Op.RECEIVE, channel)
        yield (Op.UNSUBSCRIBE, channel)
        yield (Op.SUBSCRIBE, "t", other)
        yield (Op.SEND, channel, "still open")
        yield (Op.SUBSCRIBE, "t", channel)
        return value

    bench = Bench(main)
    deliver(bench, "t", 1)
    assert bench.failure.kind == ALREADY_EXISTS


def test_one_channel_has_one_topic_and_a_closed_one_none() -> None:
    def two_topics() -> Any:
        channel = yield (Op.CHANNEL, 2)
        yield (Op.SUBSCRIBE, "t", channel)
        yield (Op.SUBSCRIBE, "u", channel)

    def closed() -> Any:
        channel = yield (Op.CHANNEL, 2)
        yield (Op.CLOSE, channel)
        yield (Op.SUBSCRIBE, "t", channel)

    assert Bench(two_topics).failure.kind == ALREADY_EXISTS
    assert Bench(closed).failure.kind == INVALID


def test_events_never_reach_the_inbox_and_wait_until_events_is_opened() -> None:
    def main() -> Any:
        inbox = yield (Op.INBOX,)
        index = (yield (Op.SELECT, [(inbox, False, None)], True))[0]
        yield (Op.CALL, "app:f", (), {})
        still = (yield (Op.SELECT, [(inbox, False, None)], True))[0]
        events = yield (Op.EVENTS,)
        event, _ = yield (Op.RECEIVE, events)
        return index, still, event["kind"], event["result"]

    bench = Bench(main)
    bench.machine.event(exit_event("{a@b|1}", 0, 5, None))
    bench.run()
    bench.settle(1)
    assert bench.value == (-1, -1, EXIT, {"value": 5, "error": None})


def test_an_untrapped_link_down_ends_the_process_at_once() -> None:
    def main() -> Any:
        yield (Op.INBOX,)
        yield (Op.CALL, "app:f", (), {})

    bench = Bench(main)
    bench.machine.event(exit_event("{a@b|1}", 0, None, Failure("boom"), LINK_DOWN))
    assert bench.failure == Failure("linked process failed", INTERNAL)


def test_a_trapped_link_down_is_an_event() -> None:
    def main() -> Any:
        yield (Op.SET_OPTION, "trap_links", True)
        trapped = yield (Op.GET_OPTION, "trap_links")
        events = yield (Op.EVENTS,)
        event, _ = yield (Op.RECEIVE, events)
        return trapped, event["type"], event["result"]["error"].message

    bench = Bench(main)
    bench.machine.event(exit_event("{a@b|1}", 0, None, Failure("boom"), LINK_DOWN))
    bench.run()
    assert bench.value == (True, "LINK_DOWN", "boom")


@pytest.mark.parametrize("op", [(Op.SET_OPTION, "trap_exits", True), (Op.SET_OPTION, "trap_links", 1)])
def test_unknown_options_and_wrong_values_are_invalid(op: Any) -> None:
    def main() -> Any:
        yield op

    assert Bench(main).failure.kind == INVALID


def test_what_a_subscription_has_no_room_for_waits_and_goes_with_it() -> None:
    def main() -> Any:
        inbox = yield (Op.INBOX,)
        channel = yield (Op.ATTACH, "@sub/1", 2)
        yield (Op.CALL, "app:f", (), {})
        first = yield from received(channel, channel, channel)
        yield (Op.CLOSE, channel)
        rest = yield from received(channel, channel, channel)
        silent = yield (Op.SELECT, [(inbox, False, None)], True)
        return first, rest, silent[0]

    bench = Bench(main)
    for number in range(9):
        deliver(bench, "@sub/1", number)
    assert bench.machine.mailbox.count == 7  # two fit the channel
    deliver(bench, "@sub/2", "of another subscription")
    bench.settle(1)
    assert bench.value == ([0, 1, 2], [3, 4, None], -1)


def test_a_script_attaches_to_subscriptions_only() -> None:
    def main() -> Any:
        yield (Op.ATTACH, "@pid/inbox", 2)

    assert Bench(main).failure.kind == INVALID


def test_closing_a_subscription_drops_what_waits_behind_it() -> None:
    def main() -> Any:
        channel = yield (Op.ATTACH, "@sub/1", 1)
        yield (Op.CALL, "app:f", (), {})
        yield (Op.CLOSE, channel)
        yield (Op.CALL, "app:f", (), {})

    bench = Bench(main)
    for number in range(5):
        deliver(bench, "@sub/1", number)
    bench.settle(1)
    assert bench.machine.mailbox.count == 0
