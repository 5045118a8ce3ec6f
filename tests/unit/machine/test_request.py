"""Requests to the driver: calls, futures, processes, names, notes."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import CANCELED, INVALID, NOT_FOUND, Error, Failure
from actorflow.machine.op import Op
from actorflow.ports import SpawnRequest
from tests.unit.machine.scripted import Bench

REQUEST = SpawnRequest("app:child", "app:p")


def test_a_call_waits_for_its_answer() -> None:
    def main() -> Any:
        return (yield (Op.CALL, "app:f", (1,), {}))

    bench = Bench(main)
    assert bench.driver.asked == [("call", 1, "app:f", (1,))]
    bench.settle(1, "answer")
    assert bench.value == "answer"


def test_a_failed_call_raises_its_failure() -> None:
    def main() -> Any:
        yield (Op.CALL, "app:f", (), {})

    bench = Bench(main)
    bench.settle(1, failure=Failure("no", NOT_FOUND, retryable=False))
    assert bench.failure == Failure("no", NOT_FOUND, retryable=False)


def test_requests_are_numbered_in_the_order_asked() -> None:
    def main() -> Any:
        one = yield (Op.ASYNC, "app:f", (), {})
        yield (Op.AFTER, 5)
        two = yield (Op.ASYNC, "app:g", (), {})
        return one.ref, two.ref

    assert Bench(main).value == (1, 3)


def test_a_future_delivers_once_and_closes() -> None:
    def main() -> Any:
        future = yield (Op.ASYNC, "app:f", (), {})
        before = yield (Op.FUTURE_STATE, future)
        first = yield (Op.RECEIVE, future.channel)
        second = yield (Op.RECEIVE, future.channel)
        return before, first, second, (yield (Op.FUTURE_STATE, future)), (yield (Op.FUTURE_CANCEL, future))

    bench = Bench(main)
    bench.settle(1, 5)
    assert bench.value == (("pending", None), (5, True), (None, False), ("done", 5), False)


def test_a_failed_future_delivers_the_failure_itself() -> None:
    failure = Failure("no", NOT_FOUND)

    def main() -> Any:
        future = yield (Op.ASYNC, "app:f", (), {})
        item = yield (Op.RECEIVE, future.channel)
        return item, (yield (Op.FUTURE_STATE, future))

    bench = Bench(main)
    bench.settle(1, failure=failure)
    assert bench.value == ((failure, True), ("failed", failure))


def test_a_cancelled_future_closes_its_channel_and_ignores_the_answer() -> None:
    def main() -> Any:
        future = yield (Op.ASYNC, "app:f", (), {})
        cancelled = yield (Op.FUTURE_CANCEL, future)
        item = yield (Op.RECEIVE, future.channel)
        state, failure = yield (Op.FUTURE_STATE, future)
        return cancelled, item, state, failure.kind

    bench = Bench(main)
    assert ("cancel", 1) in bench.driver.asked
    assert not bench.settle(1, 5)
    assert bench.value == (True, (None, False), "canceled", CANCELED)


def test_answers_at_once_need_no_wait() -> None:
    def main() -> Any:
        future = yield (Op.ASYNC, "app:f", (), {})
        return (
            (yield (Op.SPAWN, REQUEST)),
            (yield (Op.EXEC, REQUEST)),
            (yield (Op.SEND_MESSAGE, "name", "t", ())),
            (yield (Op.RECEIVE, future.channel))[0],
        )

    bench = Bench(main, answers={"spawn": "pid", "send": True, "call": 7})
    assert bench.value == ("pid", "pid", True, 7)


@pytest.mark.parametrize(
    ("op", "verb"),
    [
        ((Op.SPAWN, REQUEST), "spawn"),
        ((Op.SEND_MESSAGE, "x", "t", ()), "send"),
        ((Op.CONTROL, "monitor", "x", None), "control"),
        ((Op.NAME, "lookup", "x", ""), "name"),
        ((Op.PERFORM, "io", ()), "perform"),
        ((Op.CALL, "x", (), {}), "call"),
    ],
)
def test_what_the_driver_refuses_is_raised_in_the_script(op: Any, verb: str) -> None:
    def main() -> Any:
        try:
            yield op
        except Error as error:
            return error.kind

    assert Bench(main, answers={verb: Error("no", NOT_FOUND)}).value == NOT_FOUND


def test_a_future_brings_what_the_driver_refuses_unless_it_makes_no_sense() -> None:
    def main() -> Any:
        try:
            future = yield (Op.ASYNC, "x", (), {})
        except Error as error:
            return [error.kind, "at once"]
        item, ok = yield (Op.RECEIVE, future.channel)
        state, failure = yield (Op.FUTURE_STATE, future)
        return [item.kind, ok, state, failure.kind]

    assert Bench(main, answers={"call": Error("no", NOT_FOUND)}).value == [NOT_FOUND, True, "failed", NOT_FOUND]
    assert Bench(main, answers={"call": Error("no", INVALID)}).value == [INVALID, "at once"]


def test_an_empty_name_is_invalid() -> None:
    def main() -> Any:
        yield (Op.NAME, "register", "", "")

    assert Bench(main).failure.kind == INVALID


def test_notes_draws_time_and_identity_come_from_the_driver() -> None:
    def main() -> Any:
        yield (Op.NOTE, "info", "hello", {})
        return (yield (Op.NOW,)), (yield (Op.DRAW, "uuid4", 4)), (yield (Op.IDENTITY,)).entry

    bench = Bench(main)
    assert bench.value == (1_000, b"rrrr", "app:main")
    assert bench.driver.asked == [("note", "info", "hello")]
