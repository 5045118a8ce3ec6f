"""Failures of Python scripts: which line of the script it was, in words a person can use."""

from __future__ import annotations

import traceback
from dataclasses import replace
from types import FrameType
from typing import Any

from actorflow.duration import format_duration
from actorflow.errors import CANCELED, INTERNAL, RESOURCE, TIMEOUT, Cancelled, Error, Failure, stack_text
from actorflow.language.python.guard import is_script
from actorflow.script.errors import Expired, ForeignAwait


def failure_in(error: BaseException) -> Failure:
    """Return what a script's exception is to everybody else, with the script's own lines as its stack.

    The text of the exception is made by code of its class: it may raise or take long.
    """
    lines = script_lines(error)
    stack = stack_text(lines)
    if isinstance(error, Error):
        failure = error.failure.crossing()
        return failure if failure.stack else replace(failure, stack=stack)
    if isinstance(error, Expired):
        return Failure("timed out", TIMEOUT, stack=stack)
    if isinstance(error, Cancelled):
        return Failure(str(error), CANCELED, retryable=False, stack=stack)
    if isinstance(error, TimeoutError):
        return Failure(str(error) or "timed out", TIMEOUT, stack=stack)
    if isinstance(error, SyntaxError):
        return Failure(f"{error.filename}:{error.lineno}: {error.msg}", INTERNAL, stack=stack)
    place = lines[0].partition(": in ")[0] + ": " if lines else ""
    text = str(error)
    kind = RESOURCE if isinstance(error, MemoryError) else INTERNAL
    return Failure(f"{place}{type(error).__name__}" + (f": {text}" if text else ""), kind, stack=stack)


def runaway(entry: str, limit: int, place: str) -> Failure:
    """Return the failure of a script that computed longer than `limit` nanoseconds between two ops."""
    where = f"{place}: " if place else ""
    advice = f"await process.checkpoint() now and then, or raise `limits: {{slice: {{kill: …}}}}` of {entry}"
    text = f"{where}computed longer than {format_duration(limit)} between two ops; {advice}"
    return Failure(text, RESOURCE, retryable=False)


def foreign(place: str, awaited: Any) -> ForeignAwait:
    """Return the error of a script that awaited something which is not ours."""
    kind = type(awaited)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    what = "a bare yield" if awaited is None else f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"
    where = f"{place}: " if place else ""
    return ForeignAwait(
        f"{where}awaited {what}, which is not actorflow's, so nobody would answer it; "
        "use actorflow.script (time.sleep, channel, funcs.call, …), or do it in a function.py and call that"
    )


def innermost(handle: Any, error: BaseException | None = None) -> str:
    """Return `file:line` of the innermost line of a script: where an error came from, else where a task stands."""
    for line in script_lines(error) if error is not None else ():
        return line.partition(": in ")[0]
    place = ""
    while handle is not None:
        frame = getattr(handle, "cr_frame", None) or getattr(handle, "gi_frame", None)
        if frame is not None and is_script(frame):
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        handle = getattr(handle, "cr_await", None) or getattr(handle, "gi_yieldfrom", None)
    return place


def script_lines(error: BaseException) -> list[str]:
    """Return `file:line: in name` of the frames that are a script's, innermost first."""
    frames = list(traceback.walk_tb(error.__traceback__))
    lines = [_line(frame, number) for frame, number in frames if is_script(frame)]
    return lines[::-1] or [_line(frame, number) for frame, number in frames[-1:] if not _is_ours(frame)]


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("actorflow.")


def _line(frame: FrameType, number: int) -> str:
    return f"{frame.f_code.co_filename}:{number}: in {frame.f_code.co_name}"
