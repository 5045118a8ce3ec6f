"""Looking at a Python task that waits: the frames of its chain of coroutines, and what their variables hold."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType, FunctionType, ModuleType
from typing import Any, Final

from actorflow.language.python.guard import is_script
from actorflow.ports import Frame, Variable
from actorflow.script.channel import Channel
from actorflow.showing import shown_value

_MOST_FRAMES: Final = 30
_MOST_VARIABLES: Final = 100
_HIDDEN: Final = frozenset({ModuleType, FunctionType, type})


def frames_of(handle: Any) -> list[Frame]:
    """Return the frames of the script that a task is in, innermost first; none of one that has ended."""
    found = [_frame(frame) for frame in _chain(handle) if is_script(frame)]
    return found[::-1][:_MOST_FRAMES]


def _chain(handle: Any) -> Iterator[FrameType]:
    """Yield the frames of a coroutine and of what it awaits, outermost first."""
    while handle is not None:
        frame = getattr(handle, "cr_frame", None) or getattr(handle, "gi_frame", None)
        if frame is not None:
            yield frame
        handle = getattr(handle, "cr_await", None) or getattr(handle, "gi_yieldfrom", None)


def _frame(frame: FrameType) -> Frame:
    code = frame.f_code
    held = list(frame.f_locals.items())[:_MOST_VARIABLES]
    variables = [
        Variable(name, shown_value(value), _thing(value)) for name, value in held if type(value) not in _HIDDEN
    ]
    return Frame(code.co_filename, frame.f_lineno, code.co_qualname, variables)


def _thing(value: Any) -> Any:
    """Return the object of the machine that a script's object stands for, None for any other value."""
    return value.raw if type(value) is Channel else None
