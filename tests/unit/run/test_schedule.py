"""Which slots of a schedule are due: on time, late, jittered, after any time away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.duration import DAY, HOUR, MINUTE, SECOND
from actorflow.run.schedule import ALL, BATCH, GRACE, NONE, ONCE, After, Slots


def every(interval: int) -> After:
    return lambda at: (at // interval + 1) * interval


HOURLY = every(HOUR)
T0 = 1_000 * DAY


def test_a_slot_is_due_once() -> None:
    assert Slots(HOURLY).due(T0, T0 + HOUR - 1, ONCE).slots == []
    due = Slots(HOURLY).due(T0, T0 + HOUR, ONCE)
    assert due == ([T0 + HOUR], T0 + HOUR)
    assert Slots(HOURLY).due(due.until, T0 + HOUR + SECOND, ONCE).slots == []


@pytest.mark.parametrize(
    ("policy", "slots"),
    [(NONE, []), (ONCE, [T0 + 5 * HOUR]), (ALL, [T0 + number * HOUR for number in range(1, 6)])],
)
def test_what_was_missed(policy: str, slots: list[int]) -> None:
    due = Slots(HOURLY).due(T0, T0 + 5 * HOUR + MINUTE, policy)
    assert due.slots == slots
    assert Slots(HOURLY).due(due.until, T0 + 5 * HOUR + MINUTE, policy).slots == []


@pytest.mark.parametrize("policy", [NONE, ONCE, ALL])
def test_what_is_missed_does_not_keep_the_present_away(policy: str) -> None:
    due = Slots(HOURLY).due(T0, T0 + 5 * HOUR + GRACE - 1, policy)
    assert due.slots[-1] == T0 + 5 * HOUR
    assert len(due.slots) == {NONE: 1, ONCE: 2, ALL: 5}[policy]


def test_a_year_of_seconds_is_caught_up_in_batches() -> None:
    seconds = every(SECOND)
    now = T0 + 365 * DAY
    assert Slots(seconds).due(T0, now, ONCE).slots[0] == now - GRACE
    first = Slots(seconds).due(T0, now, ALL)
    assert first.slots == [T0 + number * SECOND for number in range(1, BATCH + 1)]
    assert Slots(seconds).due(first.until, now, ALL).slots[0] == first.until + SECOND


def test_nothing_follows() -> None:
    def never(_at: int) -> None:
        return None

    assert Slots(never).due(T0, T0 + DAY, ONCE) == ([], T0 + DAY - GRACE)
    assert Slots(never).next_start(T0) is None


def test_jitter_is_the_same_for_the_same_slot() -> None:
    slots = Slots(HOURLY, MINUTE, "app:nightly")
    delays = {slots.delay(T0 + number * HOUR) for number in range(50)}
    assert len(delays) > 40
    assert all(0 <= delay < MINUTE for delay in delays)
    assert slots.next_start(T0) == T0 + HOUR + slots.delay(T0 + HOUR)
    assert slots._replace(key="app:weekly").delay(T0) != slots.delay(T0)


@given(
    st.sampled_from([SECOND, 7 * MINUTE, HOUR]),
    st.sampled_from([NONE, ONCE, ALL]),
    st.lists(st.integers(0, 3 * HOUR), min_size=1, max_size=8),
    st.sampled_from([0, 20 * SECOND]),
)
def test_no_slot_twice_and_none_on_time_left_out(interval: int, policy: str, steps: list[int], jitter: int) -> None:
    after, last, now = every(interval), T0, T0
    started: list[int] = []
    for step in steps:
        now += step
        due = Slots(after, jitter, "k").due(last, now, policy)
        started += due.slots
        assert due.until >= last
        last = due.until
        ripe = [slot for slot in range(now - now % interval, now - GRACE, -interval) if slot + jitter <= now]
        missing = set(ripe) - set(started)
        assert not {slot for slot in missing if slot > T0} or len(due.slots) == BATCH
    assert started == sorted(set(started))
