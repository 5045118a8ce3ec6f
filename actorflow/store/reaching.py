"""Waiting until a run is in a state, or find that it was: the record first, then whatever is committed next.

It reads the store, so that any node and any command can wait for any run. A run of this node is looked at again when it
has moved. For a run of another one it waits a little between two looks, longer the longer nothing happens: a
state is seen at most `MOST_SECONDS` after its commit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import trio

from actorflow.errors import CONFLICT, Error, invalid
from actorflow.node.suggest import did_you_mean
from actorflow.run import state as states
from actorflow.store import view
from actorflow.store.moving import Moves
from actorflow.store.port import Reader

FIRST_SECONDS: Final = 0.01
MOST_SECONDS: Final = 0.25
Ask: TypeAlias = Callable[[str, Callable[[Reader], Any]], Awaitable[Any]]
"""Asks the store that holds the run of a reference."""
RARELY_SECONDS: Final = 1.0
"""After so long a run of this node is looked at all the same: where nodes share a server, another may have moved it."""
_RUN: Final = "run"
Watched: TypeAlias = Callable[[str], Moves | None]
"""Returns what tells of the runs of a host, None when that is not served here."""
_FLIPS: Final = frozenset({states.CREATED, states.PENDING, states.RUNNING, states.WAITING})
"""States that runs are in without a word in their history."""
_BEGUN: Final = frozenset({states.RUNNING, states.WAITING})
_NOT_BEGUN: Final = frozenset({states.CREATED, states.PENDING})


def unwatched(_host: str) -> None:
    """Know of no host."""


async def reached(ask: Ask, reference: str, until: str, watched: Watched = unwatched) -> dict[str, Any]:
    """Wait until a run is, or was, in the state `until`, and return it as `run show` does; waits for ever otherwise.

    A run that continued as another one is followed. A run that is paused may go on, so it is waited for.

    Raises:
        Error: kind Invalid for a state that does not exist, NotFound for a run that does not, Conflict when the run has
            ended without having been in that state.
    """
    if until not in states.TRANSITIONS:
        known = ", ".join(states.TRANSITIONS)
        raise invalid(f"until: got {until!r}{did_you_mean(until, states.TRANSITIONS)}; expected one of {known}")
    while True:
        shown = await _followed(ask, reference, until, watched)
        if _was(shown, until):
            return {name: value for name, value in shown.items() if name != _RUN}
        if not shown["continued_as"]:
            raise _elsewhere(shown, until)
        reference = shown["continued_as"]


async def _followed(ask: Ask, reference: str, until: str, watched: Watched) -> dict[str, Any]:
    """Return a run when it is or was in a state, or has ended."""
    wait = FIRST_SECONDS
    shown: dict[str, Any] = await ask(reference, _look(reference))
    look = _look(shown["run_id"])  # the one that was meant at first: its chain is followed from there
    while not _over(shown, until):
        moves = watched(shown["host"])
        if moves is None:
            await trio.sleep(wait)
            wait = min(wait * 2, MOST_SECONDS)
            shown = await ask(shown["run_id"], look)
            continue
        with moves.watching(shown[_RUN], every=until in _FLIPS) as watch:
            shown = await ask(shown["run_id"], look)  # what happened before it was watched
            while not _over(shown, until) and watched(shown["host"]) is moves:
                with trio.move_on_after(RARELY_SECONDS):
                    await watch.wait()
                shown = await ask(shown["run_id"], look)
    return shown


def _over(shown: dict[str, Any], until: str) -> bool:
    return _was(shown, until) or shown["state"] in states.TERMINAL


def _look(reference: str) -> Callable[[Reader], dict[str, Any]]:
    return lambda reader: {_RUN: view.find(reader, reference).run, **view.show(reader, reference)}


def _was(shown: dict[str, Any], until: str) -> bool:
    past = {change["state"] for change in shown["states"]}
    if until in _BEGUN and until != shown["state"]:
        return shown["state"] not in _NOT_BEGUN and shown["events"] > 1 and until == states.RUNNING
    return until == shown["state"] or until in past


def _elsewhere(shown: dict[str, Any], until: str) -> Error:
    text = f"run {shown['workflow_id']!r} has ended {shown['state']}: it never was {until}"
    return Error(text, CONFLICT, retryable=False, details={"state": shown["state"], "run_id": shown["run_id"]})
