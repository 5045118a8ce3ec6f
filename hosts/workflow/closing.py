"""The last event of a run: what it says of the outcome, and the outcome that it says."""

from __future__ import annotations

from actorflow.codec import decode, encode
from actorflow.errors import CANCELED, Error
from actorflow.ports import Outcome
from actorflow.run import event as events


def end_record(outcome: Outcome, *, cancel_asked: bool) -> tuple[str, bytes]:
    """Return the kind and payload of a run's last event; a result that may not leave the process is a failure."""
    failure = outcome.failure
    if failure is None:
        try:
            return events.RUN_COMPLETED, encode(outcome.value)
        except Error as error:
            failure = error.failure
    if failure.kind == CANCELED and cancel_asked:
        return events.RUN_CANCELLED, encode(failure)
    return events.RUN_FAILED, encode(failure)


def outcome_of(kind: str, payload: bytes) -> Outcome:
    """Return the outcome that a run's last event records."""
    value = decode(payload)
    return Outcome(value) if kind == events.RUN_COMPLETED else Outcome(failure=value)
