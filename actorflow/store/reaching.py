"""Waiting until a run is in a state, or find that it was: the record first, then whatever is committed next.

It reads the store, so that any node and any command can wait for any run. Between two looks it waits a little, longer
the longer nothing happens: a state is seen at most `MOST_SECONDS` after its commit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import trio

from actorflow.errors import CONFLICT, Error, invalid
from actorflow.node.suggest import did_you_mean
from actorflow.run import state as states
from actorflow.store import view
from actorflow.store.port import Reader

FIRST_SECONDS: Final = 0.01
MOST_SECONDS: Final = 0.25
Ask: TypeAlias = Callable[[str, Callable[[Reader], Any]], Awaitable[Any]]
"""Asks the store that holds the run of a reference."""
_BEGUN: Final = frozenset({states.RUNNING, states.WAITING})
_NOT_BEGUN: Final = frozenset({states.CREATED, states.PENDING})


async def reached(ask: Ask, reference: str, until: str) -> dict[str, Any]:
    """Wait until a run is, or was, in the state `until`, and return it as `run show` does; waits for ever otherwise.

    A run that continued as another one is followed. A run that is paused may go on, so it is waited for.

    Raises:
        Error: kind Invalid for a state that does not exist, NotFound for a run that does not, Conflict when the run has
            ended without having been in that state.
    """
    if until not in states.TRANSITIONS:
        known = ", ".join(states.TRANSITIONS)
        raise invalid(f"until: got {until!r}{did_you_mean(until, states.TRANSITIONS)}; expected one of {known}")
    wait = FIRST_SECONDS
    while True:
        shown = await ask(reference, _look(reference))
        reference = shown["run_id"]  # the one that was meant at first: its chain is followed from there
        if _was(shown, until):
            return dict(shown)
        if shown["state"] in states.TERMINAL:
            if not shown["continued_as"]:
                raise _elsewhere(shown, until)
            reference = shown["continued_as"]
            continue
        await trio.sleep(wait)
        wait = min(wait * 2, MOST_SECONDS)


def _look(reference: str) -> Callable[[Reader], dict[str, Any]]:
    return lambda reader: view.show(reader, reference)


def _was(shown: dict[str, Any], until: str) -> bool:
    past = {change["state"] for change in shown["states"]}
    if until in _BEGUN and until != shown["state"]:
        return shown["state"] not in _NOT_BEGUN and shown["events"] > 1 and until == states.RUNNING
    return until == shown["state"] or until in past


def _elsewhere(shown: dict[str, Any], until: str) -> Error:
    text = f"run {shown['workflow_id']!r} has ended {shown['state']}: it never was {until}"
    return Error(text, CONFLICT, retryable=False, details={"state": shown["state"], "run_id": shown["run_id"]})
