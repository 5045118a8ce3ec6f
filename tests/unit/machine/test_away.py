"""A task that computes in another thread: nothing of its process runs until it is back, and no fact is lost."""

from __future__ import annotations

from typing import Any

from actorflow.errors import CANCELED, Failure
from actorflow.machine.op import Op
from actorflow.message import Message
from actorflow.ports import Mode, Outcome
from tests.unit.machine.scripted import Bench


def computing() -> Any:
    """Open the inbox, let a helper wait on it, and compute."""
    heard = []
    inbox = yield (Op.INBOX,)

    def helper() -> Any:
        while True:
            message, _ = yield (Op.RECEIVE, inbox)
            heard.append(message.value)

    yield (Op.SPAWN_TASK, helper)
    yield (Op.AWAY,)
    yield (Op.SLEEP, 1)
    yield (Op.RETURN, heard)


def message(number: int) -> Message:
    return Message("numbers", "", (number,))


def test_nothing_runs_while_a_task_is_away_and_everything_is_there_when_it_is_back() -> None:
    bench = Bench(computing)
    machine = bench.machine
    for number in (1, 2):
        machine.deliver(message(number))
    assert machine.ready
    assert machine.run(64) is False
    assert machine.waits()[0].endswith("computing in another thread")
    machine.back()
    machine.run(-1)
    bench.fire(1)
    assert bench.value == [1, 2]


def interrupted() -> Any:
    yield (Op.AWAY,)
    try:
        yield (Op.SLEEP, 1)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the result
        yield (Op.RETURN, str(error))


def test_a_cancellation_of_one_that_is_away_interrupts_its_next_wait() -> None:
    bench = Bench(interrupted)
    bench.machine.cancel("", "enough")
    assert bench.machine.run(64) is False
    bench.machine.back()
    bench.machine.run(-1)
    assert "enough" in bench.value


def test_one_that_ended_meanwhile_comes_back_to_nothing() -> None:
    bench = Bench(computing)
    bench.machine.end(Outcome(failure=Failure("terminated", CANCELED)))
    bench.machine.back()
    assert not bench.machine.ready
    assert bench.machine.run(64) is False
    assert Mode.VALUE == 0
