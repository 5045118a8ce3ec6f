"""Which process runs now: how the calls of the script API that do not wait find their machine.

The language sets `CURRENT` in the context of each process. A call that may wait is an awaitable and needs none of
this; a call that never waits (`time.now()`, `channel.new()`, `process.inbox()`) asks its machine directly.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final, Protocol

from actorflow.errors import Error, invalid
from actorflow.machine.op import Op
from actorflow.ports import Identity


class Running(Protocol):
    """A running script, as the script API sees it.

    Attributes:
        asked: how often it has asked for something without waiting.
        handling: how many updates are under way.
    """

    asked: int
    handling: int

    @property
    def progress(self) -> int:
        """What changes with every op while no other fact is fed."""
        ...

    def ask(self, op: tuple[Any, ...]) -> Any:
        """Have the machine answer an op that never waits.

        Raises:
            Error: what the machine or its driver refuses.
        """
        ...

    def set_handler(self, kind: str, name: str, function: Callable[..., Any]) -> None:
        """Have a function answer for the process outside of its tasks: a query, or what judges or answers an update."""
        ...

    def post(self, dest: str, topic: str, payloads: tuple[Any, ...]) -> bool:
        """Send a message if that is nothing but a delivery; False when it has to be asked for with an op."""
        ...


CURRENT: Final[ContextVar[Running | None]] = ContextVar("actorflow.process")


def running() -> Running:
    """Return the process that runs now.

    Raises:
        Error: kind Invalid, outside of a process: at the top level of a module, or in a function.
    """
    process = CURRENT.get(None)
    if process is None:
        raise outside()
    return process


def outside() -> Error:
    """Return the error for a call that needs a process where there is none."""
    return invalid(
        "no process runs here: the calls of actorflow.script work inside the entry function of a process or "
        "workflow and what it calls, not at the top level of a module and not in a function.py; "
        "move the call into `main`"
    )


def ask(op: tuple[Any, ...]) -> Any:
    """Have the machine of the running process answer an op that never waits.

    Raises:
        Error: what the machine or its driver refuses; kind Invalid outside of a process.
    """
    process = CURRENT.get(None)
    if process is None:
        raise outside()
    return process.ask(op)


def identity() -> Identity:
    """Return who the running process is.

    Raises:
        Error: kind Invalid, outside of a process.
    """
    answer: Identity = ask((Op.IDENTITY,))
    return answer
