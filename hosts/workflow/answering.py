"""Updates as their run sees them: messages from `{update|<id>}`, answered by messages to there.

The protocol is `ack` or `nak`, and after `ack` one `ok` or `error`. What follows here follows from the journal alone.

What a run that continues as new has not answered goes over to the next one: what it has not received, and what it took
by hand, for then the next one may answer. An update that a handler of `workflow.on_update` works on ends with that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import invalid, not_found
from actorflow.message import UPDATE_PREFIX
from actorflow.run import event as events

if TYPE_CHECKING:
    from actorflow.ports import Answer
    from hosts.workflow.driver import JournalDriver
    from hosts.workflow.live import LiveRun

HANDLE: Final = "update"
"""The kind of functions of a script that answer updates (`workflow.on_update`)."""
HEAD: Final = UPDATE_PREFIX
ACK: Final = "ack"
NAK: Final = "nak"
OK: Final = "ok"
ERROR: Final = "error"
ARRIVED: Final = "arrived"
GIVEN_UP: Final = "given_up"
"""State of an update whose handler was at work when its run continued as new."""
FOLLOWING: Final = {ARRIVED: (ACK, NAK), ACK: (OK, ERROR)}
"""State of an update → what may be said next; nothing after any other."""
REMEMBERED: Final = 1000
"""How many of the updates that are over a run tells the one that it continues as, the newest ones."""


def update_pid(update_id: str) -> str:
    """Return whom an update is from."""
    return f"{HEAD}{update_id}}}"


def id_of(sender: str) -> str:
    """Return the id of the update that a message is, "" for any other message."""
    return sender[len(HEAD) : -1] if sender.startswith(HEAD) else ""


def arrived(driver: JournalDriver, sender: str, name: str) -> bool:
    """Take that an update has arrived; False when it has before, and is not to be seen again."""
    update_id = id_of(sender)
    if driver.updates is None:
        driver.updates = {}
    if update_id in driver.updates:
        return False
    driver.updates[update_id] = ARRIVED
    named(driver, update_id, name)
    return True


def named(driver: JournalDriver, update_id: str, name: str) -> None:
    """Remember the name of an update that has not been answered."""
    if driver.asked_for is None:
        driver.asked_for = {}
    driver.asked_for[update_id] = name


def handed_over(live: LiveRun) -> dict[str, str]:
    """Return how far each update has come that the next run is to know of, by its id; see the module's text."""
    driver, script = live.driver, live.machine.script
    known, names = driver.updates or {}, driver.asked_for or {}
    unread = {id_of(message.sender) for message in live.unread}
    handled = set(script.handlers(HANDLE)) if known and hasattr(script, "handlers") else set()
    over = [update_id for update_id, state in known.items() if state not in FOLLOWING]
    following = {update_id: known[update_id] for update_id in over[-REMEMBERED:]}
    for update_id, state in known.items():
        if state in FOLLOWING:
            taken = update_id not in unread and names.get(update_id) in handled
            following[update_id] = GIVEN_UP if taken else state
    return following


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
    if topic not in FOLLOWING and driver.asked_for is not None:
        driver.asked_for.pop(update_id, None)
    return answer
