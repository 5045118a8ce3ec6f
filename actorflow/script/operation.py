"""Operations of the node from Python scripts: what the modules for stores, queues and the like are made of.

They are awaited in processes and in `async def` functions; a `def` function, which runs in a thread, waits for them
with `wait(store.get("app:cache"))`.
"""

from __future__ import annotations

import types
from collections.abc import Awaitable, Generator
from typing import Any, TypeVar

from actorflow.errors import invalid
from actorflow.machine.op import Op
from actorflow.script.ctx import CALL
from actorflow.script.current import CURRENT, outside
from actorflow.script.record import plain_args

T = TypeVar("T")


def perform(name: str, *args: Any) -> Awaitable[Any]:
    """Ask the node for an operation; dataclasses become maps. Awaited, it gives the operation's value.

    Raises:
        Error: what the operation refuses; kind Invalid outside of processes and functions, on a durable host that
            cannot record the operation, and in a function with `run: process`.
    """
    plain = plain_args(args)
    if CURRENT.get(None) is not None:
        return _asked(name, plain)
    call = CALL.get(None)
    if call is None:
        raise outside()
    return call.perform(name, plain)


@types.coroutine
def _asked(name: str, args: tuple[Any, ...]) -> Generator[tuple[Any, ...], Any, Any]:
    return (yield (Op.PERFORM, name, args))


def wait(awaited: Awaitable[T]) -> T:
    """Wait, in a `def` function, for what an `async def` would await; the thread of the function is blocked.

    Raises:
        Error: what the operation refuses; kind Invalid where it must be awaited instead.
    """
    steps = awaited.__await__()
    try:
        next(steps)
    except StopIteration as end:
        value: T = end.value
        return value
    steps.close()
    raise invalid("wait() is for a `def` function, which runs in a thread; here, use `await`")
