"""What a function raised, as the failure its caller sees: with the lines of the function's own code."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Final

import trio

from actorflow.errors import CANCELED, Failure, failure_of, stack_text
from actorflow.node import asyncio_bridge

_TRIO: Final = Path(trio.__file__).parent
_ACTORFLOW: Final = Path(asyncio_bridge.__file__).parents[1]
_OURS: Final = tuple(
    str(path)
    for path in (
        Path(__file__).parent,
        Path(__file__).parents[1] / "workflow",  # what runs transactional functions, with the store
        _ACTORFLOW / "store",
        _ACTORFLOW / "ports.py",
        Path(asyncio_bridge.__file__),
        _TRIO,
        _TRIO.parent / "outcome",  # the library through which trio hands a result from thread to thread
        Path(asyncio.__file__).parent,
    )
)


def failure_in(error: BaseException) -> Failure:
    """Return `error` as a failure: its own if it carries one, else Internal; with its stack, innermost first.

    A group of one exception is that exception.
    """
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, asyncio.CancelledError):
        return Failure("the function was cancelled", CANCELED, retryable=False)
    failure = failure_of(error)
    return failure if failure.stack else replace(failure, stack=_stack(error))


def _stack(error: BaseException) -> str:
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return stack_text(
        [f"{frame.filename}:{frame.lineno}: in {frame.name}" for frame in frames if not _is_ours(frame.filename)]
    )


def _is_ours(file: str) -> bool:
    return file.startswith((*_OURS, "<frozen "))
