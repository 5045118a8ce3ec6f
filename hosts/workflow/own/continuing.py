"""Continue-as-new: `process.upgrade` in a durable run ends the run, and a new one goes on under its workflow id.

The new run begins with what the old one leaves: the messages it had not received. It is started by the very commit
that ends the old one, so whatever happens there is one of the two. A script that could not be started is refused and
recorded as such, and the old one goes on.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actorflow.codec import decode, encode
from actorflow.errors import Error, Failure, invalid
from actorflow.ports import PENDING, Answer
from actorflow.run import event as events
from actorflow.value import Limits

if TYPE_CHECKING:
    from hosts.workflow.driver import JournalDriver

UNBOUNDED: Final = Limits(depth=128, size=2**62)
"""For what a run hands on: each part of it was within the limits of its own."""
_RUNS: Final = uuid.UUID("5f0c53f0-5d4c-5b60-8d7d-6a2b8c6b1f1e")


class Continuation(NamedTuple):
    """What a run goes on with: the entry of the new run, and its arguments as bytes."""

    entry: str
    args: bytes


def continue_as_new(driver: JournalDriver, ref: int, args: tuple[Any, ...]) -> Answer:
    """End the run here; its host starts the successor (`upgrade`: entry or "", arguments).

    Raises:
        Error: what the successor cannot be started with; the run goes on.
    """
    entry = args[0] or driver.identity.entry
    if not isinstance(entry, str):
        raise invalid(f"process.upgrade: got {entry!r:.80}, expected the id of an entry, or nothing for its own")
    continuation = Continuation(entry, encode(list(args[1:]), driver.limits))
    _check(driver, ref, entry)
    driver.continuation = continuation
    if driver.live is not None:
        driver.live.stop()
    return PENDING


def _check(driver: JournalDriver, ref: int, entry: str) -> None:
    """Refuse what cannot be started, the same on every replay whatever is registered then."""
    recorded = driver.next_recorded()
    if recorded is not None and recorded.kind == events.CONTINUE_REFUSED:
        refusal: Failure = decode(recorded.payload)
        driver.mark(events.CONTINUE_REFUSED, ref, entry, refusal)
        raise Error(refusal)
    if driver.repeats:
        return
    try:
        driver.operator.startable(entry)
    except Error as error:
        refusal = replace(error.failure, message=f"upgrade: {error.message}", stack="")
        driver.mark(events.CONTINUE_REFUSED, ref, entry, refusal)
        raise Error(refusal) from None


def next_run_id(run_id: str) -> str:
    """Return the run id of the run that this one continues as: the same however often its last turn is taken."""
    return str(uuid.uuid5(_RUNS, run_id))
