"""Pools against a model: a list of those who run and one of those who wait, whatever is called, ends and is given up."""

from __future__ import annotations

from typing import Final

import trio
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.function.test_pool import Bench

STEPS: Final = st.lists(st.tuples(st.sampled_from(["call", "call", "end", "give up"]), st.integers(0, 9)), max_size=60)


@given(STEPS, st.integers(1, 4))
def test_runs_and_lines_follow_the_model(steps: list[tuple[str, int]], size: int) -> None:
    trio.run(play, steps, size)


async def play(steps: list[tuple[str, int]], size: int) -> None:
    bench = Bench(type="static", size=size)
    begun: list[int] = []
    running: list[int] = []
    waiting: list[int] = []
    give_up = []
    for verb, choice in steps:
        if verb == "call":
            waiting.append(len(give_up))
            give_up.append(bench.call(len(give_up)))
        elif verb == "end" and running:
            ended = running.pop(choice % len(running))
            bench.end(ended)
        elif verb == "give up" and waiting:
            give_up[waiting.pop(choice % len(waiting))]()
        while waiting and len(running) < size:
            begun.append(waiting[0])
            running.append(waiting.pop(0))
        assert bench.order() == begun
        assert (bench.pool.busy, bench.pool.waiting) == (len(running), len(waiting))
        assert len({worker for worker, number, _ in bench.runs if number in running}) == len(running)
        assert len(bench.states) <= size
