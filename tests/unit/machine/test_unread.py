"""What a process has not read: at every moment, each message has either been seen by a task or is unread."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.machine.machine import Machine
from actorflow.machine.op import Op
from actorflow.message import Message
from actorflow.ports import Outcome
from tests.unit.machine.scripted import FakeDriver, Program

Ops = Any
TOPICS = ("a", "b", "a", "c", "b", "c", "a", "b")


def reader(channel: Any, seen: list[int], way: str) -> Ops:
    never = yield (Op.CHANNEL, 0)
    while True:
        if way == "receive":
            item, _ = yield (Op.RECEIVE, channel)
        else:
            _, item, _ = yield (Op.SELECT, [(never, False, None), (channel, False, None)], False)
        seen.append(item.value if isinstance(item, Message) else item)
        yield (Op.NOW,)


@pytest.mark.parametrize("early", [0, 3, 8])
@pytest.mark.parametrize("way", ["receive", "select"])
def test_a_message_is_seen_or_unread_at_every_moment(way: str, early: int) -> None:
    seen: list[int] = []

    def main() -> Ops:
        inbox = yield (Op.INBOX,)
        listened = yield (Op.LISTEN, "b", True)
        plain = yield (Op.LISTEN, "c", False)
        for channel in (inbox, listened, plain):
            yield (Op.SPAWN_TASK, lambda channel=channel: reader(channel, seen, way))
        yield (Op.RECEIVE, (yield (Op.CHANNEL, 0)))

    machine = Machine(FakeDriver(), Program(main))
    machine.start(())
    sent = 0

    def send() -> None:
        nonlocal sent
        machine.deliver(Message(TOPICS[sent], "", (sent,)))
        sent += 1

    for _ in range(early):
        send()
    for step in range(200):
        if step > 40 and step % 3 == 0 and sent < len(TOPICS):
            send()
        machine.run(1)
        unread = [message.value for message in machine.unread()]
        assert sorted(seen + unread) == list(range(sent))
    assert len(seen) == len(TOPICS)


def test_what_is_passed_on_within_a_process_or_joined_has_been_read() -> None:
    """A task that holds a message of another task has not been handed it by a sender, wherever it waited before."""

    def main() -> Ops:
        inbox = yield (Op.INBOX,)
        first, _ = yield (Op.RECEIVE, inbox)
        own = yield (Op.CHANNEL, 0)
        joined = yield (Op.SPAWN_TASK, lambda: passes_on(own, first))
        yield (Op.RECEIVE, own)
        yield (Op.RECEIVE, inbox)
        yield (Op.JOIN, joined)
        yield (Op.JOIN, joined)
        yield (Op.SELECT, [(own, True, first)], True)
        yield (Op.RECEIVE, inbox)

    def passes_on(own: Any, message: Message) -> Ops:
        yield (Op.SEND, own, message)
        for _ in range(10):
            yield (Op.YIELD,)
        return (message, True)

    machine = Machine(FakeDriver(), Program(main))
    machine.start(())
    machine.run(50)
    machine.deliver(Message("a", "", (0,)))
    machine.deliver(Message("a", "", (1,)))
    unread = []
    for _ in range(60):
        machine.run(1)
        unread.append(len(machine.unread()))
    assert unread == sorted(unread, reverse=True), "none that was read is unread again"
    assert unread[-1] == 0
    assert machine.outcome is None


def test_who_has_sent_something_over_a_channel_of_a_topic_holds_nothing_unread() -> None:
    got = []

    def main() -> Ops:
        own = yield (Op.CHANNEL, 0)
        yield (Op.SUBSCRIBE, "a", own)
        yield (Op.SPAWN_TASK, lambda: sends(own))
        got.append((yield (Op.RECEIVE, own)))
        yield (Op.NOW,)
        yield (Op.RECEIVE, own)

    def sends(own: Any) -> Ops:
        yield (Op.SELECT, [(own, True, 7)], False)
        yield (Op.NOW,)

    machine = Machine(FakeDriver(), Program(main))
    machine.start(())
    for _ in range(20):
        machine.run(1)
        assert not got or machine.unread() == []
    assert got == [(7, True)]
    assert machine.outcome is None


@pytest.mark.parametrize("answer", [(), (True,), (1,), (1, True), (0, 1, True), [1, True], {"a": True}, True])
def test_an_answer_of_any_shape_is_no_message(answer: Any) -> None:
    """A task that has received waits for something else that it has asked for: its last channel says nothing then."""

    def main() -> Ops:
        yield (Op.RECEIVE, (yield (Op.INBOX,)))
        yield (Op.PERFORM, "ask", ())
        yield (Op.SLEEP, 1)

    machine = Machine(FakeDriver(), Program(main))
    machine.start(())
    machine.run(50)
    machine.deliver(Message("a", "", (0,)))
    machine.run(50)
    assert machine.settle(machine.last_ref, Outcome(answer))
    assert machine.unread() == []
