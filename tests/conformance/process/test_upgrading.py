"""Upgrades while other tasks of the process have been handed messages that they have not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actorflow.machine.op import Op
from actorflow.ports import SpawnRequest
from tests.conformance.process.rig import OTHER, rig

Ops = Any


def receives(channel: Any) -> Ops:
    yield (Op.RECEIVE, channel)


def selects(channel: Any) -> Ops:
    never = yield (Op.CHANNEL, 0)
    yield (Op.SELECT, [(never, False, None), (channel, False, None)], False)


def selects_after_a_receive(channel: Any) -> Ops:
    """Its last place in the queue of another channel says nothing of where the message came from."""
    own = yield (Op.CHANNEL, 1)

    def fill() -> Ops:
        yield (Op.YIELD,)
        yield (Op.SEND, own, 1)

    yield (Op.SPAWN_TASK, fill)
    yield (Op.RECEIVE, own)
    yield from selects(channel)


INBOX = (Op.INBOX,)
LISTENER = (Op.LISTEN, "a", True)
PLAIN = (Op.LISTEN, "a", False)


@pytest.mark.parametrize("opened", [INBOX, LISTENER, PLAIN], ids=["inbox", "listener", "plain"])
@pytest.mark.parametrize("waits", [receives, selects, selects_after_a_receive])
async def test_a_message_handed_to_a_task_that_has_not_run_yet_goes_over(
    waits: Callable[[Any], Ops], opened: tuple[Any, ...]
) -> None:
    """One message wakes the task that upgrades, the next one, before it has run, a task that waits for it."""

    def old(maker: str) -> Ops:
        start = yield (Op.LISTEN, "start", False)
        channel = yield opened

        def other() -> Ops:
            yield from waits(channel)
            raise AssertionError("the old code has seen the message")

        yield (Op.SPAWN_TASK, other)
        yield (Op.SEND_MESSAGE, maker, "here", ())
        yield (Op.RECEIVE, start)  # all of them wait now
        yield (Op.PERFORM, "upgrade", ("app:new",))

    def new() -> Ops:
        inbox = yield (Op.INBOX,)
        topics = []
        while not topics or topics[-1] != "last":
            message, _ = yield (Op.RECEIVE, inbox)
            topics.append(message.topic if message.topic == "last" else (message.topic, message.value))
        return topics

    def main() -> Ops:
        events = yield (Op.EVENTS,)
        inbox = yield (Op.INBOX,)
        identity = yield (Op.IDENTITY,)
        pid = yield (Op.SPAWN, SpawnRequest("app:old", OTHER, (identity.pid,), monitor=True))
        yield (Op.RECEIVE, inbox)
        for topic, value in (("start", 0), ("a", 1), ("a", 2), ("last", 3)):
            yield (Op.SEND_MESSAGE, pid, topic, (value,))
        event, _ = yield (Op.RECEIVE, events)
        return event["result"]["value"]

    async with rig() as node:
        node.add("app:old", old)
        node.add("app:new", new)
        assert await node.run(main, timeout=60) == [["a", 1], ["a", 2], "last"]


async def test_what_a_task_has_received_or_was_told_by_another_does_not_go_over() -> None:
    """A message that was read, handed on within the process or returned to who joins, is no unread one."""

    def old() -> Ops:
        inbox = yield (Op.INBOX,)
        first, _ = yield (Op.RECEIVE, inbox)
        own = yield (Op.CHANNEL, 0)

        def upgrades() -> Ops:
            yield (Op.YIELD,)  # to the one that ends, which wakes the one that joins it
            yield (Op.SEND, own, first)
            yield (Op.PERFORM, "upgrade", ("app:new",))

        def passed() -> Ops:
            yield (Op.RECEIVE, own)
            raise AssertionError("the upgrade comes first")

        def ends() -> Ops:
            yield (Op.YIELD,)
            return (first, True)
            yield

        def joins() -> Ops:
            second, _ = yield (Op.RECEIVE, inbox)
            assert second.topic == "b"
            yield (Op.JOIN, (yield (Op.SPAWN_TASK, ends)))
            raise AssertionError("the upgrade comes first")

        yield (Op.SPAWN_TASK, joins)
        yield (Op.SPAWN_TASK, passed)
        third = yield (Op.LISTEN, "c", False)
        yield (Op.RECEIVE, third)
        yield (Op.SPAWN_TASK, upgrades)
        yield (Op.SLEEP, 10**12)

    def new() -> Ops:
        inbox = yield (Op.INBOX,)
        message, _ = yield (Op.RECEIVE, inbox)
        return message.topic

    def main() -> Ops:
        events = yield (Op.EVENTS,)
        pid = yield (Op.SPAWN, SpawnRequest("app:old", OTHER, monitor=True))
        for topic in ("a", "b", "c", "last"):  # before it runs for the first time
            yield (Op.SEND_MESSAGE, pid, topic, (1,))
        event, _ = yield (Op.RECEIVE, events)
        return event["result"]["value"]

    async with rig() as node:
        node.add("app:old", old)
        node.add("app:new", new)
        assert await node.run(main, timeout=60) == "last"
