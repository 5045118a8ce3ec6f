"""Names of processes: `process.registry.register("clock")`, `await process.registry.lookup("clock")`.

A name is freed when its process ends, before its watchers hear of it.
"""

from __future__ import annotations

import types
from collections.abc import Generator
from typing import Any, Final

from actorflow.machine.op import Op
from actorflow.script.argument import text, whole
from actorflow.script.current import identity

LOCAL: Final = 0
EVENTUAL: Final = 1
CONSISTENT: Final = 2
STRONG: Final = 3
"""The scopes of names: which nodes know one, and how sure it is that nobody else has it. Alone there is LOCAL only."""

_NAME: Final = Op.NAME
_PERFORM: Final = Op.PERFORM
_PREFIX: Final = "process.registry."


@types.coroutine
def register(name: str, pid: str = "", scope: int = LOCAL) -> Generator[tuple[Any, ...], Any, None]:
    """Give a process a name: this one, or `pid`.

    Raises:
        Error: kind AlreadyExists when another process has it; Internal for a scope that this node does not have;
            Unavailable when it cannot be decided now whether another process has it.
    """
    name, scope = text("register", "name", name), whole("register", "scope", scope)
    own = text("register", "PID", pid) or identity().pid
    yield (_NAME, "register", name, own) if scope == LOCAL else (_PERFORM, f"{_PREFIX}register", (name, own, scope))


@types.coroutine
def lookup(name: str) -> Generator[tuple[Any, ...], Any, str]:
    """Return the PID that has this name.

    Raises:
        Error: kind NotFound, when none has.
    """
    pid: str = yield (_NAME, "lookup", text("lookup", "name", name), "")
    return pid


@types.coroutine
def unregister(name: str, scope: int = LOCAL) -> Generator[tuple[Any, ...], Any, bool]:
    """Free a name, whoever has it; tell whether somebody had."""
    name, scope = text("unregister", "name", name), whole("unregister", "scope", scope)
    own = (_NAME, "unregister", name, "") if scope == LOCAL else (_PERFORM, f"{_PREFIX}unregister", (name, scope))
    return bool((yield own))
