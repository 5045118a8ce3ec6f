"""An open call: a function call of a durable run that has no committed answer yet, and the fact that ends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import encode
from actorflow.errors import OUTCOME_UNKNOWN, TIMEOUT, Error, Failure
from actorflow.run import event as events
from hosts.workflow.live import Fact
from hosts.workflow.operation import is_operation

if TYPE_CHECKING:
    from actorflow.ports import CallRequest
    from actorflow.run.turn import CallRow
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.slots import Gate
    from hosts.workflow.terms import Terms

NON_RETRYABLE: Final = "NonRetryableFailure"
MAXIMUM_ATTEMPTS: Final = "MaximumAttemptsReached"
TIMED_OUT: Final = "Timeout"
CANCEL_ASKED: Final = "CancelRequested"
"""Why a failed call was not attempted again, in the words of Temporal (`RetryState`)."""

START_TO_CLOSE: Final = "start_to_close"
SCHEDULE_TO_CLOSE: Final = "schedule_to_close"
SCHEDULE_TO_START: Final = "schedule_to_start"
HEARTBEAT: Final = "heartbeat"
"""Which time is over, in the words of Temporal (`TimeoutType`)."""

_LONGEST: Final = 200
"""Characters of the last failure's message that the history keeps."""


def nothing() -> None:
    """Stop nothing: an attempt that has just begun, or a call without a time-out."""


class OpenCall:
    """A call that has no committed answer yet.

    `request` is that of the latest attempt. `give_up` stops the running attempt, None while none runs; `answered` says
    that the latest attempt has ended. `settled` is set once the fact that ends the call is on the way; `unexpire` stops
    the time-out of the whole call, which is over at `close_at` (Unix nanoseconds, 0 for never). `began` is when the
    latest attempt began (Unix nanoseconds, 0 before), `failure` how the one before it failed.
    `details` is CBOR of what an attempt told last, `told` when that may be stored again (Unix nanoseconds), and `row`
    what the store has of the call. `gate` has the slots of its function, if those are limited. `crashes` is how often
    its node died while it was attempted. `stopping` is set when it was asked to stop: no further attempt is made.
    """

    close_at: int = 0
    give_up: Callable[[], None] | None = None
    answered: bool = False
    settled: bool = False
    unexpire: Callable[[], None] | None = None
    began: int = 0
    failure: Failure | None = None
    details: bytes = b""
    told: int = 0
    row: CallRow | None = None
    gate: Gate | None = None
    crashes: int = 0
    stopping: bool = False

    def __init__(  # noqa: PLR0913, PLR0917 - what a call is made of
        self,
        run: int,
        ref: int,
        run_id: str,
        workflow_id: str,
        request: CallRequest,
        terms: Terms,
        host: WorkflowHost,
    ) -> None:
        """Open a call; each step opens one, so what begins as it does for every call is an attribute of the class."""
        self.run = run
        self.ref = ref
        self.run_id = run_id
        self.workflow_id = workflow_id
        self.request = request
        self.terms = terms
        self.host = host


def completed(call: OpenCall, value: Any, now: int) -> Fact:
    """Return the fact that a call is done; a value that cannot be kept is the call's failure."""
    try:
        return Fact(events.FUNCTION_COMPLETED, call.ref, attempts_of(call), encode(value, call.host.limits), now)
    except Error as error:
        return failed(call, error.failure, now, NON_RETRYABLE)


def failed(call: OpenCall, failure: Failure, now: int, retry_state: str) -> Fact:
    """Return the fact that a call has failed for good; the failure of a function says in its details of which call."""
    if failure.kind == TIMEOUT and failure.retryable is None and "timeout_type" in (failure.details or {}):
        failure = replace(failure, retryable=False)  # the policy has had its say: another attempt is not to come
    if not is_operation(call.request.target):
        failure = replace(failure, details={**(failure.details or {}), **_origin(call, retry_state)})
    return Fact(events.FUNCTION_FAILED, call.ref, attempts_of(call), encode(failure), now)


def refused(ref: int, failure: Failure, now: int) -> Fact:
    """Return the fact that a call was never attempted."""
    return Fact(events.FUNCTION_FAILED, ref, "", encode(failure), now)


def unknown(call: OpenCall) -> Failure:
    """Return the failure of a call that was running when its node ended."""
    return Failure(unknown_text(call.request.target, call.ref, call.request.attempt), OUTCOME_UNKNOWN, retryable=False)


def unknown_text(target: str, ref: int, attempt: int) -> str:
    """Say that nobody knows how a call ended."""
    return (
        f"call {ref} of {target} was running (attempt {attempt}) when its node ended: "
        "whether it took effect is not known"
    )


def timed_out(call: OpenCall, timeout_type: str) -> Failure:
    """Return the failure of an attempt or call whose time is over."""
    details: dict[str, Any] = {"timeout_type": timeout_type}
    cause = call.failure
    if cause is not None:
        details["cause"] = {"message": cause.message, "kind": cause.kind}
    return Failure(f"call of {call.request.target} timed out ({timeout_type})", TIMEOUT, details=details)


def attempts_of(call: OpenCall) -> str:
    """Return what the history keeps of the attempts of a call, with its answer: JSON, or nothing of a single one."""
    if call.request.attempt == 1:
        return ""
    told: dict[str, Any] = {"attempts": call.request.attempt, "began": call.began}
    if call.failure is not None:
        told["kind"], told["message"] = call.failure.kind, call.failure.message[:_LONGEST]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _origin(call: OpenCall, retry_state: str) -> dict[str, Any]:
    return {
        "_wrapper": "activity",
        "_activity_id": call.terms.activity_id or str(call.ref),
        "_workflow_id": call.workflow_id,
        "_run_id": call.run_id,
        "_retry_state": retry_state,
    }
