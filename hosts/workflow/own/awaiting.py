"""Waiting for another run: for a state that it is in, or was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import invalid
from actorflow.node.suggest import did_you_mean
from actorflow.run import event as events
from actorflow.run import state as states

if TYPE_CHECKING:
    from actorflow.ports import Answer
    from hosts.workflow.driver import JournalDriver

_STATES: Final = frozenset({states.CREATED, states.PAUSED, *states.ENDED})
"""What the state history has; flips between running and waiting are not states to wait for."""


def wait_for(driver: JournalDriver, ref: int, args: tuple[Any, ...]) -> Answer:
    """Wait until the newest run with the id `workflow/key`, or `key` alone without a workflow, is or was in a state.

    Raises:
        Error: kind Invalid, without a key, or for a state that cannot be waited for.
    """
    workflow, key, state = args
    if not isinstance(key, str) or not key or not isinstance(workflow or "", str):
        raise invalid(
            f"workflow.wait_for: got {workflow!r:.80}, {key!r:.80}, expected an entry id or nothing, and a key"
        )
    if state not in _STATES:
        known = ", ".join(sorted(_STATES))
        raise invalid(
            f"workflow.wait_for: got the state {state!r:.80}{did_you_mean(str(state), _STATES)}; it is one of {known}"
        )
    return driver.ask(events.STATE_AWAITED, ref, f"{workflow}/{key}" if workflow else key, state)
