"""Failures of Python scripts: which line of the script it was, in words a person can use."""

from __future__ import annotations

import traceback
from dataclasses import replace
from types import FrameType

from actorflow.errors import CANCELED, INTERNAL, RESOURCE, TIMEOUT, Cancelled, Error, Failure
from actorflow.language.python.guard import PREFIX
from actorflow.script.errors import Expired


def failure_in(error: BaseException) -> Failure:
    """Return what a script's exception is to everybody else, with the script's own lines as its stack."""
    lines = script_lines(error)
    stack = "\n".join(lines)
    if isinstance(error, Error):
        failure = error.failure.crossing()
        return failure if failure.stack else replace(failure, stack=stack)
    if isinstance(error, Expired):
        return Failure("timed out", TIMEOUT, stack=stack)
    if isinstance(error, Cancelled):
        return Failure(str(error), CANCELED, retryable=False, stack=stack)
    if isinstance(error, SyntaxError):
        return Failure(f"{error.filename}:{error.lineno}: {error.msg}", INTERNAL, stack=stack)
    place = lines[0].partition(": in ")[0] + ": " if lines else ""
    return Failure(f"{place}{type(error).__name__}: {error}", INTERNAL, stack=stack)


def runaway(limit: int, place: str) -> Failure:
    """Return the failure of a script that computed longer than `limit` nanoseconds between two ops."""
    where = f"{place}: " if place else ""
    text = f"{where}computed longer than {limit // 1_000_000} ms between two ops; await process.checkpoint() now and then"
    return Failure(text, RESOURCE, retryable=False)


def script_lines(error: BaseException) -> list[str]:
    """Return `file:line: in name` of the frames that are a script's, innermost first."""
    frames = list(traceback.walk_tb(error.__traceback__))
    lines = [_line(frame, number) for frame, number in frames if is_script(frame)]
    return lines[::-1] or [_line(frame, number) for frame, number in frames[-1:] if not _is_ours(frame)]


def is_script(frame: FrameType) -> bool:
    """Tell whether a frame runs a script's code."""
    return str(frame.f_globals.get("__name__", "")).startswith(PREFIX)


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("actorflow.")


def _line(frame: FrameType, number: int) -> str:
    return f"{frame.f_code.co_filename}:{number}: in {frame.f_code.co_name}"
