"""Time as scripts see it."""

from __future__ import annotations

import pytest

from actorflow.duration import SECOND
from actorflow.errors import INVALID
from tests.unit.script.bench import Bench


@pytest.mark.parametrize("duration", ["1.5", "'1500ms'", "timedelta(seconds=1.5)", "'1.5 seconds'"])
def test_a_duration_is_seconds_a_timedelta_or_text(duration: str) -> None:
    bench = Bench(f"""
        from datetime import timedelta

        async def main():
            await time.sleep({duration})
            return "slept"
    """)
    assert bench.driver.asked == [("timer", 1, SECOND * 3 // 2)]
    bench.fire(1)
    assert bench.value == "slept"


def test_a_bad_duration_is_refused_at_the_scripts_line() -> None:
    bench = Bench("""
        async def main():
            await time.sleep("soon")
    """)
    assert bench.failure.kind == INVALID
    assert "got 'soon'" in bench.failure.message
    assert bench.failure.stack == "main.py:5: in main"


def test_sleeping_for_nothing_does_not_wait() -> None:
    bench = Bench("""
        async def main():
            await time.sleep(0)
            await time.sleep(-1)
    """)
    assert bench.value is None


def test_now_is_the_machines_time_in_utc() -> None:
    bench = Bench("""
        async def main():
            await time.sleep(1)
            return [time.now().isoformat(), time.now_ns()]
    """)
    bench.driver.time = 1_700_000_000_123_456_789
    bench.fire(1)
    assert bench.value == ["2023-11-14T22:13:20.123456+00:00", 1_700_000_000_123_456_789]


def test_after_gives_the_time_once_and_refuses_what_never_comes() -> None:
    bench = Bench("""
        async def main():
            moment = await time.after("2s").receive()
            try:
                time.after(0)
            except Error as error:
                return [moment.second, error.kind]
    """)
    bench.driver.time = 7 * SECOND
    bench.fire(1)
    assert bench.value == [7, INVALID]


def test_a_timer_is_stopped_and_reset() -> None:
    bench = Bench("""
        async def main():
            timer = time.timer(10)
            told = [timer.stop(), timer.stop(), timer.reset(1), timer.response() is timer.channel]
            await timer.channel.receive()
            return told
    """)
    assert [entry[0] for entry in bench.driver.asked] == ["timer", "cancel", "timer"]
    bench.fire(2)
    assert bench.value == [True, False, False, True]


def test_a_ticker_ticks_until_it_is_stopped() -> None:
    bench = Bench("""
        async def main():
            ticker, count = time.ticker(1), 0
            async for _ in ticker:
                count += 1
                if count == 3:
                    ticker.stop()
                    return count
    """)
    for ref in (1, 2, 3):
        assert bench.fire(ref)
    assert bench.value == 3
