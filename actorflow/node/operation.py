"""Operations: what scripts can do besides calling, sending and spawning, by name, e.g. `store.get`.

Whoever has something to offer adds functions; drivers and function hosts perform them for scripts. A function gets the
caller first and then the script's arguments, copied. It answers at once, or is an `async def` that runs in a trio task
of its own and is cancelled when nobody waits for it any more. Its result is copied too.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction, signature
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, NamedTuple

import trio

from actorflow.errors import Error, failure_of, invalid
from actorflow.node.action import action_of
from actorflow.node.guard import ACTOR, SCOPE
from actorflow.node.suggest import did_you_mean
from actorflow.notice import Notice, NoticeSink
from actorflow.ports import Identity, Outcome, Reply
from actorflow.value import Value, copy_value

if TYPE_CHECKING:
    from actorflow.node.node import Node


class Caller:
    """Who asks for an operation: a process, or one attempt of a Python function, which has no PID.

    Attributes:
        identity: who it is.
    """

    __slots__ = ("_ids", "_notices", "_over", "_releases", "identity")

    def __init__(self, identity: Identity, notices: NoticeSink) -> None:
        """Make a caller that holds nothing; `notices` are told of releases that fail."""
        self.identity = identity
        self._notices = notices
        self._releases: dict[int, Callable[[], object]] = {}
        self._ids = itertools.count()
        self._over = False

    @property
    def pid(self) -> str:
        """PID of the process, or "" for a Python function."""
        return self.identity.pid

    @property
    def entry(self) -> str:
        """Registry id of what runs."""
        return self.identity.entry

    @property
    def host(self) -> str:
        """Registry id of its host, or "" for a Python function."""
        return self.identity.host

    @property
    def context(self) -> Mapping[str, Value]:
        """Values inherited from the spawner or caller."""
        return self.identity.context

    @property
    def actor(self) -> Value:
        """The security actor it runs as, as plain data, or None."""
        return self.identity.context.get(ACTOR)

    @property
    def scope(self) -> Value:
        """The security scope it runs in, as plain data, or None."""
        return self.identity.context.get(SCOPE)

    def release(self, action: Callable[[], object]) -> Callable[[], None]:
        """Call `action` when the process or function run ends, or its script is replaced; the last one given first.

        When it is over already that is now. Returns what takes the wish back.
        """
        if self._over:
            self._call(action)
            return _nothing
        number = next(self._ids)
        self._releases[number] = action

        def take_back() -> None:
            self._releases.pop(number, None)

        return take_back

    def end(self) -> None:
        """Do what was to be done at the end; a second end is nothing."""
        self._over = True
        while self._releases:
            self._call(self._releases.popitem()[1])

    def _call(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - one that fails must not keep the others from being released
            self._notices(Notice("internal-error", f"release failed: {failure_of(error).message}", self.entry))


class _Operation(NamedTuple):
    """A function with how many arguments it takes after the caller, at least and at most."""

    function: Callable[..., Any]
    is_async: bool
    least: int
    most: int

    @classmethod
    def of(cls, function: Callable[..., Any]) -> _Operation:
        """Read the signature of a function."""
        parameters = list(signature(function).parameters.values())[1:]
        positional = [one for one in parameters if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
        least = sum(one.default is one.empty for one in positional)
        most = sys.maxsize if any(one.kind is one.VAR_POSITIONAL for one in parameters) else len(positional)
        return cls(function, iscoroutinefunction(function), least, most)

    def fitted(self, args: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return as many arguments as it takes, as a call in Lua does: further ones are dropped, missing ones nil."""
        return (*args[: self.most], *[None] * (self.least - len(args)))


class Operations:
    """The operations of one node."""

    def __init__(self, node: Node) -> None:
        """Offer nothing."""
        self._node = node
        self._table: dict[str, _Operation] = {}

    def __contains__(self, name: object) -> bool:
        """Tell whether there is an operation of this name."""
        return name in self._table

    def add(self, name: str, function: Callable[..., Any]) -> None:
        """Offer `function(caller, *args)`, a `def` that answers at once or an `async def`; names are used once.

        Raises:
            ValueError: when there is an operation of this name already.
        """
        if name in self._table:
            raise ValueError(f"there is an operation {name!r} already")
        self._table[name] = _Operation.of(function)

    def names(self) -> list[str]:
        """Return the names of all operations."""
        return list(self._table)

    def perform(self, name: str, caller: Caller, args: tuple[Value, ...], reply: Reply) -> Callable[[], None]:
        """Do an operation; the reply, at once or later, has its result. Never raises.

        Returns what gives it up: then it is cancelled and no reply comes.
        """
        operation = self._table.get(name)
        if operation is None:
            reply(Outcome(failure=self._unknown(name).failure))
            return _nothing
        args = operation.fitted(args)
        if self._node.guard.watches(caller.context):
            try:
                self._check(name, caller, args)
            except Error as error:
                reply(Outcome(failure=error.failure))
                return _nothing
        if not operation.is_async:
            reply(self._outcome(name, lambda: operation.function(caller, *args)))
            return _nothing
        scope = trio.CancelScope()
        self._node.nursery.start_soon(self._run, scope, name, operation.function, (caller, *args), reply)
        return scope.cancel

    def _check(self, name: str, caller: Caller, args: tuple[Value, ...]) -> None:
        found = action_of(name, args)
        if found is not None:
            self._node.guard.check(caller.context, *found)

    async def _run(  # what a trio task is given
        self, scope: trio.CancelScope, name: str, function: Callable[..., Any], args: tuple[Any, ...], reply: Reply
    ) -> None:
        with scope:
            try:
                value = await function(*args)
            except Exception as error:  # noqa: BLE001 - the answer
                outcome = self._failed(name, error)
            else:
                outcome = self._outcome(name, lambda: value)
            reply(outcome)

    def _outcome(self, name: str, ask: Callable[[], Value]) -> Outcome:
        try:
            return Outcome(copy_value(ask(), self._node.limits, self._node.notices))
        except Exception as error:  # noqa: BLE001 - the answer
            return self._failed(name, error)

    def _failed(self, name: str, error: Exception) -> Outcome:
        """Return a failed operation; what is no `Error` is a bug of ours, so the operator is told where it was."""
        failure = failure_of(error)
        if not isinstance(error, Error):
            frame = extract_tb(error.__traceback__)[-1]
            self._node.notices(
                Notice("internal-error", f"{name}: {failure.message}", f"{frame.filename}:{frame.lineno}")
            )
        return Outcome(failure=failure)

    def _unknown(self, name: str) -> Error:
        return invalid(
            f"operation {name!r} is not known on this node{did_you_mean(name, ('io', 'upgrade', *self._table))}"
        )


def _nothing() -> None:
    """Give up what has already been answered."""
