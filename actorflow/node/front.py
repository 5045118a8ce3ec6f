"""What applications ask of a node: to start processes, reach them and wait for them, and to call functions."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Required, TypedDict, Unpack

import trio

from actorflow.errors import NOT_FOUND, TIMEOUT, Error, invalid, well_formed
from actorflow.hosting import Host, ProcessInfo, Reaching
from actorflow.machine.subscription import checked_topic
from actorflow.names import is_pid
from actorflow.node.action import call_steps, spawn_steps
from actorflow.node.asker import context_of, judge
from actorflow.node.waiting import Answer, within
from actorflow.notice import NoticeSink
from actorflow.ports import CallRequest, SpawnRequest, Started
from actorflow.value import Limits, Value, copy_value

if TYPE_CHECKING:
    from actorflow.node.calls import Calls
    from actorflow.node.guard import Guard
    from actorflow.node.router import Router

_NOTHING: Final[Mapping[str, Value]] = MappingProxyType({})


class Spawning(TypedDict, total=False):
    """How a process is started.

    `host` is the registry id of its host, `args` are positional, `messages` pairs of topic and payloads that it gets
    first; with a `name` that is taken nothing is started. `context` is what it reads with `ctx`, `options` are the
    host's business. With an `actor` and a `scope` of policies it runs as that one, if the guard lets that one start it.
    """

    host: Required[str]
    args: Iterable[Value]
    name: str
    messages: Iterable[tuple[str, tuple[Value, ...]]]
    context: Mapping[str, Value] | None
    options: Mapping[str, Value] | None
    actor: Mapping[str, Value] | None
    scope: Sequence[str] | None


class Front(ABC):
    """The part of a node that applications use; the other part gives it what it needs."""

    router: Router
    calls: Calls
    hosts: dict[str, Host]
    limits: Limits
    notices: NoticeSink
    guard: Guard

    if TYPE_CHECKING:

        async def durable_host(self, run: str) -> Any:
            """Return the durable host of a run; see `asking`."""

    @abstractmethod
    def new_pid(self, host_part: str) -> str:
        """Return a PID that no process of this node has had or will have."""

    async def spawn(self, entry: str, **request: Unpack[Spawning]) -> str:
        """Start a process and return its PID.

        Raises:
            Error: NotFound for an unknown entry or host, Unavailable for a host that is not running, PermissionDenied
                for an actor that may not, the entry's own fault when it is broken.
        """
        return str((await self.start(entry, **request)).value)

    async def start(self, entry: str, **request: Unpack[Spawning]) -> Started:
        """Start a process like `spawn`, and return how that went beside its PID.

        Raises:
            Error: as `spawn`; AlreadyExists for a workflow id that is held, or has been used, and may not be.
        """
        answer: Answer[Value] = Answer()
        self.router.spawn(self.spawn_request(entry, **request), answer)
        value = await answer.wait()
        outcome = answer.outcome
        return outcome if isinstance(outcome, Started) else Started(value, None, "started")

    async def exec(self, entry: str, *, timeout: float | None = None, **request: Unpack[Spawning]) -> Value:  # noqa: ASYNC109 - part of the public front; None waits for ever
        """Start a process and return its result; raises its failure as `Error`. A time-out leaves it running."""
        answer: Answer[Value] = Answer()
        give_up = self.router.exec(self.spawn_request(entry, **request), answer)
        return await within(answer, timeout, f"exec of {entry}", give_up)

    async def send(self, dest: str, topic: str, *payloads: Value) -> None:
        """Send a message to a PID or registered name; returns once it is as safe as the receiver's host makes it.

        Raises:
            Error: NotFound when there is no such process, Invalid for a payload that cannot cross or a system topic.
        """
        checked_topic(topic, "send to")
        answer: Answer[bool] = Answer()
        self.router.send(dest, topic, self._copied(payloads), "", answer)
        await answer.wait()

    async def cancel(self, dest: str, reason: str = "") -> None:
        """Ask a process to stop; returns when it has been asked, not when it has stopped."""
        answer: Answer[bool] = Answer()
        self.router.cancel(dest, "", reason, answer)
        await answer.wait()

    async def terminate(self, dest: str) -> None:
        """End a process without running any more of its code."""
        answer: Answer[bool] = Answer()
        self.router.terminate(dest, answer)
        await answer.wait()

    async def call(  # noqa: PLR0913 - the parts of a call, and who makes it
        self,
        target: str,
        args: Iterable[Value] = (),
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - part of the public front; None waits for ever
        context: Mapping[str, Value] | None = None,
        options: Mapping[str, Value] | None = None,
        actor: Mapping[str, Value] | None = None,
        scope: Sequence[str] | None = None,
    ) -> Value:
        """Call a registered function and return its result; raises its failure as `Error`.

        A function still running after `timeout` seconds is cancelled, and the error has kind Timeout. With an `actor`
        and a `scope` of policies it runs as that one, if the guard allows `funcs.call`: else kind PermissionDenied.
        """
        own = context_of(actor, scope)
        for step in call_steps(target, {}, own) if own else ():
            judge(self.guard, own, step)
        request = CallRequest(
            target,
            self._copied(args),
            copy_value({**(context or {}), **own}),
            dict(options or {}),
            invocation_id=self.new_pid("call"),
        )
        answer: Answer[Value] = Answer()
        give_up = self.calls.call(request, answer)
        return await within(answer, timeout, f"call of {target}", give_up)

    async def wait(self, dest: str, *, until: str = "", timeout: float | None = None) -> Value:  # noqa: ASYNC109 - see `call`
        """Wait until a process ends and return its result; raises its failure as `Error`, Timeout after `timeout` s.

        With `until` it waits for a state of a durable run instead, by PID, name, workflow id or run id, and returns the
        run as `actorflow run show` does: at once when it is or was in that state, through pauses and further runs of
        its chain. A run that ends without it is an error of kind Conflict.

        An actor that ended before is known for a while if the application spawned it, a durable run for as long as
        its host keeps it.
        """
        if until:
            return await self._reached(dest, until, timeout)
        answer: Answer[Value] = Answer()
        give_up = self.router.watch(await self._pid_of_ended(dest), answer)
        return await within(answer, timeout, f"wait for {dest}", give_up)

    async def _pid_of_ended(self, dest: str) -> str:
        """Return the PID of the run that is meant by the workflow id of one that has ended, or `dest` as it is."""
        try:
            self.router.resolve(dest)
        except Error as error:
            if error.kind == NOT_FOUND and not is_pid(dest):
                with suppress(Error):
                    return str((await self.durable_host(dest)).pid_of(dest))
        return dest

    async def _reached(self, dest: str, until: str, timeout: float | None) -> Value:  # noqa: ASYNC109 - see `call`
        try:
            host, pid = self.router.resolve(dest)
        except Error:
            host, pid = await self.durable_host(dest), dest
        if not isinstance(host, Reaching):
            raise invalid(f"wait until {until!r}: {dest!r} is no durable run; only those have states to wait for")
        with trio.move_on_after(math.inf if timeout is None else timeout):
            return await host.reached(pid, until)
        raise Error(f"wait for {dest} to be {until} timed out after {timeout} s", TIMEOUT, retryable=True)

    def processes(self) -> Iterator[ProcessInfo]:
        """List what is alive on the running hosts."""
        for host in list(self.hosts.values()):
            yield from host.processes()

    def spawn_request(  # noqa: PLR0913 - the parts of a spawn request
        self,
        entry: str,
        *,
        host: str,
        args: Iterable[Value] = (),
        name: str = "",
        messages: Iterable[tuple[str, tuple[Value, ...]]] = (),
        context: Mapping[str, Value] | None = None,
        options: Mapping[str, Value] | None = None,
        actor: Mapping[str, Value] | None = None,
        scope: Sequence[str] | None = None,
    ) -> SpawnRequest:
        """Return what a host gets of a spawn: copies of the values.

        Raises:
            Error: kind Invalid for a value that cannot cross, or a topic of the system; PermissionDenied for an actor
                that may not.
        """
        own = context_of(actor, scope)
        if not name.isascii() and well_formed(name) != name:
            raise invalid(f"spawn of {entry}: got the name {name!a:.80}, expected well-formed Unicode text")
        request = SpawnRequest(
            entry,
            host,
            self._copied(args),
            name,
            tuple((checked_topic(topic, "send to"), self._copied(payloads)) for topic, payloads in messages),
            copy_value({**(context or {}), **own}) if context or own else _NOTHING,
            dict(options) if options else _NOTHING,
        )
        for step in spawn_steps(request, host, request.context, wait=False) if own else ():
            judge(self.guard, own, step)
        return request

    def _copied(self, values: Iterable[Value]) -> tuple[Value, ...]:
        return tuple(copy_value(value, self.limits, self.notices) for value in values)
