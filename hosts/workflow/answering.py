"""Updates as their run sees them: messages from `{update|<id>}`, answered by messages to there.

The protocol is `ack` or `nak`, and after `ack` one `ok` or `error`. What follows here follows from the journal alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import invalid, not_found
from actorflow.run import event as events

if TYPE_CHECKING:
    from actorflow.ports import Answer
    from hosts.workflow.driver import JournalDriver

HEAD: Final = "{update|"
ACK: Final = "ack"
NAK: Final = "nak"
OK: Final = "ok"
ERROR: Final = "error"
ARRIVED: Final = "arrived"
FOLLOWING: Final = {ARRIVED: (ACK, NAK), ACK: (OK, ERROR)}
"""State of an update → what may be said next; nothing after any other."""


def update_pid(update_id: str) -> str:
    """Return whom an update is from."""
    return f"{HEAD}{update_id}}}"


def arrived(driver: JournalDriver, sender: str) -> bool:
    """Take that an update has arrived; False when it has before, and is not to be seen again."""
    update_id = sender[len(HEAD) : -1]
    if driver.updates is None:
        driver.updates = {}
    if update_id in driver.updates:
        return False
    driver.updates[update_id] = ARRIVED
    return True


def answered(driver: JournalDriver, ref: int, dest: str, topic: str, payloads: tuple[Any, ...]) -> Answer:
    """Record what a run says to an update.

    Raises:
        Error: kind NotFound for an unknown update, Invalid when that cannot be said now.
    """
    update_id, known = dest[len(HEAD) : -1], driver.updates or {}
    state = known.get(update_id)
    if state is None:
        raise not_found(f"no update {update_id!r} has come to this workflow")
    expected = FOLLOWING.get(state, ())
    if topic not in expected:
        said = f"after {state!r} comes {' or '.join(map(repr, expected))}" if expected else f"{state!r} was the last"
        raise invalid(f"update {update_id!r} cannot be answered with {topic!r} now: {said}")
    answer = driver.ask(events.UPDATE_ANSWERED, ref, update_id, [topic, payloads[0] if payloads else None])
    known[update_id] = topic
    return answer
