"""Resolving a call of which nobody knows how it ended: a person says so, and the paused run goes on with that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from actorflow.codec import encode
from actorflow.errors import CONFLICT, Error, Failure
from actorflow.run.event import FUNCTION_COMPLETED, FUNCTION_FAILED
from actorflow.run.turn import Delivery
from actorflow.store.control import asking
from actorflow.store.view import pid_of

if TYPE_CHECKING:
    from actorflow.ports import Outcome
    from actorflow.run.turn import ChangeRun, OpenRun


def resolving(held: OpenRun, ref: int, outcome: Outcome | None, *, at: int, by: str) -> ChangeRun:
    """Return the change that resumes a paused run with the outcome of its call `ref`, None for another attempt.

    Raises:
        Error: kind Conflict, when the run has no such call, naming those that it has; Invalid for an outcome that
            cannot be kept.
    """
    row = held.row
    unknown = {call.ref: call for call in held.calls if call.begun or call.crashes}
    if ref not in unknown:
        known = ", ".join(map(str, unknown)) or "none"
        message = f"call {ref} of {row.workflow_id!r} is not one whose end is unknown; those of the run: {known}"
        raise Error(message, CONFLICT, retryable=False, details={"calls": list(unknown)})
    what = "another attempt" if outcome is None else "an error" if outcome.failure else "a result"
    change = asking(
        "resume",
        at=at,
        run=row.run,
        workflow_id=row.workflow_id,
        pid=pid_of(row),
        reason=f"call {ref} was resolved by hand: {what}",
        by=by,
    )
    change.revision = row.revision
    if outcome is None:
        change.calls = [replace(unknown[ref], begun=0, due=at, crashes=0)]
        return change
    failure: Failure | None = outcome.failure
    kind, value = (FUNCTION_COMPLETED, outcome.value) if failure is None else (FUNCTION_FAILED, failure)
    change.dropped_calls = [ref]
    change.facts = [Delivery("", kind, payload=encode(value), at=at, run=row.run, ref=ref)]
    return change
