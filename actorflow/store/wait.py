"""Waiting in a trio task for an answer that a callback brings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import trio

T = TypeVar("T")


async def answer(ask: Callable[[Callable[[Any], None]], None], *, abandon: bool) -> Any:
    """Call `ask(callback)`, wait until the callback is called in this thread, and return what it was called with.

    The callback must not be called before `ask` has returned. An exception it is called with is raised.

    Args:
        ask: starts the work.
        abandon: whether a cancelled task stops waiting; otherwise it waits for the answer and is cancelled at its
            next checkpoint.
    """
    await trio.lowlevel.checkpoint_if_cancelled()
    task: trio.lowlevel.Task | None = trio.lowlevel.current_task()
    answers: list[Any] = []

    def answered(value: Any) -> None:
        if task is not None:
            answers.append(value)
            trio.lowlevel.reschedule(task)

    def abort(_raise_cancel: object) -> trio.lowlevel.Abort:
        nonlocal task
        if not abandon:
            return trio.lowlevel.Abort.FAILED
        task = None
        return trio.lowlevel.Abort.SUCCEEDED

    ask(answered)
    await trio.lowlevel.wait_task_rescheduled(abort)
    if isinstance(answers[0], BaseException):
        raise answers[0]
    return answers[0]
