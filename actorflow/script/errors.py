"""Errors: what scripts raise, catch and compare.

Every refusal is an `Error` with `kind`, `message`, `retryable` and `details`. `Rejected` is a business refusal, which
is never retried. `Cancelled` is no `Exception`: a plain `except Exception` lets it pass.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actorflow.errors import (
    ALREADY_EXISTS,
    CANCELED,
    CONFLICT,
    INTERNAL,
    INVALID,
    NONDETERMINISM,
    NOT_FOUND,
    PERMISSION_DENIED,
    RATE_LIMITED,
    RESOURCE,
    TIMEOUT,
    UNAVAILABLE,
    UNKNOWN,
    Cancelled,
    Error,
    Failure,
    Rejected,
    failure_of,
    invalid,
)

__all__ = [
    "ALREADY_EXISTS",
    "CANCELED",
    "CONFLICT",
    "INTERNAL",
    "INVALID",
    "NONDETERMINISM",
    "NOT_FOUND",
    "PERMISSION_DENIED",
    "RATE_LIMITED",
    "RESOURCE",
    "TIMEOUT",
    "UNAVAILABLE",
    "UNKNOWN",
    "Cancelled",
    "Error",
    "Expired",
    "Failure",
    "ForeignAwait",
    "Rejected",
    "is_kind",
    "new",
    "wrap",
]


class Expired(Cancelled):
    """The interruption of a wait whose `process.timeout` ran out; it becomes a `TimeoutError` at the scope's end."""


class ForeignAwait(Error):
    """A script awaited something that is not actorflow's, so nobody here can answer it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, INVALID, retryable=False)


def new(
    message: str,
    kind: str = UNKNOWN,
    *,
    retryable: bool | None = None,
    details: dict[str, Any] | None = None,
) -> Error:
    """Return an error to raise; a kind left out becomes Internal on the far side of a boundary.

    Raises:
        Error: kind Invalid, for a message or a kind that is no text.
    """
    if not isinstance(message, str) or not isinstance(kind, str):
        raise invalid(f"errors.new: got {message!r:.80} of the kind {kind!r:.80}, expected two texts")
    return Error(message, kind, retryable, details)


def is_kind(error: object, kind: str) -> bool:
    """Tell whether `error` is an error of this kind; anything that is no error is of no kind."""
    return isinstance(error, Error | Failure) and error.kind == kind


def wrap(error: BaseException | str, context: str) -> Error:
    """Return `error` with a line of context above its stack: kind, message, retryable and details stay.

    `raise errors.wrap(error, "saving the order") from error` says what was being done.
    """
    failure = Failure(error, UNKNOWN) if isinstance(error, str) else _failure_in(error)
    stack = f"{context}\n{failure.stack}" if failure.stack else context
    return Error(replace(failure, stack=stack))


def _failure_in(error: BaseException) -> Failure:
    return error.failure if isinstance(error, Error) else failure_of(error)
