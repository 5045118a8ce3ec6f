"""Processes: messages, events, spawning, watching, names."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import ALREADY_EXISTS, INTERNAL, INVALID, Error, Failure
from actorflow.message import exit_event
from tests.unit.script.bench import Bench


def test_inbox_events_and_listen_return_the_same_object_each_time() -> None:
    bench = Bench("""
        async def main():
            return [
                process.inbox() is process.inbox(),
                process.events() is process.events(),
                process.listen("a") is process.listen("a"),
                process.listen("a") is process.listen("b"),
            ]
    """)
    assert bench.value == [True, True, True, False]


def test_a_message_answers_for_its_single_map() -> None:
    bench = Bench("""
        async def main():
            message = await process.inbox().receive()
            try:
                message.missing
            except AttributeError as error:
                told = str(error)
            return [message.topic, message.sender, message.from_, message.payload, message.value, message.approved,
                    message.payloads, told]
    """)
    payload = {"approved": True, "topic": "mine"}
    bench.deliver("decision", payload, sender="{a@b|1}")
    *values, told = bench.value
    assert values == ["decision", "{a@b|1}", "{a@b|1}", payload, payload, True, (payload,)]
    assert told == "message 'decision' has no attribute 'missing'; its payload has ['approved', 'topic']"


@pytest.mark.parametrize(("payloads", "seen"), [((), None), ((1,), 1), ((1, "b"), [1, "b"])])
def test_a_listener_sees_payloads_the_inbox_messages(payloads: tuple[Any, ...], seen: Any) -> None:
    bench = Bench("""
        async def main():
            raw = await process.listen("news").receive()
            message = await process.inbox().receive()
            match message:
                case process.Message("other", payload):
                    return [raw, payload]
    """)
    bench.deliver("news", *payloads)
    bench.deliver("other", *payloads)
    assert bench.value == [seen, seen]


def test_listening_for_messages_and_giving_the_topic_back() -> None:
    bench = Bench("""
        async def main():
            news = process.listen("news", message=True)
            first = await news.receive()
            told = [process.unlisten(news), process.unlisten(news), news.closed]
            second = await process.inbox().receive()
            return [first.topic, *told, second.topic, process.listen("news") is news]
    """)
    bench.deliver("news")
    bench.deliver("news")
    assert bench.value == ["news", True, False, True, "news", False]


@pytest.mark.parametrize("call", ["process.listen('@pid/inbox')", "process.listen('')", "process.unlisten(7)"])
def test_system_topics_and_wrong_things_are_refused(call: str) -> None:
    bench = Bench(f"""
        async def main():
            {call}
    """)
    assert bench.failure.kind == INVALID


def test_an_event_is_a_map_with_attributes() -> None:
    bench = Bench("""
        async def main():
            seen = []
            async for event in process.events():
                seen.append([event["kind"] == process.event.EXIT, event.type, event.pid, event.from_, event.at,
                             event.value, event.error and event.error.kind])
                if len(seen) == 2:
                    return seen
    """)
    bench.machine.event(exit_event("{a@b|1}", 5_000_000_000, "done", None))
    bench.machine.event(exit_event("{a@b|2}", 6_000_000_000, None, Failure("broke", INTERNAL)))
    bench.run()
    assert bench.value == [
        [True, "EXIT", "{a@b|1}", "{a@b|1}", 5, "done", None],
        [True, "EXIT", "{a@b|2}", "{a@b|2}", 6, None, INTERNAL],
    ]


def test_cancel_is_an_event_for_who_opened_events_before_any_wait() -> None:
    bench = Bench("""
        async def main():
            events = process.events()
            await time.sleep(1)
            event = await events.receive()
            return [event.type, event.reason]
    """)
    bench.machine.cancel("{a@b|1}", "enough")
    bench.run()
    assert bench.waits
    bench.fire(1)
    assert bench.value == ["CANCEL", "enough"]


def test_cancel_interrupts_anyone_else_once_and_cleanup_may_await() -> None:
    bench = Bench("""
        async def main():
            try:
                try:
                    await time.sleep(60)
                except Exception:
                    return "swallowed"
            except Cancelled as cancelled:
                return [cancelled.reason, await funcs.call("app:refund")]
    """)
    bench.machine.cancel("{a@b|1}", "enough")
    bench.run()
    bench.settle(2, "refunded")
    assert bench.value == ["enough", "refunded"]


def test_an_uncaught_cancellation_is_the_end() -> None:
    bench = Bench("""
        async def main():
            await process.inbox().receive()
    """)
    bench.machine.cancel("{a@b|1}", "enough")
    bench.run()
    assert (bench.failure.kind, bench.failure.message, bench.failure.retryable) == ("Canceled", "enough", False)


def test_sending_spends_no_wait_when_it_is_done_at_once() -> None:
    bench = Bench(
        """
        async def main():
            await process.send("desk", "order", {"n": 1}, 2)
            return "sent"
    """,
        answers={"send": True},
    )
    assert bench.driver.asked == [("send", 1, "desk", "order", ({"n": 1}, 2))]
    assert bench.value == "sent"


def test_every_kind_of_spawn_says_what_it_is() -> None:
    bench = Bench(
        """
        async def main():
            await process.spawn("app:a", "app:host", 1)
            await process.spawn_monitored("app:a", "app:host")
            await process.spawn_linked("app:a")
            await process.spawn_linked_monitored("app:a", "app:host")
            return await process.exec("app:a", "app:host", 2)
    """,
        answers={"spawn": "{a@b|7}"},
        identity={"context": {"tenant": "acme"}},
    )
    assert bench.value == "{a@b|7}"
    assert [(item.monitor, item.link) for item in bench.driver.requests] == [
        (False, False),
        (True, False),
        (False, True),
        (True, True),
        (False, False),
    ]
    first = bench.driver.requests[0]
    assert (first.entry, first.host, first.args, first.parent) == ("app:a", "app:host", (1,), bench.driver.identity.pid)
    assert first.context == {"tenant": "acme"}
    assert bench.driver.requests[2].host == ""
    assert [entry[3] for entry in bench.driver.asked] == [False, False, False, False, True]


def test_a_spawner_is_varied_without_changing() -> None:
    bench = Bench(
        """
        async def main():
            plain = process.with_context(a=1)
            named = plain.with_name("clock").with_message("hello", 1, 2).with_message("again")
            await named.with_options({"workflow.id": "x", "workflow.execution_timeout": 90}).spawn("app:a", "app:h")
            await plain.spawn("app:a", "app:h")
    """,
        answers={"spawn": "{a@b|7}"},
        identity={"context": {"tenant": "acme"}},
    )
    rich, plain = bench.driver.requests
    assert (rich.name, rich.messages) == ("clock", (("hello", (1, 2)), ("again", ())))
    assert rich.options == {"workflow.id": "x", "workflow.execution_timeout": "1m30s"}
    assert (plain.name, plain.messages, plain.options) == ("", (), {})
    assert rich.context == plain.context == {"tenant": "acme", "a": 1}


@pytest.mark.parametrize("call", ["with_message('@pid/events', 1)", "with_message('')", "with_name('')"])
def test_a_spawner_refuses_what_cannot_be(call: str) -> None:
    bench = Bench(f"""
        async def main():
            process.{call}
    """)
    assert bench.failure.kind == INVALID


def test_watching_linking_and_stopping_others() -> None:
    bench = Bench(
        """
        async def main():
            pid = "{a@b|1}"
            await process.monitor(pid)
            await process.unmonitor(pid)
            await process.link(pid)
            await process.unlink(pid)
            await process.cancel(pid, "enough")
            await process.terminate(pid)
    """,
        answers={"control": True},
    )
    assert [entry[2] for entry in bench.driver.asked] == [
        "monitor",
        "unmonitor",
        "link",
        "unlink",
        "cancel",
        "terminate",
    ]
    assert bench.value is None


def test_who_am_i_and_my_options() -> None:
    bench = Bench("""
        async def main():
            before = process.get_options()
            process.set_options(trap_links=True)
            try:
                process.set_options(trap_lynx=True)
            except Error as error:
                kind = error.kind
            return [process.pid(), process.id(), before, process.get_options(), kind, workflow.info()]
    """)
    pid = bench.driver.identity.pid
    before, after = {"trap_links": False, "upgradable": False}, {"trap_links": True, "upgradable": False}
    assert bench.value == [pid, "app:main", before, after, INVALID, None]


def test_a_durable_run_knows_itself() -> None:
    bench = Bench(
        """
        async def main():
            return workflow.info()
    """,
        identity={"durable": True, "workflow": {"workflow_id": "w", "run_id": "r"}},
        durable=True,
    )
    assert bench.value == {"workflow_id": "w", "run_id": "r"}


def test_names() -> None:
    bench = Bench("""
        async def main():
            await process.registry.register("me")
            await process.registry.register("other", "{a@b|9}")
            try:
                await process.registry.register("taken")
            except Error as error:
                kind = error.kind
            return [kind, await process.registry.lookup("x"), await process.registry.unregister("x")]
    """)
    bench.settle(1, value=True)
    bench.settle(2, value=True)
    bench.settle(3, failure=Error("name already registered", ALREADY_EXISTS).failure)
    bench.settle(4, "{a@b|1}")
    bench.settle(5, value=False)
    assert bench.value == [ALREADY_EXISTS, "{a@b|1}", False]
    assert [entry[2:] for entry in bench.driver.asked][:2] == [("register", "me"), ("register", "other")]


def test_io_and_upgrade_are_performed_by_the_host() -> None:
    bench = Bench("""
        async def fetch(url):
            return url

        async def main():
            answer = await process.io(fetch, "u")
            await process.upgrade("app:next", answer)
    """)
    _, _, operation, (function, url) = bench.driver.asked[0]
    assert (operation, function.__name__, url) == ("io", "fetch", "u")
    bench.settle(1, "body")
    assert bench.driver.asked[1] == ("perform", 2, "upgrade", ("app:next", "body"))
    assert bench.waits
