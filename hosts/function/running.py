"""One attempt of a Python function, and the ways to run it that leave the node's own loop."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.duration import SECOND
from actorflow.errors import CANCELED, Error, Failure
from actorflow.ports import CallRequest, Outcome, Reply
from actorflow.script.ctx import CALL, CallContext, unheard
from actorflow.script.current import CURRENT
from actorflow.value import Limits, copy_failure, copy_value
from hosts.function.failing import failure_in
from hosts.function.performing import beater, caller_of, from_trio, performer

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.node.operation import Caller
    from hosts.function.runners import Runner


_TRIO: Final = Path(trio.__file__).parent
_STOPPED: Final = Failure("operation canceled", CANCELED, retryable=False)


class Attempt:
    """One attempt: a runner runs it, and it answers once, unless it is given up."""

    __slots__ = ("_caller", "_given_up", "_limits", "_node", "_reply", "_request", "_run", "_scope", "_way")

    def __init__(  # noqa: PLR0913, PLR0917 - what a call is made of
        self,
        node: Node,
        request: CallRequest,
        reply: Reply,
        way: str,
        run: Callable[[], Awaitable[Any]],
        limits: Limits,
    ) -> None:
        """Make an attempt that has not begun; the value or exception of `run` is the answer.

        `way` is that of the entry's `run`, by which operations are asked for; `limits` hold for the value.
        """
        self._limits = limits
        self._node = node
        self._request = request
        self._reply = reply
        self._way = way
        self._run = run
        self._scope: trio.CancelScope | None = None
        self._caller: Caller | None = None
        self._given_up = False  # beside the scope, which must not be asked from other threads

    def give_up(self) -> None:
        """Cancel it, or never begin it; no answer comes, unless that is to be late: then it comes when it has ended."""
        self._given_up = True
        if self._scope is not None and not (self._request.late and self._way == "thread"):
            self._scope.cancel()

    async def serve(self, runner: Runner) -> None:
        """Run it with the facts of the call in `ctx`."""
        if self._given_up:
            self._end_late(Outcome(failure=_STOPPED))
            return
        self._scope = runner.scope
        CURRENT.set(None)  # what the node does in the middle of a script's step inherits the script's context
        CALL.set(self._context())
        try:
            outcome = Outcome(await self._run())
        except BaseException as error:
            if runner.closing or self._is_not_its_own(error):
                if not runner.closing:
                    self._end_late(Outcome(failure=_STOPPED))
                raise
            outcome = Outcome(failure=failure_in(error))
        finally:
            self._scope = None
            if self._caller is not None:
                self._caller.end()
        if self._is_given_up():
            self._end_late(outcome)
        else:
            self._reply(self._checked(outcome))

    def _end_late(self, outcome: Outcome) -> None:
        """Answer after it was given up, if somebody waits for that."""
        if self._given_up and self._request.late:
            self._reply(self._checked(outcome))

    def _is_not_its_own(self, error: BaseException) -> bool:
        """Tell whether somebody else ends this task: trio, or a ^C, which is raised on the main thread."""
        if isinstance(error, BaseExceptionGroup):
            return any(self._is_not_its_own(part) for part in error.exceptions)
        return isinstance(error, trio.Cancelled) or (
            self._way == "trio" and isinstance(error, KeyboardInterrupt) and _is_pressed(error)
        )

    def _checked(self, outcome: Outcome) -> Outcome:
        if outcome.failure is not None:
            return Outcome(failure=copy_failure(outcome.failure, self._limits, self._node.notices))
        try:
            copied = copy_value(outcome.value, self._limits, self._node.notices)
        except Error as error:
            message = f"result of {self._request.target}: {error.message}"
            return Outcome(failure=Error(message, error.kind, error.retryable, error.details).failure)
        return outcome if copied is outcome.value else Outcome(copied)

    def _context(self) -> CallContext:
        request = self._request
        perform = self._perform if self._way == "trio" else performer(self._way, self._node, self._made_caller())
        return CallContext(
            request.invocation_id,
            request.attempt,
            request.context,
            request.target,
            request.caller,
            self._is_given_up,
            self._note,
            perform,
            request.heartbeat,
            request.deadline / SECOND if request.deadline else None,
            unheard if request.beat is None else beater(self._way, request.beat, self._limits),
        )

    def _is_given_up(self) -> bool:
        return self._given_up

    def _note(self, level: str, text: str, fields: Mapping[str, Any]) -> None:
        self._node.note(level, text, {**fields, "function": self._request.target})

    def _perform(self, name: str, args: tuple[Any, ...]) -> Awaitable[Any]:
        return from_trio(self._node, self._made_caller(), name, args)

    def _made_caller(self) -> Caller:
        """Return who this is for operations; most calls ask for none."""
        if self._caller is None:
            self._caller = caller_of(self._request, self._node)
        return self._caller


def _is_pressed(error: KeyboardInterrupt) -> bool:
    """Tell whether a ^C may have raised this, and not the function: trio does it in code of its own."""
    lines = traceback.extract_tb(error.__traceback__)
    by_trio = bool(lines) and Path(lines[-1].filename).is_relative_to(_TRIO)
    return by_trio or signal.getsignal(signal.SIGINT) is signal.default_int_handler


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
