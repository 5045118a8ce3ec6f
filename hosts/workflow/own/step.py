"""Inline steps: what a closure of the script gave is recorded, and the closure not entered again if it asked nothing.

A step that asked for anything (a call, a sleep, a channel, randomness …) is a `StepStarted` and a `StepCompleted`
around the records of what it asked; a replay enters its closure again, and the journal answers. One that asked for
nothing is a `StepCompleted` alone; a replay takes its result from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import decode
from actorflow.errors import Error
from actorflow.run import event as events
from actorflow.value import copy_value

if TYPE_CHECKING:
    from hosts.workflow.driver import JournalDriver

_RETURNED: Final = 1
"""How a closure ended: 0 with a value, 1 with an error that it returned, 2 with one that it raised."""


def begin(driver: JournalDriver, ref: int, args: tuple[Any, ...]) -> list[Any]:
    """Begin attempt number `attempt` of a step.

    Returns its number, whether its result is recorded and the closure must not be entered, and how much of the run's
    randomness has been drawn.
    """
    name, attempt = args
    recorded = driver.next_recorded()
    if recorded is not None and (recorded.kind, recorded.ref, recorded.target) == (events.STEP_COMPLETED, ref, name):
        return [ref, True, 0]
    driver.mark(events.STEP_STARTED, ref, name, {"attempt": attempt})
    return [ref, False, driver.draws]


def end(driver: JournalDriver, _ref: int, args: tuple[Any, ...]) -> list[Any]:
    """End a step; returns how it ended, with what, and how many objects its closure made.

    The arguments are its number, and unless the result is recorded: its name, the attempt, what `begin` said of the
    randomness or -1 if the closure has asked for something, how many objects it made, how it ended, and with what.
    """
    step = args[0]
    if len(args) == 1:
        return _recorded(driver, step)
    name, attempt, drawn, made, how, value = args[1:]
    plain = drawn == driver.draws and driver.unmark(events.STEP_STARTED, step)
    payload: dict[str, Any] = {"attempt": attempt, "how": how, "value": value}
    if plain and made:
        payload["objects"] = made
    try:
        payload["value"] = copy_value(value)  # what a replay will find there
        driver.mark(events.STEP_COMPLETED, step, name, payload)
    except Error as error:  # it may not leave the process: that is the step's result, then
        payload["how"], payload["value"] = _RETURNED, error.failure
        driver.mark(events.STEP_COMPLETED, step, name, payload)
    return [payload["how"], payload["value"], 0]


def _recorded(driver: JournalDriver, step: int) -> list[Any]:
    recorded = driver.next_recorded()
    payload = {} if recorded is None else decode(recorded.payload)
    driver.mark(events.STEP_COMPLETED, step, "" if recorded is None else recorded.target, payload)
    return [payload["how"], payload["value"], payload.get("objects", 0)]
