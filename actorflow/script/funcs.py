"""Calling registered functions, where all direct I/O lives.

    price = await funcs.call("shop:price", item)
    quote = await funcs.call("shop:quote", order, returns=Quote)
    future = funcs.async_("shop:mail", order)
    ...
    await future

On a durable host a call is recorded: its result is never asked for twice. Options that are durations are seconds, a
`timedelta` or text.
"""

from __future__ import annotations

import types
from collections.abc import Generator, Mapping
from typing import Any, Final, Generic, TypeVar, overload

from actorflow.errors import Error, Failure
from actorflow.machine import request
from actorflow.machine.op import Op
from actorflow.script.argument import instance, mapping, text
from actorflow.script.channel import Channel, Wait, WaitFor
from actorflow.script.ctx import passed_on
from actorflow.script.current import ask
from actorflow.script.options import prepared
from actorflow.script.record import build, plain_args
from actorflow.script.security import ACTOR, SCOPE, Actor, Scope
from actorflow.value import Opaque

R = TypeVar("R")

_CALL: Final = Op.CALL
_ASYNC: Final = Op.ASYNC
_NO_OPTIONS: Final[Mapping[str, Any]] = types.MappingProxyType({})


class Future(Opaque, Generic[R]):
    """A call that was started and not waited for: `await` it, or receive from `response()`."""

    __slots__ = ("_future", "_returns", "channel")

    def __init__(self, future: request.Future, returns: Any = None) -> None:
        self._future = future
        self._returns = returns
        self.channel: Channel[R | Error] = Channel(future.channel, self._seen)

    def __await__(self) -> WaitFor[R]:
        state, value = ask((Op.FUTURE_STATE, self._future))
        if state == "pending":
            yield (Op.RECEIVE, self._future.channel)  # the item is read off the future: several may wait
            state, value = ask((Op.FUTURE_STATE, self._future))
        if state == "done":
            found: R = self._seen(value)
            return found
        raise Error(value)

    async def result(self) -> R:
        """Wait for the answer and return it; the same as `await future`.

        Raises:
            Error: what the function failed with; kind Canceled when the future was cancelled.
        """
        return await self

    def response(self) -> Channel[R | Error]:
        """Return the channel that delivers the answer once and closes; a failed call delivers its `Error`."""
        return self.channel

    def cancel(self) -> bool:
        """Give the call up; tell whether it was still open. The function is cancelled."""
        return bool(ask((Op.FUTURE_CANCEL, self._future)))

    @property
    def done(self) -> bool:
        """Whether an answer came, or the future was cancelled."""
        return self._future.state != "pending"

    @property
    def cancelled(self) -> bool:
        """Whether the future was cancelled."""
        return self._future.state == "canceled"

    def _seen(self, value: Any) -> Any:
        if type(value) is Failure:
            return Error(value)
        return value if self._returns is None else build(self._returns, value, "result")


class Executor:
    """Calls with options and context values of their own. Immutable: each `with_…` returns a new one."""

    __slots__ = ("_options",)

    def __init__(self, options: Mapping[str, Any] = _NO_OPTIONS) -> None:
        self._options = options

    def with_options(self, options: Mapping[str, Any] | None = None, **more: Any) -> Executor:
        """Return an executor with these options over its own, e.g. `retry={"max_attempts": 3}`, `timeout=5`."""
        return Executor({**self._options, **prepared({**mapping("with_options", "options", options), **more})})

    def with_context(self, values: Mapping[str, Any] | None = None, **more: Any) -> Executor:
        """Return an executor whose calls see these context values over the caller's."""
        return self._with(passed_on({**mapping("with_context", "values", values), **more}))

    def with_actor(self, actor: Actor) -> Executor:
        """Return an executor whose calls run as this actor."""
        return self._with({ACTOR: instance("with_actor", Actor, actor).plain()})

    def with_scope(self, scope: Scope) -> Executor:
        """Return an executor whose calls run in this scope."""
        return self._with({SCOPE: instance("with_scope", Scope, scope).plain()})

    def _with(self, values: Mapping[str, Any]) -> Executor:
        return Executor({**self._options, "context": {**self._options.get("context", {}), **values}})

    @overload
    async def call(self, target: str, *args: Any) -> Any: ...
    @overload
    async def call(self, target: str, *args: Any, returns: type[R]) -> R: ...
    @types.coroutine
    def call(self, target: str, *args: Any, returns: Any = None) -> Wait:
        """Call the function `target` (`namespace:name`) and return its value.

        Args:
            target: registry id of the function.
            args: its positional arguments; dataclasses become maps.
            returns: a type to build the value as, e.g. a dataclass.

        Raises:
            Error: what the function failed with, or why it could not be called.
        """
        if type(target) is not str or not target.isascii():
            target = text("funcs.call", "function id", target)
        value = yield (_CALL, target, plain_args(args), self._options)
        return value if returns is None else build(returns, value, "result")

    @overload
    def async_(self, target: str, *args: Any) -> Future[Any]: ...
    @overload
    def async_(self, target: str, *args: Any, returns: type[R]) -> Future[R]: ...
    def async_(self, target: str, *args: Any, returns: Any = None) -> Future[Any]:
        """Start a call and return its future at once.

        Raises:
            Error: kind Invalid for what makes no sense, PermissionDenied; the future brings all else.
        """
        target = text("funcs.async_", "function id", target)
        return Future(ask((_ASYNC, target, plain_args(args), self._options)), returns)


_PLAIN: Final = Executor()


@overload
async def call(target: str, *args: Any) -> Any: ...
@overload
async def call(target: str, *args: Any, returns: type[R]) -> R: ...
@types.coroutine
def call(target: str, *args: Any, returns: Any = None) -> Generator[tuple[Any, ...], Any, Any]:
    """Call the function `target` (`namespace:name`) and return its value.

    Args:
        target: registry id of the function.
        args: its positional arguments; dataclasses become maps.
        returns: a type to build the value as, e.g. a dataclass.

    Raises:
        Error: what the function failed with, or why it could not be called.
    """
    if type(target) is not str or not target.isascii():
        target = text("funcs.call", "function id", target)
    value = yield (_CALL, target, plain_args(args), _NO_OPTIONS)
    return value if returns is None else build(returns, value, "result")


@overload
def async_(target: str, *args: Any) -> Future[Any]: ...
@overload
def async_(target: str, *args: Any, returns: type[R]) -> Future[R]: ...
def async_(target: str, *args: Any, returns: Any = None) -> Future[Any]:
    """Start a call and return its future at once.

    Raises:
        Error: kind Invalid for what makes no sense, PermissionDenied; the future brings all else.
    """
    return _PLAIN.async_(target, *args, returns=returns)


def new() -> Executor:
    """Return an executor without options."""
    return _PLAIN


with_options = _PLAIN.with_options
with_context = _PLAIN.with_context
with_actor = _PLAIN.with_actor
with_scope = _PLAIN.with_scope
