"""Runners: how the different kinds of services are started, stopped and ended. What happens when is not theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeAlias

from actorflow.errors import NOT_FOUND, Error, Failure
from actorflow.hosting import Host
from actorflow.names import parse_id
from actorflow.node.node import Node
from actorflow.node.resource import Resource
from actorflow.node.router import is_durable
from actorflow.ports import Outcome
from actorflow.value import Value

Ended: TypeAlias = Callable[[Failure | None], None]
"""Called once when a started run is over: cleanly (None), or with a failure."""

_STOP_REASON: Final = "service stopping"
_GRACE_OF_PROCESSES: Final = 0.9
"""The share of a host's stop time-out that its processes get; what is left is for ending those that did not stop."""


def once(action: Ended) -> Ended:
    """Return what passes on the first end that it hears of, and no other."""
    done = False

    def wrapped(failure: Failure | None) -> None:
        nonlocal done
        if not done:
            done = True
            action(failure)

    return wrapped


class Runner(Protocol):
    """One service as its supervisor moves it."""

    async def start(self, ended: Ended) -> None:
        """Start a run; raises `Error` when that cannot be, and then `ended` is not called."""
        ...

    async def stop(self, grace: float) -> None:
        """Ask the run to stop, with `grace` seconds for it to do so; `ended` follows."""
        ...

    async def kill(self) -> None:
        """End the run without asking; `ended` may or may not follow."""
        ...

    def amend(self, given: Any) -> bool:
        """Go on as `given`, a runner of the same service as it is written now, would run it; False: start it anew."""
        ...


class HostRunner:
    """Runs a host entry."""

    def __init__(self, node: Node, host_id: str, make: Callable[[], Host], config: Any = None) -> None:
        """Run what `make` makes, which raises `Error` when the entry is broken; each start makes a new one.

        `config` is the entry's checked model: a host with a method `amend` is given another one while it runs.
        """
        self._node = node
        self._id = host_id
        self._make = make
        self.config = config
        self._ended: Ended | None = None

    async def start(self, ended: Ended) -> None:
        """Start the host."""
        await self._node.start_host(self._make())
        self._ended = ended

    async def stop(self, grace: float) -> None:
        """Let the host stop."""
        ended, self._ended = self._ended, None  # before it waits: meanwhile the host may be given up and made anew
        await self._node.stop_host(self._id, grace * _GRACE_OF_PROCESSES)
        if ended is not None:
            ended(None)

    async def kill(self) -> None:
        """Stop the host without grace."""
        await self.stop(0)

    def amend(self, given: Any) -> bool:
        """Tell the host what its entry says now, if it has a method for it; False when it must be started anew."""
        amend = getattr(self._node.hosts.get(self._id), "amend", None)
        if amend is None or not isinstance(given, HostRunner) or type(given.config) is not type(self.config):
            return False
        if given.config is None or not amend(given.config):
            return False
        self._make, self.config = given._make, given.config
        return True


class ResourceRunner:
    """Runs a resource entry; while it runs, `node.running` has it."""

    def __init__(self, node: Node, resource_id: str, make: Callable[[], Resource]) -> None:
        """Run what `make` makes, which raises `Error` when the entry is broken; each start makes a new one."""
        self._node = node
        self._id = resource_id
        self._make = make
        self._resource: Resource | None = None
        self._ended: Ended | None = None

    async def start(self, ended: Ended) -> None:
        """Start the resource."""
        resource = self._make()
        await resource.start()
        self._resource, self._ended = resource, ended
        self._node.running.add(self._id, resource)

    async def stop(self, grace: float) -> None:
        """Let the resource be found no more, and stop."""
        self._node.running.remove(self._id)
        resource, self._resource = self._resource, None
        ended, self._ended = self._ended, None  # before it waits: meanwhile the resource may be given up and made anew
        if resource is not None:
            await resource.stop(grace)
        if ended is not None:
            ended(None)

    async def kill(self) -> None:
        """Stop the resource without grace."""
        await self.stop(0)

    def amend(self, given: Any) -> bool:  # noqa: ARG002 - the port's shape
        """Have the resource made anew."""
        return False


class ProcessRunner:
    """Keeps one process of a `process.service` entry.

    On a durable host that is one run with the id of the service as its workflow id: an open one is found, not started
    again, and stopping the service lets go of it unless `cancel_runs` says otherwise.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the fields of the entry
        self,
        node: Node,
        service_id: str,
        process: str,
        host: str,
        arguments: Sequence[Value] = (),
        cancel_runs: bool = False,  # noqa: FBT001, FBT002 - the field `on_stop: cancel`
        security: Any = None,
    ) -> None:
        """Spawn `process` onto `host` with the given arguments, as the actor and in the scope of `security`."""
        self._node = node
        self._id = service_id
        self._process = process
        self._host = host
        self._arguments = tuple(arguments)
        self._cancel_runs = cancel_runs
        self._security = security
        self._durable = False
        self._pid = ""
        self._unwatch: Callable[[], None] | None = None
        self._ended: Ended | None = None

    async def start(self, ended: Ended) -> None:
        """Spawn the process, or find its open run."""
        host = self._node.hosts.get(self._host)
        self._durable = host is not None and is_durable(host)
        options = {"workflow.id": self._id, "workflow.id_conflict_policy": "use_existing"} if self._durable else {}
        context = self._node.guard.context_of(self._security, parse_id(self._id).namespace)
        pid = await self._node.spawn(
            self._process, host=self._host, args=self._arguments, context=context, options=options
        )
        self._pid, self._ended = pid, ended
        self._unwatch = self._node.router.watch(pid, self._exited)

    async def stop(self, grace: float) -> None:  # noqa: ARG002 - how long it takes is the process's affair
        """Ask the process to stop, or let go of the run."""
        if self._durable and not self._cancel_runs:
            self._let_go()
            return
        try:
            await self._node.cancel(self._pid, _STOP_REASON)
        except Error as error:
            if error.kind != NOT_FOUND:
                raise
            self._let_go()

    async def kill(self) -> None:
        """Terminate the process, or let go of the run."""
        if self._pid and not (self._durable and not self._cancel_runs):
            await self._node.terminate(self._pid)
        self._let_go()

    def amend(self, given: Any) -> bool:  # noqa: ARG002 - the port's shape
        """Have the process started anew: what it runs, where, or with which input has changed."""
        return False

    def _exited(self, outcome: Outcome) -> None:
        self._over(outcome.failure)

    def _let_go(self) -> None:
        if self._unwatch is not None:
            self._unwatch()
        self._over(None)

    def _over(self, failure: Failure | None) -> None:
        ended, self._ended = self._ended, None
        self._pid, self._unwatch = "", None
        if ended is not None:
            ended(failure)
