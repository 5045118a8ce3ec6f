"""The error value every boundary speaks, and the exception that carries it.

A `Failure` is plain data: it crosses process, journal and network boundaries unchanged. An `Error` is what
Python code raises; its `failure` is what the other side sees. The kinds are the words scripts compare with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

NOT_FOUND: Final = "NotFound"
ALREADY_EXISTS: Final = "AlreadyExists"
INVALID: Final = "Invalid"
PERMISSION_DENIED: Final = "PermissionDenied"
UNAVAILABLE: Final = "Unavailable"
INTERNAL: Final = "Internal"
CANCELED: Final = "Canceled"
CONFLICT: Final = "Conflict"
TIMEOUT: Final = "Timeout"
RATE_LIMITED: Final = "RateLimited"
RESOURCE: Final = "Resource"
NONDETERMINISM: Final = "Nondeterminism"
UNKNOWN: Final = ""
OUTCOME_UNKNOWN: Final = "Unknown"
"""Kind of a call of which nobody knows whether it took effect: its node died while it ran."""

_STACK_ENDS: Final = 15
"""Lines of a stack that are kept at each end."""

_TEXTS: Final = ("message", "kind", "stack")


def well_formed(text: str) -> str:
    """Return text with lone surrogates as escapes: nobody could encode it otherwise, neither a store nor a terminal."""
    return text.encode(errors="backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something did not succeed, as data.

    Attributes:
        message: what happened, for the person who reads it.
        kind: one of the kinds of this module, or an application's own word; `""` is unknown.
        retryable: True, False, or None when the origin did not say.
        details: further plain data, or None; an empty mapping is stored as None.
        stack: where it happened, innermost frame first, one `file:line: in name` a line; may be empty.
    """

    message: str
    kind: str = INTERNAL
    retryable: bool | None = None
    details: dict[str, Any] | None = None
    stack: str = ""

    def __post_init__(self) -> None:
        """Store an empty `details` as None, so that equal failures compare equal, and only text that can be stored."""
        if self.details is not None and not self.details:
            object.__setattr__(self, "details", None)
        for name in _TEXTS:
            text = getattr(self, name)
            if isinstance(text, str) and not text.isascii():
                object.__setattr__(self, name, well_formed(text))

    def __str__(self) -> str:
        """Return the message."""
        return self.message

    def crossing(self) -> Failure:
        """Return this failure as the far side of a boundary sees it: an unknown kind becomes Internal."""
        return self if self.kind else replace(self, kind=INTERNAL)


class Error(Exception):
    """An application error: raised here, seen elsewhere as its `failure`."""

    def __init__(
        self,
        message: str | Failure,
        kind: str = INTERNAL,
        retryable: bool | None = None,  # noqa: FBT001 - the three-valued flag is data
        details: dict[str, Any] | None = None,
    ) -> None:
        """Make an error from its parts, or around an existing failure."""
        failure = message if isinstance(message, Failure) else Failure(message, kind, retryable, details)
        super().__init__(failure.message)
        self.failure = failure

    @property
    def kind(self) -> str:
        """The kind of the failure, e.g. `NotFound`."""
        return self.failure.kind

    @property
    def message(self) -> str:
        """The message of the failure."""
        return self.failure.message

    @property
    def retryable(self) -> bool | None:
        """Whether trying again may help: True, False, or None when unknown."""
        return self.failure.retryable

    @property
    def details(self) -> dict[str, Any] | None:
        """Further plain data about the failure, or None."""
        return self.failure.details


class Rejected(Error):
    """A business refusal: trying again cannot help, so it is never retried."""

    def __init__(self, message: str, kind: str = INVALID, details: dict[str, Any] | None = None) -> None:
        """Make a refusal with `retryable=False`."""
        super().__init__(message, kind, retryable=False, details=details)


class Cancelled(BaseException):
    """The process was asked to stop; raised once, at the main task's wait.

    A `BaseException`, so that `except Exception` does not swallow it. Cleanup may await further calls.
    """

    def __init__(self, reason: str = "") -> None:
        """Remember why the cancellation was asked for."""
        super().__init__(reason or "cancelled")
        self.reason = reason


def invalid(message: str, **details: Any) -> Error:
    """Return an error that says the caller's input is wrong; never retryable."""
    return Error(message, INVALID, retryable=False, details=details or None)


def not_found(message: str, **details: Any) -> Error:
    """Return an error that says something named does not exist; never retryable."""
    return Error(message, NOT_FOUND, retryable=False, details=details or None)


def unavailable(message: str, **details: Any) -> Error:
    """Return an error that says a needed part does not answer now; worth retrying."""
    return Error(message, UNAVAILABLE, retryable=True, details=details or None)


def stack_text(lines: Sequence[str]) -> str:
    """Return the lines of a stack as one text; the middle of a long one is left out, as in an endless recursion."""
    left_out = len(lines) - 2 * _STACK_ENDS
    if left_out <= 1:
        return "\n".join(lines)
    return "\n".join([*lines[:_STACK_ENDS], f"… {left_out} more", *lines[-_STACK_ENDS:]])


def failure_of(error: BaseException) -> Failure:
    """Return `error` as a failure: its own if it carries one, else Internal with its type and text."""
    if isinstance(error, Error):
        return error.failure.crossing()
    if isinstance(error, Cancelled):
        return Failure(str(error), CANCELED, retryable=False)
    text = str(error)
    return Failure(type(error).__name__ + (f": {text}" if text else ""), INTERNAL)
