"""Names of processes: `process.registry.register("clock")`, `await process.registry.lookup("clock")`.

A name is freed when its process ends, before its watchers hear of it.
"""

from __future__ import annotations

import types
from collections.abc import Generator
from typing import Any, Final

from actorflow.errors import INTERNAL, Error, invalid
from actorflow.machine.op import Op
from actorflow.script.current import identity

LOCAL: Final = 0
EVENTUAL: Final = 1
CONSISTENT: Final = 2
STRONG: Final = 3
"""The scopes of names; on a single node there is only LOCAL."""

_NAME: Final = Op.NAME
_SCOPES: Final = {LOCAL: "local", EVENTUAL: "eventual", CONSISTENT: "consistent", STRONG: "strong"}


@types.coroutine
def register(name: str, pid: str = "", scope: int = LOCAL) -> Generator[tuple[Any, ...], Any, None]:
    """Give a process a name: this one, or `pid`.

    Raises:
        Error: kind AlreadyExists when another process has it, Internal for a scope that a single node does not have.
    """
    _check_scope(scope)
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
def unregister(name: str, scope: int = LOCAL) -> Generator[tuple[Any, ...], Any, bool]:
    """Free a name, whoever has it; tell whether somebody had."""
    _check_scope(scope)
    return bool((yield (_NAME, "unregister", name, "")))


def _check_scope(scope: int) -> None:
    if scope not in _SCOPES:
        raise invalid(f"process.registry: got the scope {scope!r}, expected one such as process.registry.LOCAL")
    if scope != LOCAL:
        text = f"{_SCOPES[scope]} registry not available: names are known on one node; use process.registry.LOCAL"
        raise Error(text, INTERNAL, retryable=False)
