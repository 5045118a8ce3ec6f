"""Channels and select as scripts use them."""

from __future__ import annotations

from actorflow.errors import INVALID
from tests.unit.script.bench import Bench


def test_items_come_in_order_through_a_buffer() -> None:
    bench = Bench("""
        async def main():
            ch = channel.new(3)
            for item in (1, None, "three"):
                await ch.send(item)
            ch.close()
            return [item async for item in ch]
    """)
    assert bench.value == [1, None, "three"]


def test_a_rendezvous_needs_a_receiver() -> None:
    bench = Bench("""
        async def produce(ch):
            for number in range(3):
                await ch.send(number)
            ch.close()

        async def main():
            ch = channel.new()
            await process.start(produce, ch)
            return [item async for item in ch]
    """)
    assert bench.value == [0, 1, 2]


def test_receive_from_a_closed_channel_raises_and_close_is_idempotent() -> None:
    bench = Bench("""
        async def main():
            ch = channel.new()
            ch.close()
            ch.close()
            try:
                await ch.receive()
            except channel.Closed as error:
                return [error.kind, ch.closed]
    """)
    assert bench.value == ["Canceled", True]


def test_send_on_a_closed_channel_is_refused() -> None:
    bench = Bench("""
        async def main():
            ch = channel.new(1)
            ch.close()
            await ch.send(1)
    """)
    assert bench.failure.kind == INVALID
    assert "main.py:7: in main" in bench.failure.stack


def test_select_takes_the_first_ready_case_and_gives_back_the_scripts_own_channel() -> None:
    bench = Bench("""
        async def main():
            one, two = channel.new(1), channel.new(1)
            await two.send("b")
            await one.send("a")
            first = await channel.select(one, two.case_receive())
            second = await channel.select([one][0], two)
            return [first.channel is one, first.value, first.ok, second.index, second.value]
    """)
    assert bench.value == [True, "a", True, 1, "b"]


def test_select_sends_falls_through_to_the_default_and_sees_a_close() -> None:
    bench = Bench("""
        async def main():
            full, out = channel.new(), channel.new(1)
            nothing = await channel.select(full, default=True)
            sent = await channel.select(full, out.case_send(7))
            full.close()
            closed = await channel.select(full)
            return [nothing.index, nothing.channel, sent.index, await out.receive(), closed.ok, closed.value]
    """)
    assert bench.value == [-1, None, 1, 7, False, None]


def test_select_takes_timers_and_futures_for_their_channels() -> None:
    bench = Bench("""
        async def main():
            future, timer = funcs.async_("app:f"), time.timer(5)
            chosen = await channel.select(timer, future)
            return [chosen.index, chosen.value, chosen.channel is future.response()]
    """)
    bench.settle(1, "answer")
    assert bench.value == [1, "answer", True]


def test_select_refuses_what_is_no_case() -> None:
    bench = Bench("""
        async def main():
            await channel.select("inbox")
    """)
    assert bench.failure.kind == INVALID
    assert "got 'inbox', expected a channel, a timer, a future" in bench.failure.message


def test_outside_of_a_process_the_error_says_where_the_call_belongs() -> None:
    bench = Bench("""
        async def main():
            return repr(channel.new(2)) + repr(process.listen("news"))
    """)
    assert bench.value == "Channel(size=2)Channel(topic='news')"
