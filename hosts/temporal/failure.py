"""Failures at the boundary to Temporal: ours as its application failures, and its failures as ours.

A failure of ours travels whole: its message and kind where Temporal's tools and clients look, all its parts as the
first of the details. A failure that somebody else reports gets its kind from the type, and says where it comes from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from temporalio.client import WorkflowContinuedAsNewError, WorkflowFailureError, WorkflowQueryFailedError
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    FailureError,
    ServerError,
    TerminatedError,
    TimeoutError,  # noqa: A004 - the SDK's name
    TimeoutType,
    WorkflowAlreadyStartedError,
)
from temporalio.service import RPCError, RPCStatusCode

from actorflow.errors import (
    ALREADY_EXISTS,
    CANCELED,
    INTERNAL,
    INVALID,
    NOT_FOUND,
    PERMISSION_DENIED,
    TIMEOUT,
    UNAVAILABLE,
    Error,
    Failure,
)

_PARTS: Final = frozenset({"message", "kind", "retryable", "details", "stack"})
_TRACE: Final = "Stack backtrace:"
"""From here on errors of the SDK's core tell where in it they were made."""
_CANCELLED: Final = "operation canceled"
_TERMINATED: Final = "workflow terminated"
_STATUS: Final = {
    RPCStatusCode.NOT_FOUND: NOT_FOUND,
    RPCStatusCode.ALREADY_EXISTS: ALREADY_EXISTS,
    RPCStatusCode.INVALID_ARGUMENT: INVALID,
    RPCStatusCode.FAILED_PRECONDITION: INVALID,
    RPCStatusCode.UNIMPLEMENTED: INVALID,
    RPCStatusCode.PERMISSION_DENIED: PERMISSION_DENIED,
    RPCStatusCode.UNAUTHENTICATED: PERMISSION_DENIED,
    RPCStatusCode.DEADLINE_EXCEEDED: TIMEOUT,
}
_TIMEOUTS: Final = {
    TimeoutType.START_TO_CLOSE: "start_to_close",
    TimeoutType.SCHEDULE_TO_START: "schedule_to_start",
    TimeoutType.SCHEDULE_TO_CLOSE: "schedule_to_close",
    TimeoutType.HEARTBEAT: "heartbeat",
}
_RETRY_STATES: Final = {
    "NON_RETRYABLE_FAILURE": "NonRetryableFailure",
    "MAXIMUM_ATTEMPTS_REACHED": "MaximumAttemptsReached",
    "TIMEOUT": "Timeout",
}


def application_error(failure: Failure, *, final: bool | None = None, wait: int | None = None) -> ApplicationError:
    """Return a failure as Temporal keeps it.

    Args:
        failure: what happened.
        final: whether it must not be tried again; None when the failure itself says so.
        wait: nanoseconds until the next attempt, None for what the policy says.
    """
    told = failure.crossing()
    parts = {
        "message": told.message,
        "kind": told.kind,
        "retryable": told.retryable,
        "details": told.details,
        "stack": told.stack,
    }
    delay = None if wait is None else timedelta(microseconds=wait // 1000)
    final = told.retryable is False if final is None else final
    return ApplicationError(told.message, parts, type=told.kind, non_retryable=final, next_retry_delay=delay)


def failure_from(error: BaseException, what: str = "") -> Failure:
    """Return what the SDK raised as a failure; `what` is what was asked for, for messages."""
    if isinstance(error, Error):
        return error.failure.crossing()
    if isinstance(error, WorkflowFailureError):
        return failure_from(error.cause, what)
    if isinstance(error, ActivityError | ChildWorkflowError):
        return _wrapped(error, what)
    if isinstance(error, RPCError):
        return _rpc(error, what)
    for kind, translate in _BY_TYPE:
        if isinstance(error, kind):
            failure: Failure = translate(error, what)
            return failure
    text = " ".join(str(error).partition(_TRACE)[0].split())
    return Failure(f"{what}: {text}" if what else f"{type(error).__name__}: {text}", INTERNAL)


def _application(error: ApplicationError, _what: str) -> Failure:
    parts = error.details[0] if error.details else None
    if isinstance(parts, Mapping) and set(parts) == _PARTS:
        return Failure(parts["message"], parts["kind"], parts["retryable"], parts["details"], parts["stack"])
    details = {"details": list(error.details)} if error.details else None
    retryable = False if error.non_retryable else None
    return Failure(
        error.message,
        error.type or INTERNAL,
        retryable,
        details,
        error.failure.stack_trace if error.failure is not None else "",
    )


def _timed_out(error: TimeoutError, what: str) -> Failure:
    kind = _TIMEOUTS.get(error.type) if error.type is not None else None
    if kind is None or not what:
        return Failure(f"{what or 'workflow'} timed out", TIMEOUT, retryable=False)
    details: dict[str, Any] = {"timeout_type": kind}
    cause = error.cause
    if isinstance(cause, FailureError):
        last = failure_from(cause)
        details["cause"] = {"message": last.message, "kind": last.kind}
    return Failure(f"{what} timed out ({kind})", TIMEOUT, retryable=False, details=details)


def _cancelled(_error: BaseException, _what: str) -> Failure:
    return Failure(_CANCELLED, CANCELED, retryable=False)


def _terminated(_error: BaseException, _what: str) -> Failure:
    return Failure(_TERMINATED, CANCELED, retryable=False)


def _started(error: WorkflowAlreadyStartedError, _what: str) -> Failure:
    text = f"workflow id {error.workflow_id!r} is held by an open run, or has been used"
    return Failure(text, ALREADY_EXISTS, retryable=False)


def _server(error: FailureError, _what: str) -> Failure:
    return Failure(error.message, INTERNAL)


def _query_failed(error: WorkflowQueryFailedError, _what: str) -> Failure:
    return Failure(str(error), INTERNAL)


def _continued(_error: BaseException, _what: str) -> Failure:
    return Failure("the run continues as a new one", INTERNAL)


def _wrapped(error: ActivityError | ChildWorkflowError, what: str) -> Failure:
    cause = error.cause
    failure = failure_from(cause, what) if cause is not None else Failure(error.message, INTERNAL)
    origin: dict[str, Any]
    if isinstance(error, ActivityError):
        origin = {"_wrapper": "activity", "_activity_id": error.activity_id}
    else:
        origin = {"_wrapper": "child_workflow", "_workflow_id": error.workflow_id, "_run_id": error.run_id}
    if error.retry_state is not None and isinstance(error, ActivityError):
        origin["_retry_state"] = _RETRY_STATES.get(error.retry_state.name, error.retry_state.name)
    return _with(failure, origin)


def _with(failure: Failure, more: Mapping[str, Any]) -> Failure:
    details = {**(failure.details or {}), **more}
    return Failure(failure.message, failure.kind, failure.retryable, details, failure.stack)


def _rpc(error: RPCError, what: str) -> Failure:
    kind = _STATUS.get(error.status, UNAVAILABLE)
    text = f"{what}: {error.message}" if what else error.message
    return Failure(text, kind, retryable=kind in {UNAVAILABLE, TIMEOUT})


def out_of_time(target: str, last: Failure) -> Failure:
    """Return the failure of a call whose next attempt would come too late: its time is over, whatever failed last."""
    if last.kind == TIMEOUT:
        return last
    origin = {key: value for key, value in (last.details or {}).items() if key.startswith("_")}
    cause = {"message": last.message, "kind": last.kind}
    details = {"timeout_type": "schedule_to_close", "cause": cause, **origin}
    return Failure(f"call of {target} timed out (schedule_to_close)", TIMEOUT, retryable=False, details=details)


def without_origin(failure: Failure) -> Failure:
    """Return the failure of a child without where it came from: that is added once, for all hosts alike."""
    details = {key: value for key, value in (failure.details or {}).items() if not key.startswith("_")}
    return replace(failure, details=details or None)


def is_missing(error: BaseException) -> bool:
    """Tell whether the cluster has nothing of that name."""
    return failure_from(error).kind.endswith(NOT_FOUND)


_BY_TYPE: Final[tuple[tuple[type[BaseException], Any], ...]] = (
    (ApplicationError, _application),
    (TimeoutError, _timed_out),
    (CancelledError, _cancelled),
    (asyncio.CancelledError, _cancelled),
    (TerminatedError, _terminated),
    (WorkflowAlreadyStartedError, _started),
    (WorkflowContinuedAsNewError, _continued),
    (WorkflowQueryFailedError, _query_failed),
    (ServerError, _server),
)
