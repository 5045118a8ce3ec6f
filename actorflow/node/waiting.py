"""Waiting for replies: the bridge from the callbacks inside a node to the `await` of its front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import trio

from actorflow.errors import TIMEOUT, Error
from actorflow.ports import Outcome

T = TypeVar("T")


class Answer(Generic[T]):
    """A `Reply` that one task waits for."""

    __slots__ = ("_done", "_outcome")

    def __init__(self) -> None:
        """Make an answer that has not come yet."""
        self._done = trio.Event()
        self._outcome = Outcome()

    def __call__(self, outcome: Outcome) -> None:
        """Take the outcome."""
        self._outcome = outcome
        self._done.set()

    @property
    def outcome(self) -> Outcome:
        """What has come; a value of None before that."""
        return self._outcome

    async def wait(self) -> T:
        """Wait for the outcome and return its value; raises its failure as `Error`."""
        await self._done.wait()
        value: T = self._outcome.unwrap()
        return value


async def within(answer: Answer[T], seconds: float | None, what: str, give_up: Callable[[], None] | None = None) -> T:
    """Wait for an answer, at most `seconds`; when the wait ends without one, `give_up` is called.

    Raises:
        Error: kind Timeout, naming what was waited for; else the answer's own failure.
    """
    try:
        with trio.fail_after(float("inf") if seconds is None else seconds):
            return await answer.wait()
    except trio.TooSlowError:
        if give_up is not None:
            give_up()
        raise Error(f"{what} timed out after {seconds} s", TIMEOUT) from None
    except trio.Cancelled:
        if give_up is not None:
            give_up()
        raise
