"""Names of processes: `process.registry.register("clock")`, `await process.registry.lookup("clock")`.

A name is freed when its process ends, before its watchers hear of it.
"""

from __future__ import annotations

import types
from collections.abc import Generator
from typing import Any, Final

from actorflow.machine.op import Op
from actorflow.script.current import identity

_NAME: Final = Op.NAME


@types.coroutine
def register(name: str, pid: str = "") -> Generator[tuple[Any, ...], Any, None]:
    """Give a process a name: this one, or `pid`.

    Raises:
        Error: kind AlreadyExists, when another process has it.
    """
    yield (_NAME, "register", name, pid or identity().pid)


@types.coroutine
def lookup(name: str) -> Generator[tuple[Any, ...], Any, str]:
    """Return the PID that has this name.

    Raises:
        Error: kind NotFound, when none has.
    """
    pid: str = yield (_NAME, "lookup", name, "")
    return pid


@types.coroutine
def unregister(name: str) -> Generator[tuple[Any, ...], Any, bool]:
    """Free a name, whoever has it; tell whether somebody had."""
    return bool((yield (_NAME, "unregister", name, "")))
