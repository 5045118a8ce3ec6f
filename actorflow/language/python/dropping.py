"""Dropping what a script has suspended: coroutines when their process ends, async generators that it has left.

Python ends a suspended coroutine by raising `GeneratorExit` in it, which runs its `finally` blocks. Nothing they ask
for is done: their process has ended.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import AsyncGenerator, Callable
from types import CoroutineType
from typing import Any, Final

from actorflow.language.python.guard import is_script

_PATIENCE: Final = 100
"""How often a coroutine is closed that waits again each time."""


def close(handle: Any) -> bool:
    """Close a coroutine; tell whether it is still suspended, because it waits again whenever it is closed."""
    for _ in range(_PATIENCE):
        if not is_suspended(handle):
            return False
        try:
            op = handle.throw(GeneratorExit)
        except BaseException:  # noqa: BLE001 - what its cleanup raises
            return False
        for part in op if isinstance(op, tuple) else ():
            if isinstance(part, CoroutineType):  # a task that it would start
                part.close()
    return is_suspended(handle)


def is_suspended(handle: Any) -> bool:
    """Tell whether a coroutine, or a generator used as one, has neither ended nor runs at this moment."""
    if hasattr(handle, "cr_frame"):
        return handle.cr_frame is not None and not handle.cr_running
    return getattr(handle, "gi_frame", None) is not None and not handle.gi_running


def bury(handle: Any) -> None:
    """Keep a coroutine for ever: freeing it would run it once more, and have Python complain on stderr."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(handle))


class _Hook:
    """Python's hook for async generators in this thread: those of scripts are not the loop's."""

    def __init__(self, inner: Callable[[AsyncGenerator[Any, Any]], None]) -> None:
        self._inner = inner

    def __call__(self, generator: Any) -> None:
        if generator.ag_frame is None or not is_script(generator.ag_frame):
            self._inner(generator)


def keep_from_loop() -> None:
    """Have the loop of this thread neither know nor finish the async generators of scripts.

    It would run their cleanup as a task of its own, which cannot wait for our ops, and when it likes to: a script that
    leaves an async generator early uses `contextlib.aclosing`, else its cleanup does not run.
    """
    hooks = sys.get_asyncgen_hooks()
    if hooks.firstiter is None or hooks.finalizer is None or isinstance(hooks.firstiter, _Hook):
        return
    sys.set_asyncgen_hooks(firstiter=_Hook(hooks.firstiter), finalizer=_Hook(hooks.finalizer))
