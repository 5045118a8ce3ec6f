"""The spawner: starting processes with a name, messages, context values or host options."""

from __future__ import annotations

import types
from collections.abc import Generator, Mapping
from typing import Any, Final, TypeVar, overload

from actorflow.errors import invalid
from actorflow.machine.op import Op
from actorflow.ports import SpawnRequest
from actorflow.script.argument import instance, mapping, text
from actorflow.script.channel import Wait
from actorflow.script.ctx import passed_on
from actorflow.script.current import identity
from actorflow.script.options import prepared
from actorflow.script.record import build, plain, plain_args
from actorflow.script.security import ACTOR, SCOPE, Actor, Scope

_NOTHING: Final[Mapping[str, Any]] = types.MappingProxyType({})
R = TypeVar("R")
Pid = Generator[tuple[Any, ...], Any, str]


class Spawner:
    """Starts processes. Immutable: each `with_…` returns a new one, so one can be kept and varied."""

    __slots__ = ("_context", "_messages", "_name", "_options")

    def __init__(
        self,
        context: Mapping[str, Any] = _NOTHING,
        options: Mapping[str, Any] = _NOTHING,
        name: str = "",
        messages: tuple[tuple[str, tuple[Any, ...]], ...] = (),
    ) -> None:
        self._context = context
        self._options = options
        self._name = name
        self._messages = messages

    def with_context(self, values: Mapping[str, Any] | None = None, **more: Any) -> Spawner:
        """Add context values, over the spawner's own that are inherited anyway."""
        context = {**self._context, **plain(passed_on({**mapping("with_context", "values", values), **more}))}
        return Spawner(context, self._options, self._name, self._messages)

    def with_actor(self, actor: Actor) -> Spawner:
        """Start processes as this actor in place of the spawner's own."""
        return Spawner(
            {**self._context, ACTOR: instance("with_actor", Actor, actor).plain()},
            self._options,
            self._name,
            self._messages,
        )

    def with_scope(self, scope: Scope) -> Spawner:
        """Start processes in this scope in place of the spawner's own."""
        return Spawner(
            {**self._context, SCOPE: instance("with_scope", Scope, scope).plain()},
            self._options,
            self._name,
            self._messages,
        )

    def with_options(self, options: Mapping[str, Any] | None = None, **more: Any) -> Spawner:
        """Add options for the host, e.g. `{"workflow.id": "order-7"}`; hosts ignore what they do not know."""
        merged = {**self._options, **prepared({**mapping("with_options", "options", options), **more})}
        return Spawner(self._context, merged, self._name, self._messages)

    def with_name(self, name: str) -> Spawner:
        """Register this name for the process. If it is taken nothing starts, and its holder's PID is the answer."""
        if not isinstance(name, str) or not name:
            raise invalid(f"with_name: got {name!r}, expected a non-empty text")
        return Spawner(self._context, self._options, text("with_name", "name", name), self._messages)

    def with_message(self, topic: str, *payloads: Any) -> Spawner:
        """Add a message that is delivered right after the start, in order.

        Raises:
            Error: kind Invalid, for an empty topic or one of the system's own.
        """
        if not isinstance(topic, str) or not topic or topic.startswith("@"):
            raise invalid(f"with_message: got topic {topic!r}, expected a non-empty text that does not begin with @")
        messages = (*self._messages, (text("with_message", "topic", topic), plain_args(payloads)))
        return Spawner(self._context, self._options, self._name, messages)

    @types.coroutine
    def spawn(self, entry: str, host: str = "", *args: Any) -> Pid:
        """Start a process and return its PID, before its first line runs.

        Args:
            entry: registry id of what to run.
            host: registry id of the host; `""` is the host of the caller.
            args: positional arguments of its entry function; dataclasses become maps.

        Raises:
            Error: kind NotFound for an unknown entry or host, Invalid for an entry that cannot run there.
        """
        pid: str = yield (Op.SPAWN, self._request(entry, host, args))
        return pid

    @types.coroutine
    def spawn_monitored(self, entry: str, host: str = "", *args: Any) -> Pid:
        """Start a process whose end arrives on `process.events()` as EXIT; see `spawn`."""
        pid: str = yield (Op.SPAWN, self._request(entry, host, args, monitor=True))
        return pid

    @types.coroutine
    def spawn_linked(self, entry: str, host: str = "", *args: Any) -> Pid:
        """Start a process linked to this one: when one fails, so does the other; see `spawn`."""
        pid: str = yield (Op.SPAWN, self._request(entry, host, args, link=True))
        return pid

    @types.coroutine
    def spawn_linked_monitored(self, entry: str, host: str = "", *args: Any) -> Pid:
        """Start a process both linked and monitored; see `spawn`."""
        pid: str = yield (Op.SPAWN, self._request(entry, host, args, monitor=True, link=True))
        return pid

    @overload
    async def exec(self, entry: str, host: str = "", *args: Any) -> Any: ...
    @overload
    async def exec(self, entry: str, host: str = "", *args: Any, returns: type[R]) -> R: ...
    @types.coroutine
    def exec(self, entry: str, host: str = "", *args: Any, returns: Any = None) -> Wait:
        """Start a process, wait for its end, and return its result, built as `returns` if given.

        Raises:
            Error: what the process failed with, or why it could not start.
        """
        value = yield (Op.EXEC, self._request(entry, host, args))
        return value if returns is None else build(returns, value, "result")

    def _request(
        self, entry: str, host: str, args: tuple[Any, ...], *, monitor: bool = False, link: bool = False
    ) -> SpawnRequest:
        who = identity()
        return SpawnRequest(
            entry if type(entry) is str and entry.isascii() else text("spawn", "entry", entry),
            host if type(host) is str and host.isascii() else text("spawn", "host", host),
            plain_args(args) if args else (),
            self._name,
            self._messages,
            {**who.context, **self._context} if self._context else who.context,
            self._options,
            who.pid,
            monitor,
            link,
        )
