"""Conditions: waiting until something that the process knows has come true."""

from __future__ import annotations

import inspect
import types
from collections.abc import Awaitable, Callable
from typing import Any

from actorflow.errors import invalid
from actorflow.machine.op import Op
from actorflow.script import time
from actorflow.script.channel import Channel, Wait, select
from actorflow.script.time import Duration

Condition = Callable[[], Any] | Callable[[], Awaitable[Any]]


async def wait_until(
    name: str | Condition,
    condition: Condition | None = None,
    *,
    every: Duration | None = None,
    timeout: Duration | None = None,  # noqa: ASYNC109 - recorded as a timer of the process, not the event loop's
) -> bool:
    """Wait until `condition()` is true; return True then, False when `timeout` (seconds, or text) is over first.

    It is looked at now, and again whenever another task of this process has run, which is the only time that what it
    looks at can have changed: nothing is polled. With `every` it is looked at that often besides, for a condition that
    calls functions. `name` is what `actorflow run why` shows.

    Raises:
        Error: kind Invalid, when `condition` is no function or a duration none; what the condition raises.
    """
    label, look = ("", name) if condition is None else (name, condition)
    if not isinstance(label, str) or not callable(look):
        raise invalid(f"workflow.wait_until: got {name!r:.80}, {condition!r:.80}, expected [a name and] a function")
    if await _holds(look):
        return True
    changes: Channel[Any] = Channel(await _changes(label))
    ticker = None if every is None else time.ticker(every)
    deadline = None if timeout is None else time.timer(timeout)
    cases = [changes, *(timer.channel for timer in (ticker, deadline) if timer is not None)]
    try:
        while not await _holds(look):
            chosen = await select(*cases)
            if deadline is not None and chosen.channel is deadline.channel:
                return await _holds(look)
        return True
    finally:
        changes.close()
        for timer in (ticker, deadline):
            if timer is not None:
                timer.stop()


async def _holds(look: Callable[[], Any]) -> bool:
    answer = look()
    return bool(await answer if inspect.isawaitable(answer) else answer)


@types.coroutine
def _changes(name: str) -> Wait:
    return (yield (Op.CHANGES, name))
