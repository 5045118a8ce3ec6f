"""How the command line fails: one style of message on stderr, and the exit codes."""

from __future__ import annotations

from typing import Final

import typer

from actorflow import errors
from actorflow.errors import Error, Failure

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
CONFLICT: Final = 4
RUN_FAILED: Final = 5
UNAVAILABLE: Final = 6
INTERRUPTED: Final = 130

_CODES: Final = {
    errors.INVALID: USAGE,
    errors.NOT_FOUND: NOT_FOUND,
    errors.CONFLICT: CONFLICT,
    errors.ALREADY_EXISTS: CONFLICT,
    errors.UNAVAILABLE: UNAVAILABLE,
    errors.TIMEOUT: UNAVAILABLE,
}


class Ending(Exception):
    """The command ends with this exit code; what there is to say has been said."""

    def __init__(self, code: int) -> None:
        """Remember the code."""
        super().__init__(f"exit code {code}")
        self.code = code


def code_of(failure: Failure) -> int:
    """Return the exit code for a failure."""
    return _CODES.get(failure.kind, FAILED)


def complain(failure: Failure, prefix: str = "error") -> None:
    """Print a failure on stderr: its kind, message, and where it happened."""
    kind = f" ({failure.kind})" if failure.kind else ""
    typer.echo(f"{prefix}{kind}: {failure.message}", err=True)
    for line in failure.stack.splitlines():
        typer.echo(f"  {line}", err=True)


def end_of(error: BaseException) -> int:
    """Print what ended a command, and return the exit code; anything that is not foreseen is raised again."""
    if isinstance(error, BaseExceptionGroup):
        return end_of(_root(error))
    if isinstance(error, Ending):
        return error.code
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, Error):
        complain(error.failure)
        return code_of(error.failure)
    raise error


def _root(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one error in a group that tells the most: an interruption, else the first."""
    found = group.exceptions[0]
    for error in group.exceptions:
        if isinstance(error, KeyboardInterrupt):
            found = error
    return found
