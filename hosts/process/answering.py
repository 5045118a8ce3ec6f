"""Replies of a process host: of what is done at once, and of async functions that scripts run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import trio

from actorflow.errors import Error, failure_of
from actorflow.ports import Outcome, Reply
from actorflow.value import Value


async def run_io(scope: trio.CancelScope, function: Callable[[], Awaitable[Any]], reply: Reply) -> None:
    """Run an async function of a script within a scope; its result, or what it raises, is the reply."""
    with scope:
        try:
            outcome = Outcome(await function())
        except Exception as error:  # noqa: BLE001 - whatever the script's own code raises is its answer
            outcome = Outcome(failure=failure_of(error))
        reply(outcome)


def answer(reply: Reply, action: Callable[..., Value], *args: Any) -> None:
    """Reply what an action gives, or the error it raises."""
    try:
        value = action(*args)
    except Error as error:
        reply(Outcome(failure=error.failure))
    else:
        reply(Outcome(value))
