"""Pools: how many runs at a time, who waits, what is kept, and what a new pool takes over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio

from actorflow.errors import RESOURCE, UNAVAILABLE, Error
from actorflow.ports import CallRequest, Outcome
from actorflow.registry.kinds.function import Pool as PoolField
from hosts.function.pool import IDLE, Pools, Sizes, Worker

FUNCTION = "app:f"


class State:
    """What a worker keeps."""

    def __init__(self) -> None:
        self.dismissed = False

    def dismiss(self) -> None:
        self.dismissed = True


class Bench:
    """A pool whose runs end when the test says so."""

    def __init__(self, **pool: Any) -> None:
        self.pools = Pools()
        self.runs: list[tuple[Worker, int, Callable[[bool], None]]] = []
        self.states: list[State] = []
        self.given_up: list[int] = []
        self.outcomes: list[Outcome] = []
        self.fault: Error | None = None
        self.config = {"pool": pool}
        self.pool = self.pools.renew(FUNCTION, "code", self.config, self.make, self.begin)

    def make(self) -> State:
        self.states.append(State())
        return self.states[-1]

    def begin(
        self, worker: Worker, request: CallRequest, _reply: Callable[[Outcome], None], free: Callable[[bool], None]
    ) -> Callable[[], None]:
        if self.fault is not None:
            raise self.fault
        number = request.args[0]
        self.runs.append((worker, number, free))
        return lambda: self.given_up.append(number)

    def call(self, number: int, **named: Any) -> Callable[[], None]:
        return self.pool.call(CallRequest(FUNCTION, (number,)), self.outcomes.append, **named)

    def end(self, number: int, *, usable: bool = True) -> None:
        next(free for _, run, free in self.runs if run == number)(usable)

    def order(self) -> list[int]:
        return [number for _, number, _ in self.runs]

    def numbers(self) -> list[int]:
        return [worker.number for worker, _, _ in self.runs]


async def test_no_more_run_than_the_pool_allows_and_the_rest_waits_in_line() -> None:
    bench = Bench(type="static", size=2)
    for number in range(5):
        bench.call(number)
    assert bench.order() == [0, 1]
    assert (bench.pool.busy, bench.pool.waiting) == (2, 3)
    bench.end(1)
    bench.end(0)
    assert bench.order() == [0, 1, 2, 3]
    assert bench.numbers() == [1, 2, 2, 1]
    assert len(bench.states) == 2


async def test_a_run_is_over_once() -> None:
    bench = Bench(type="static", size=1)
    bench.call(1)
    bench.end(1)
    bench.end(1)
    assert bench.pool.busy == 0


async def test_a_worker_that_was_ended_for_what_it_used_is_not_used_again() -> None:
    bench = Bench(size=1)
    bench.call(1)
    bench.end(1, usable=False)
    bench.call(2)
    assert [state.dismissed for state in bench.states] == [True, False]
    assert bench.numbers() == [1, 1]


async def test_inline_has_no_limit_and_keeps_nothing() -> None:
    bench = Bench(type="inline")
    for number in range(40):
        bench.call(number)
    assert len(bench.runs) == 40
    bench.end(0)
    assert bench.states[0].dismissed


async def test_a_full_line_is_unavailable() -> None:
    bench = Bench(type="static", size=1, buffer=1)
    bench.call(1)
    bench.call(2)
    with pytest.raises(Error, match="app:f is busy: 1 calls run and 1 wait") as caught:
        bench.call(3)
    assert caught.value.kind == UNAVAILABLE


async def test_a_nested_call_does_not_wait() -> None:
    bench = Bench(type="static", size=1)
    bench.call(1)
    bench.call(2, is_nested=lambda request: request.args == (2,))
    bench.call(3, is_nested=lambda request: request.args == (2,))
    assert bench.order() == [1, 2]


async def test_who_gives_up_in_the_line_is_not_called_and_later_the_run_is_given_up() -> None:
    bench = Bench(type="static", size=1)
    bench.call(1)
    second, third = bench.call(2), bench.call(3)
    second()
    bench.end(1)
    assert bench.order() == [1, 3]
    third()
    assert bench.given_up == [3]


async def test_a_run_that_cannot_begin_leaves_its_place_to_the_next() -> None:
    bench = Bench(type="static", size=1)
    bench.call(1)
    bench.call(2)
    bench.fault = Error("no memory", RESOURCE)
    bench.end(1)
    assert [outcome.failure.kind for outcome in bench.outcomes if outcome.failure] == [RESOURCE]
    assert bench.pool.busy == 0


@pytest.mark.mock_clock
async def test_idle_workers_go_after_a_while_unless_the_pool_is_static() -> None:
    lazy, static = Bench(), Bench(type="static")
    for bench in (lazy, static):
        bench.call(1)
        bench.end(1)
        await trio.sleep(IDLE + 1)
        bench.pools.find(FUNCTION, "code", bench.config)
    assert lazy.states[0].dismissed
    assert not static.states[0].dismissed


async def test_new_code_gets_a_new_pool_that_serves_those_who_wait() -> None:
    bench = Bench(type="static", size=1)
    bench.call(1)
    bench.call(2)
    assert bench.pools.find(FUNCTION, "new code", bench.config) is None
    bench.pool = bench.pools.renew(FUNCTION, "new code", bench.config, bench.make, bench.begin)
    assert bench.order() == [1, 2]
    bench.end(1)
    assert [state.dismissed for state in bench.states] == [True, False]
    assert bench.pools.find(FUNCTION, "new code", bench.config) is bench.pool


async def test_closing_refuses_who_waits() -> None:
    bench = Bench(type="static", size=1)
    bench.call(1)
    bench.call(2)
    bench.pools.close()
    assert [outcome.failure.message for outcome in bench.outcomes if outcome.failure] == ["context canceled"]
    assert len(bench.pools) == 0


@pytest.mark.parametrize(
    ("written", "runs", "waiting"),
    [
        ({}, 16, None),
        ({"type": "lazy", "max_size": 3}, 3, None),
        ({"type": "adaptive", "size": 2, "max_size": 5}, 5, None),
        ({"type": "static"}, 8, 512),
        ({"type": "static", "workers": 2, "size": 4}, 2, 128),
        ({"type": "static", "size": 4, "buffer": 0}, 4, 0),
        ({"type": "inline", "size": 4}, None, None),
    ],
)
def test_the_sizes_of_a_pool(written: dict[str, Any], runs: int | None, waiting: int | None) -> None:
    for pool in (written, PoolField(**written)):
        assert Sizes.of(pool)[:2] == (runs, waiting)
