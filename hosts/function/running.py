"""One attempt of a Python function, in one of the three ways that stay in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from actorflow.errors import Cancelled, Error
from actorflow.ports import CallRequest, Outcome, Reply
from actorflow.script.ctx import CALL, CallContext
from actorflow.script.current import CURRENT
from actorflow.value import copy_value
from hosts.function.failing import failure_in
from hosts.function.performing import caller_of, performer

if TYPE_CHECKING:
    from actorflow.node.node import Node


class Attempt:
    """One attempt: it runs in a task of its own and answers once, unless it is given up."""

    __slots__ = ("_caller", "_given_up", "_node", "_reply", "_request", "_scope")

    def __init__(self, node: Node, request: CallRequest, reply: Reply) -> None:
        """Make an attempt that has not begun."""
        self._node = node
        self._request = request
        self._reply = reply
        self._scope = trio.CancelScope()
        self._caller = caller_of(request, node)
        self._given_up = False  # beside the scope, which must not be asked from other threads

    def begin(self, run: Callable[[], Awaitable[Any]], way: str) -> Callable[[], None]:
        """Start `run` with the facts of the call in `ctx`; its value or exception is the answer.

        `way` is that of the entry's `run`, by which operations are asked for.

        Returns what gives the attempt up: `run` is cancelled and no answer comes.
        """
        self._node.nursery.start_soon(self._serve, run, way)
        return self._give_up

    def _give_up(self) -> None:
        self._given_up = True
        self._scope.cancel()

    async def _serve(self, run: Callable[[], Awaitable[Any]], way: str) -> None:
        with self._scope:
            CURRENT.set(None)  # a call that a script starts without waiting inherits the script's context
            CALL.set(self._context(way))
            try:
                outcome = Outcome(await run())
            except (Exception, Cancelled, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - the answer
                outcome = Outcome(failure=failure_in(error))
            finally:
                self._caller.end()
            if not self._given_up:
                self._reply(self._checked(outcome))

    def _checked(self, outcome: Outcome) -> Outcome:
        if outcome.failure is not None:
            return outcome
        try:
            return Outcome(copy_value(outcome.value, self._node.limits, self._node.notices))
        except Error as error:
            message = f"result of {self._request.target}: {error.message}"
            return Outcome(failure=Error(message, error.kind, error.retryable, error.details).failure)

    def _context(self, way: str) -> CallContext:
        request, note = self._request, self._node.note
        return CallContext(
            request.invocation_id,
            request.attempt,
            request.context,
            request.target,
            request.caller,
            lambda: self._given_up,
            lambda level, text, fields: note(level, text, {**fields, "function": request.target}),
            performer(way, self._node, self._caller),
        )


def on_trio(function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> Callable[[], Awaitable[Any]]:
    """Run an `async def` in the node's own trio loop."""
    return partial(function, *args)


def in_thread(
    function: Callable[..., Any], args: tuple[Any, ...], limiter: trio.CapacityLimiter
) -> Callable[[], Awaitable[Any]]:
    """Run a `def` in a worker thread. One that is given up runs on in its thread: `ctx.cancelled()` tells it."""
    work = partial(function, *args)
    return partial(trio.to_thread.run_sync, work, abandon_on_cancel=True, limiter=limiter)


def on_asyncio(
    node: Node, function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]
) -> Callable[[], Awaitable[Any]]:
    """Run an `async def` written for asyncio on the node's asyncio thread."""
    return partial(node.asyncio.run, function, *args)
