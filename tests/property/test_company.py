"""One of many calls kills its node whenever it is attempted: it is found, and no other is taken for it."""

from __future__ import annotations

from collections import Counter, deque

from hypothesis import given
from hypothesis import strategies as st

from hosts.workflow.company import Company

LIMIT = 10


def live(calls: list[int], deaths: Counter[int], died: int, guilty: int) -> int | None:
    """Attempt the calls in order, each to its end before the next gets its place; how many were under way at a death."""
    company: Company[int] = Company()
    if died:
        company.halve(died)
    waiting, going = deque(call for call in calls if deaths[call] < LIMIT), deque[int]()
    while waiting or going:
        while waiting and (deaths[waiting[0]] < 2 or company.admits(alone=deaths[waiting[0]] + 1 >= LIMIT)):
            call = waiting.popleft()
            if deaths[call] >= 2:
                company.enter(call, alone=deaths[call] + 1 >= LIMIT)
            going.append(call)
        if guilty in going:
            deaths.update(going)
            return len(going)
        ended = going.popleft()
        company.leave(ended)
        calls.remove(ended)
    return None


@given(st.integers(1, 250), st.data())
def test_the_guilty_call_is_found_and_no_other_is_counted_to_the_limit(count: int, data: st.DataObject) -> None:
    guilty = data.draw(st.integers(0, count - 1))
    calls, deaths, died = list(range(count)), Counter[int](), 0
    for _ in range(LIMIT):
        under_way = live(calls, deaths, died, guilty)
        assert under_way is not None, "it was not attempted"
        died = under_way
    assert deaths[guilty] == LIMIT
    assert all(deaths[call] < LIMIT for call in range(count) if call != guilty)
    assert live(calls, deaths, died, guilty) is None, "all others end"
    assert calls == [guilty]


@given(st.lists(st.integers(1, 250), min_size=1, max_size=9))
def test_whoever_is_under_way_when_a_node_is_killed_a_few_times_is_attempted_again(kills: list[int]) -> None:
    calls, deaths = list(range(250)), Counter[int]()
    for under_way in kills:
        deaths.update(calls[:under_way])
    assert live(calls, deaths, kills[-1], -1) is None
    assert not calls


def test_a_company_grows_with_each_that_ends() -> None:
    company: Company[int] = Company()
    company.halve(2)
    assert company.admits(alone=False)
    company.enter(1, alone=False)
    assert not company.admits(alone=False)
    company.leave(1)
    company.leave(1)
    company.enter(2, alone=False)
    assert company.admits(alone=False)
    assert not company.admits(alone=True)
    company.enter(3, alone=False)
    assert not company.admits(alone=False)
