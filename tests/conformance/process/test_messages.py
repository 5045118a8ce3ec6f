"""Sending: who is reached, what arrives, and what the sender is told."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import INVALID, NOT_FOUND, UNAVAILABLE, Error, Failure
from actorflow.machine.op import Op
from actorflow.ports import SpawnRequest
from tests.conformance.process.rig import HOST, OTHER, rig, until


def echo() -> Any:
    inbox = yield (Op.INBOX,)
    message, _ = yield (Op.RECEIVE, inbox)
    yield (Op.SEND_MESSAGE, message.sender, "back", message.payloads)


def attempt(op: tuple[Any, ...]) -> Any:
    """A script that returns what an op answers, or the failure it raises."""

    def main() -> Any:
        try:
            return (yield op)
        except Error as error:
            return error.failure

    return main


@pytest.mark.parametrize("host", [HOST, OTHER])
async def test_a_message_arrives_with_its_topic_sender_and_payloads(host: str) -> None:
    def main() -> Any:
        back = yield (Op.LISTEN, "back", True)
        pid = yield (Op.SPAWN, SpawnRequest("app:echo", host))
        sent = yield (Op.SEND_MESSAGE, pid, "hello", ({"a": [1]}, "two"))
        message, _ = yield (Op.RECEIVE, back)
        return sent, message.topic, message.sender == pid, list(message.payloads)

    async with rig() as node:
        node.add("app:echo", echo)
        assert await node.run(main) == [True, "back", True, [{"a": [1]}, "two"]]


@pytest.mark.parametrize("host", [HOST, OTHER])
async def test_the_receiver_gets_a_copy(host: str) -> None:
    received: list[Any] = []

    def keep() -> Any:
        inbox = yield (Op.INBOX,)
        message, _ = yield (Op.RECEIVE, inbox)
        received.append(message.value)

    def main() -> Any:
        value = {"list": [1]}
        pid = yield (Op.SPAWN, SpawnRequest("app:keep", host, (value,)))
        yield (Op.SEND_MESSAGE, pid, "t", (value,))
        value["list"].append(2)

    async with rig() as node:
        node.add("app:keep", lambda _argument: keep())
        await node.run(main)
        await until(lambda: received)
    assert received == [{"list": [1]}]


async def test_messages_keep_their_order() -> None:
    def sink(count: int) -> Any:
        inbox = yield (Op.INBOX,)
        got = []
        for _ in range(count):
            message, _ = yield (Op.RECEIVE, inbox)
            got.append(message.value)
        return got

    def main() -> Any:
        events = yield (Op.EVENTS,)
        pid = yield (Op.SPAWN, SpawnRequest("app:sink", OTHER, (300,), name="sink", monitor=True))
        for number in range(300):
            yield (Op.SEND_MESSAGE, pid if number % 2 else "sink", "t", (number,))
        return (yield (Op.RECEIVE, events))[0]["result"]["value"]

    async with rig() as node:
        node.add("app:sink", sink)
        assert await node.run(main) == list(range(300))


async def test_a_process_may_send_to_itself() -> None:
    def main() -> Any:
        me = (yield (Op.IDENTITY,)).pid
        yield (Op.SEND_MESSAGE, me, "t", (1,))
        inbox = yield (Op.INBOX,)
        return (yield (Op.RECEIVE, inbox))[0].value

    async with rig() as node:
        assert await node.run(main) == 1


@pytest.mark.parametrize(
    ("dest", "kind", "text"),
    [
        ("nobody", NOT_FOUND, "could not resolve 'nobody' as PID or registered name"),
        ("{local@app:processes|0xfffff}", NOT_FOUND, "process not found"),
        ("{app:processes|0xfffff}", NOT_FOUND, "process not found"),
        ("{local@app:processs|0x00001}", NOT_FOUND, "host not found: 'app:processs'; did you mean 'app:processes'?"),
        ("{local@app:idle|0x00001}", UNAVAILABLE, "host is not running"),
        ("{local@app:others|x|y}", NOT_FOUND, "process not found"),
        (5, INVALID, "expected text"),
    ],
)
async def test_a_message_to_nobody_is_an_error_that_says_so(dest: Any, kind: str, text: str) -> None:
    async with rig() as node:
        failure = await node.run(attempt((Op.SEND_MESSAGE, dest, "t", ())))
    assert isinstance(failure, Failure)
    assert failure.kind == kind
    assert text in failure.message


async def test_a_near_miss_of_a_name_is_named() -> None:
    def main() -> Any:
        yield (Op.NAME, "register", "counter", "")
        return (yield from attempt((Op.SEND_MESSAGE, "couter", "t", ()))())

    async with rig() as node:
        assert "did you mean 'counter'?" in (await node.run(main)).message


async def test_a_dead_process_is_not_found() -> None:
    def main() -> Any:
        pid = yield (Op.SPAWN, SpawnRequest("app:short", HOST))
        yield (Op.SLEEP, 1_000_000)
        return (yield from attempt((Op.SEND_MESSAGE, pid, "t", ()))())

    async with rig() as node:
        node.add("app:short", lambda: iter(()))
        failure = await node.run(main)
    assert (failure.kind, failure.message.partition(":")[0]) == (NOT_FOUND, "process not found")


async def test_a_process_that_is_ending_is_closed() -> None:
    def main() -> Any:
        pid = yield (Op.SPAWN, SpawnRequest("app:echo", HOST))
        yield (Op.CONTROL, "terminate", pid, None)
        return (yield from attempt((Op.SEND_MESSAGE, pid, "t", ()))())

    async with rig() as node:
        node.add("app:echo", echo)
        failure = await node.run(main)
    assert (failure.kind, failure.message.partition(":")[0]) == (NOT_FOUND, "process closed")


@pytest.mark.parametrize("payload", [len, 2**70, "x" * (5 << 20)])
async def test_what_may_not_cross_is_refused_at_the_sender(payload: Any) -> None:
    def main() -> Any:
        pid = yield (Op.SPAWN, SpawnRequest("app:echo", HOST))
        return (yield from attempt((Op.SEND_MESSAGE, pid, "t", (payload,)))())

    async with rig() as node:
        node.add("app:echo", echo)
        assert (await node.run(main)).kind == INVALID


async def test_an_application_sends_to_a_pid_or_a_name() -> None:
    def sink() -> Any:
        channel = yield (Op.LISTEN, "t", True)
        first, _ = yield (Op.RECEIVE, channel)
        second, _ = yield (Op.RECEIVE, channel)
        return [first.sender, first.value, second.value]

    async with rig() as node:
        node.add("app:sink", sink)
        pid = await node.node.spawn("app:sink", host=HOST, name="sink")
        await node.node.send(pid, "t", {"a": 1})
        await node.node.send("sink", "t", 1, 2)
        assert await node.node.wait(pid, timeout=30) == ["", {"a": 1}, [1, 2]]
        for topic in ("", "@pid/events"):
            with pytest.raises(Error, match="topic"):
                await node.node.send("sink", topic)


async def test_a_full_mailbox_is_noticed_once() -> None:
    def main() -> Any:
        pid = yield (Op.SPAWN, SpawnRequest("app:deaf", HOST))
        for _ in range(12):
            yield (Op.SEND_MESSAGE, pid, "t", (1,))

    def deaf() -> Any:
        yield (Op.SLEEP, 10**12)

    async with rig(limits={"mailbox": 10}) as node:
        node.add("app:deaf", deaf)
        await node.run(main)
        assert [notice.code for notice in node.notices] == ["mailbox-large"]
        assert "app:deaf: 10 unread messages" in node.notices[0].text
