"""Queues and consumers: Python scripts and handlers, stopping, changing, and what goes wrong."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actorflow.errors import INVALID, NOT_FOUND, Error
from actorflow.node.node import Node
from actorflow.registry.change import Change
from actorflow.resource.queue_consumer import Consumer
from actorflow.resource.queues import queues
from tests.conformance.hosts.place import ACTORS, Place
from tests.conformance.process.rig import until

STARTED = {"lifecycle": {"auto_start": True}}
HANDLER = """
    from actorflow.script import Error, process, queue

    seen = []

    async def main(body):
        message = await queue.message()
        refused = []
        if seen:  # the message of the call before
            try:
                await seen[0].ack()
            except Error as error:
                refused.append((error.kind, "released" in error.message))
        seen.append(message)
        if body.get("settle"):
            await getattr(message, body["settle"])()
            try:
                await message.nack()
            except Error as error:
                refused.append((error.kind, "already settled" in error.message))
        await queue.publish("app:answers", [body["n"], message.attempts, message.header("colour"), refused])
        if body.get("fail", 0) >= message.attempts:
            raise RuntimeError("as told")
"""
PUBLISHER = """
    from actorflow.script import Error, queue

    async def main():
        await queue.publish("app:tasks", {"n": 1}, {"colour": "red"})
        await queue.publish("app:tasks", {"n": 2, "fail": 1})
        await queue.publish("app:tasks", {"n": 3, "settle": "ack"})
        refused = []
        for wrong in (
            queue.publish("app:none", 1),
            queue.publish("app:tasks", 1, {"h": []}),
            queue.info("app:actors"),
            queue.message(),
        ):
            try:
                await wrong
            except Error as error:
                refused.append(error.kind)
        return refused
"""
SLOW = """
    from pathlib import Path

    import trio
    from actorflow.script import events

    async def main(gate):
        await events.send("handler", "begun", "/", gate)
        while not Path(gate).exists():
            await trio.sleep(0.001)
        await events.send("handler", "ended", "/", gate)
"""


def queue_place(path: Path, **consumer: Any) -> Place:
    place = Place(path)
    place.entries["driver"] = {"kind": "queue.driver.memory", **STARTED}
    for name in ("tasks", "answers"):
        place.entries[name] = {"kind": "queue.queue", "driver": "driver"}
    place.entries["consumer"] = {"kind": "queue.consumer", "queue": "tasks", "func": "handler", **STARTED, **consumer}
    return place


async def answers(node: Node, count: int) -> list[Any]:
    queue, got = queues(node).queue("app:answers"), []
    with trio.fail_after(30):
        for _ in range(count):
            delivery = await queue.take()
            delivery.settle("ack")
            got.append(delivery.message.body)
    return got


async def publish(node: Node, *bodies: Any) -> None:
    for body in bodies:
        await queues(node).queue("app:tasks").publish(body, {})


def told(node: Node) -> list[tuple[str, Any]]:
    heard: list[tuple[str, Any]] = []
    node.bus.subscribe("handler", "**", lambda event: heard.append((event["kind"], event["data"])))
    return heard


async def test_a_python_function_handles_what_a_python_process_publishes(tmp_path: Path) -> None:
    place = queue_place(tmp_path)
    place.python("handler", HANDLER, kind="function")
    place.python("publisher", PUBLISHER)
    async with place.node() as node:
        assert await node.exec("app:publisher", host=ACTORS) == [NOT_FOUND, INVALID, INVALID, INVALID]
        released = [INVALID, True]
        assert await answers(node, 4) == [
            [1, 1, "red", []],
            [2, 1, None, [released]],
            [3, 1, None, [released, released]],
            [2, 2, None, [released]],
        ]


async def test_a_consumer_that_stops_finishes_what_it_has_begun_and_takes_no_more(tmp_path: Path) -> None:
    place = queue_place(tmp_path, concurrency=2)
    place.python("handler", SLOW, kind="function")
    async with place.node() as node:
        heard, gates = told(node), [tmp_path / name for name in ("one", "two", "three")]
        await publish(node, *map(str, gates))
        await until(lambda: len(heard) == 2)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(node.running.find("app:consumer", Consumer).stop, 60)
            await wait_all_tasks_blocked()  # it has begun to stop
            for gate in reversed(gates):
                gate.touch()
        assert queues(node).queue("app:tasks").info()["ready"] == 1
    assert [kind for kind, _ in heard] == ["begun", "begun", "ended", "ended"]
    assert {gate for _, gate in heard} == {str(gate) for gate in gates[:2]}


async def test_a_handler_that_takes_too_long_is_given_up_and_its_message_put_back(tmp_path: Path) -> None:
    place = queue_place(tmp_path)
    place.python("handler", SLOW, kind="function")
    async with place.node() as node:
        heard = told(node)
        await publish(node, "never")
        await until(lambda: heard)
        await node.running.find("app:consumer", Consumer).stop(0.01)
        queue = queues(node).queue("app:tasks")
        info = queue.info()
        assert (info["ready"], info["in_flight"], info["consumers"]) == (1, 0, 0)
        assert (await queue.take()).message.attempts == 0
    assert heard == [("begun", "never")]


@pytest.mark.parametrize(("prefetch", "concurrency"), [(2, 5), (5, 2)])
async def test_no_more_messages_are_in_flight_than_both_limits_say(
    tmp_path: Path, prefetch: int, concurrency: int
) -> None:
    place = queue_place(tmp_path, prefetch=prefetch, concurrency=concurrency)
    place.python("handler", SLOW, kind="function")
    async with place.node() as node:
        heard = told(node)
        gates = [tmp_path / name for name in ("one", "two", "three")]
        await publish(node, *map(str, gates))
        await until(lambda: len(heard) == 2)
        await wait_all_tasks_blocked()  # whatever could be taken is taken
        assert [kind for kind, _ in heard] == ["begun", "begun"]
        gates[0].touch()
        await until(lambda: len(heard) == 4)
        assert [kind for kind, _ in heard] == ["begun", "begun", "ended", "begun"]
        for gate in gates:
            gate.touch()


async def test_a_queue_follows_its_entry(tmp_path: Path) -> None:
    place = queue_place(tmp_path)
    place.entries["tasks"]["driver_options"] = {"memory": {"max_length": 1}}
    del place.entries["consumer"]
    async with place.node() as node, trio.open_nursery() as nursery:
        await publish(node, 1)
        nursery.start_soon(publish, node, 2, 3)
        await until(lambda: queues(node).queue("app:tasks").info()["blocked"])
        data = {"driver": "app:driver", "driver_options": {"memory": {"max_length": 5}}}
        node.registry.apply([Change("update", "app:tasks", data=data)])  # type: ignore[attr-defined]
        await until(lambda: queues(node).queue("app:tasks").info()["ready"] == 3)


async def test_who_gives_up_publishing_has_published_nothing(tmp_path: Path) -> None:
    place = queue_place(tmp_path)
    place.entries["tasks"]["driver_options"] = {"memory": {"max_length": 1}}
    del place.entries["consumer"]
    async with place.node() as node:
        await publish(node, 1)
        with trio.move_on_after(0.01) as scope:
            await publish(node, 2)
        assert scope.cancelled_caught
        info = queues(node).queue("app:tasks").info()
        assert (info["ready"], info["blocked"]) == (1, 0)


async def test_a_dead_letter_without_its_queue_is_told_of(tmp_path: Path) -> None:
    place = queue_place(tmp_path)
    place.entries["tasks"]["dead_letter"] = {"queue": "driver", "max_attempts": 1}
    place.python("handler", "async def main(body):\n    raise RuntimeError('no')", kind="function")
    lines: list[tuple[str, str]] = []
    async with place.node() as node:
        node.log = lambda level, text, _: lines.append((level, text))
        await publish(node, 1)
        await until(lambda: [text for level, text in lines if level == "error" and "is lost" in text])


@pytest.mark.parametrize(
    ("entry", "change", "text"),
    [
        ("consumer", {"queue": "driver"}, "queue.queue"),
        ("consumer", {"concurrency": 0}, "concurrency"),
        ("consumer", {"prefetch": 10_001}, "prefetch"),
        ("tasks", {"codec": "xml"}, "codec"),
        ("tasks", {"driver_options": {"memory": {"max_length": 0}}}, "max_length"),
        ("tasks", {"driver": "actors"}, "queue.driver"),
    ],
)
async def test_what_is_written_wrongly_is_a_fault_of_its_entry(
    tmp_path: Path, entry: str, change: dict[str, Any], text: str
) -> None:
    place = queue_place(tmp_path)
    place.python("handler", SLOW, kind="function")
    place.entries[entry] |= change
    async with place.node() as node:
        with pytest.raises(Error, match=text):
            node.registry.entry(f"app:{entry}").require()


THREAD = """
    from actorflow.script import metrics, queue, wait

    def main(body):
        message = wait(queue.message())
        wait(message.ack())
        metrics.counter_inc("handled")
        wait(queue.publish("app:answers", [body, message.attempts, wait(queue.info("app:tasks"))["in_flight"]]))
"""
ASYNC = """
    from actorflow.script import metrics, queue

    async def main(body):
        message = await queue.message()
        await message.ack()
        metrics.counter_inc("handled")
        await queue.publish("app:answers", [body, message.attempts, (await queue.info("app:tasks"))["in_flight"]])
"""


@pytest.mark.parametrize("way", ["trio", "asyncio", "thread"])
async def test_a_handler_may_run_in_any_way_that_shares_the_nodes_memory(tmp_path: Path, way: str) -> None:
    place = queue_place(tmp_path)
    place.python("handler", THREAD if way == "thread" else ASYNC, kind="function", run=way)
    async with place.node() as node:
        await publish(node, "a", "b")
        assert await answers(node, 2) == [["a", 1, 0], ["b", 1, 0]]
        (line,) = node.metrics.read()
        assert (line["name"], line["value"]) == ("handled", 2)


RANDOM = """
    import random
    from actorflow.script import events, queue

    async def main(body):
        message = await queue.message()
        number, fate = body["n"], body["fates"][min(message.attempts, len(body["fates"])) - 1]
        await events.send("handler", fate, "/", [number, message.attempts])
        if fate == "nack":
            await message.nack()
        elif fate == "ack, then fail":
            await message.ack()
        if fate.endswith("fail"):
            raise RuntimeError("as told")
"""


async def test_every_message_is_handled_until_it_is_acknowledged(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    place = queue_place(tmp_path, concurrency=7)
    place.entries["tasks"]["driver_options"] = {"memory": {"max_length": 20}}
    place.python("handler", RANDOM, kind="function")
    fates = {
        number: [
            *(draw.choice(["fail", "nack"]) for _ in range(draw.randrange(4))),
            draw.choice(["succeed", "ack, then fail"]),
        ]
        for number in range(200)
    }
    async with place.node() as node:
        heard = told(node)
        await publish(node, *({"n": number, "fates": fates[number]} for number in fates))
        queue = queues(node).queue("app:tasks")
        await until(lambda: not queue.info()["messages"])
    seen: dict[int, list[tuple[int, str]]] = {number: [] for number in fates}
    for fate, (number, attempt) in heard:
        seen[number].append((attempt, fate))
    assert seen == {number: list(enumerate(told_to, 1)) for number, told_to in fates.items()}
