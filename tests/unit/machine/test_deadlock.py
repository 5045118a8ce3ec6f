"""Deadlock: no task can ever go on, and nothing from outside can change that."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import INTERNAL
from actorflow.machine.op import Op
from tests.unit.machine.scripted import Bench

NOTHING = (Op.SELECT, [], False)


def alone() -> Any:
    yield NOTHING


def each_other() -> Any:
    tasks = []

    def one() -> Any:
        yield (Op.YIELD,)
        yield (Op.JOIN, tasks[1])

    def other() -> Any:
        yield (Op.JOIN, tasks[0])

    tasks.append((yield (Op.SPAWN_TASK, one, True)))
    tasks.append((yield (Op.SPAWN_TASK, other, True)))
    yield (Op.JOIN, tasks[0])


def after_the_last_helper() -> Any:
    def helper() -> Any:
        yield (Op.YIELD,)

    yield (Op.SPAWN_TASK, helper)
    yield NOTHING


def after_the_timer() -> Any:
    def helper() -> Any:
        yield (Op.SLEEP, 5)

    yield (Op.SPAWN_TASK, helper)
    yield NOTHING


@pytest.mark.parametrize("script", [alone, each_other, after_the_last_helper])
def test_a_process_none_of_whose_tasks_can_go_on_ends(script: Any) -> None:
    failure = Bench(script).failure
    assert failure.kind == INTERNAL
    assert failure.retryable is False
    assert failure.message.startswith("deadlock: no task can go on: ")


def test_it_is_noticed_when_the_last_task_that_could_go_on_ends() -> None:
    bench = Bench(after_the_timer)
    assert bench.machine.outcome is None
    bench.fire(1)
    assert bench.failure.message.startswith("deadlock")


def with_a_subscription() -> Any:
    yield (Op.INBOX,)
    yield NOTHING


def with_a_timer() -> Any:
    yield (Op.AFTER, 5)
    yield NOTHING


def on_a_channel() -> Any:
    channel = yield (Op.CHANNEL, 0)
    yield (Op.RECEIVE, channel)


def one_on_a_channel() -> Any:
    channel = yield (Op.CHANNEL, 0)

    def helper() -> Any:
        yield (Op.RECEIVE, channel)

    yield (Op.SPAWN_TASK, helper)
    yield NOTHING


@pytest.mark.parametrize("script", [with_a_subscription, with_a_timer, on_a_channel, one_on_a_channel])
def test_who_may_still_hear_of_something_or_waits_on_a_channel_is_idle(script: Any) -> None:
    assert Bench(script).machine.outcome is None
