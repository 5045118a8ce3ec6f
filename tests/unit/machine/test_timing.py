"""Sleep, timers, tickers and time-out scopes."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import INVALID, TIMEOUT
from actorflow.machine.op import Op
from actorflow.ports import Outcome
from tests.unit.machine.scripted import Bench, Interrupted


def test_sleep_arms_one_timer_and_ends_when_it_fires() -> None:
    def main() -> Any:
        yield (Op.SLEEP, 50)
        return "awake"

    bench = Bench(main)
    assert bench.driver.asked == [("timer", 1, 50)]
    assert bench.fire(1)
    assert bench.value == "awake"


@pytest.mark.parametrize("duration", [0, -1])
def test_sleeping_not_at_all_returns_at_once(duration: int) -> None:
    def main() -> Any:
        yield (Op.SLEEP, duration)
        return "done"

    assert Bench(main).value == "done"


def test_after_delivers_the_time_once() -> None:
    def main() -> Any:
        channel = yield (Op.AFTER, 50)
        return (yield (Op.RECEIVE, channel))

    bench = Bench(main)
    bench.driver.time = 1_050
    bench.fire(1)
    assert bench.value == (1_050, True)


@pytest.mark.parametrize("op", [Op.AFTER, Op.TIMER, Op.TICKER])
@pytest.mark.parametrize("duration", [0, -5])
def test_a_timer_needs_a_duration(op: Op, duration: int) -> None:
    def main() -> Any:
        yield (op, duration)

    assert Bench(main).failure.kind == INVALID


def test_a_stopped_timer_never_fires_and_says_whether_it_ran() -> None:
    def main() -> Any:
        timer = yield (Op.TIMER, 50)
        stops = [(yield (Op.TIMER_STOP, timer)), (yield (Op.TIMER_STOP, timer))]
        yield (Op.CALL, "app:f", (), {})
        return stops, (yield (Op.SELECT, [(timer.channel, False, None)], True))[0]

    bench = Bench(main)
    assert ("cancel", 1) in bench.driver.asked
    assert not bench.fire(1)
    bench.settle(2)
    assert bench.value == ([True, False], -1)


def test_reset_arms_anew() -> None:
    def main() -> Any:
        timer = yield (Op.TIMER, 50)
        was = yield (Op.TIMER_RESET, timer, 80)
        value = yield (Op.RECEIVE, timer.channel)
        again = yield (Op.TIMER_RESET, timer, 5)
        return was, value, again

    bench = Bench(main)
    assert bench.driver.asked == [("timer", 1, 50), ("cancel", 1), ("timer", 2, 80)]
    bench.fire(2)
    assert bench.value == (True, (1_000, True), False)


def test_a_ticker_keeps_its_phase_and_drops_ticks_nobody_takes() -> None:
    def main() -> Any:
        ticker = yield (Op.TICKER, 100)
        yield (Op.CALL, "app:f", (), {})
        yield (Op.TIMER_STOP, ticker)
        return len(ticker.channel.buffer)

    bench = Bench(main)
    for ref, at in ((1, 107), (3, 200), (4, 300)):  # the first fires 7 late: the next is armed for 93
        bench.driver.time = 1_000 + at
        bench.fire(ref)
    delays = [asked[2] for asked in bench.driver.asked if asked[0] == "timer"]
    assert delays == [100, 93, 100, 100]
    for ref in range(5, 40):
        bench.driver.time += 100
        bench.fire(ref)
    bench.settle(2)
    assert bench.value == 16


def test_a_ticker_survives_a_jump_of_the_clock() -> None:
    def main() -> Any:
        yield (Op.TICKER, 100)
        yield (Op.CALL, "app:f", (), {})

    bench = Bench(main)
    bench.driver.time = 10**18  # far ahead: no burst of ticks to catch up
    bench.fire(1)
    bench.fire(3)
    bench.driver.time = 0  # far back: still a tick per period
    bench.fire(4)
    delays = [asked[2] for asked in bench.driver.asked if asked[0] == "timer"]
    assert delays == [100, 1, 100, 100]


def test_a_timeout_interrupts_the_wait_inside_its_scope() -> None:
    def main() -> Any:
        scope = yield (Op.TIMEOUT_ENTER, 50)
        try:
            yield (Op.CALL, "app:f", (), {})
        except Interrupted as interrupted:
            return interrupted.failure.kind, (yield (Op.TIMEOUT_EXIT, scope))

    bench = Bench(main)
    bench.fire(1)
    assert bench.value == (TIMEOUT, True)
    assert ("cancel", 2) in bench.driver.asked


def test_a_scope_that_is_left_in_time_does_not_fire() -> None:
    def main() -> Any:
        scope = yield (Op.TIMEOUT_ENTER, 50)
        yield (Op.CALL, "app:f", (), {})
        fired = yield (Op.TIMEOUT_EXIT, scope)
        yield (Op.CALL, "app:g", (), {})
        return fired

    bench = Bench(main)
    bench.settle(2)
    assert not bench.fire(1)
    bench.settle(3)
    assert bench.value is False


def test_a_scope_without_time_interrupts_the_first_wait() -> None:
    def main() -> Any:
        scope = yield (Op.TIMEOUT_ENTER, 0)
        try:
            yield (Op.SLEEP, 5)
        except Interrupted:
            return (yield (Op.TIMEOUT_EXIT, scope))

    assert Bench(main).value is True


def test_a_timeout_of_a_task_that_is_ready_is_dropped_when_it_leaves_the_scope() -> None:
    def main() -> Any:
        scope = yield (Op.TIMEOUT_ENTER, 50)
        yield (Op.CALL, "app:f", (), {})
        fired = yield (Op.TIMEOUT_EXIT, scope)
        yield (Op.SLEEP, 5)
        return fired

    bench = Bench(main)
    bench.machine.settle(2, Outcome("answer"))
    bench.machine.fire(1)  # answer and time-out in the same turn: the answer counts, the scope says it fired
    bench.run()
    bench.fire(3)
    assert bench.value is True
