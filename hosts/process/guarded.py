"""A process that runs as an actor: whatever it asks is first judged by the policies of its scope.

Processes without an actor are plain ones, so that this costs them nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from actorflow.ports import Answer, SpawnRequest
from actorflow.value import Value
from hosts.process.process import Process

_CONTEXT: Final = "context"
_SECURITY: Final = "security"


class GuardedProcess(Process):
    """A process whose context has an actor and a scope, or any on a strict node."""

    __slots__ = ()

    def call(self, ref: int, target: str, args: tuple[Value, ...], options: Mapping[str, Value]) -> Answer:
        """Call a function, if `funcs.call` on it is allowed."""
        self._check("funcs.call", target)
        self._check_context("funcs", options.get(_CONTEXT))
        return super().call(ref, target, args, options)

    def spawn(self, ref: int, request: SpawnRequest, *, wait: bool) -> Answer:
        """Start a process, if `process.spawn` or `process.exec` on the entry and `process.host` on the host are."""
        for action in _starting(request, wait=wait):
            self._check(action, request.entry)
        self._check("process.host", request.host or self.host.id)
        if request.name:
            self._check("process.registry.register", request.name)
        self._check_context("process", request.context)
        return super().spawn(ref, request, wait=wait)

    def send(self, ref: int, dest: str, topic: str, payloads: tuple[Value, ...]) -> Answer:
        """Send a message, if `process.send` to the receiver, as it is named here, is allowed."""
        self._check("process.send", dest, {"topic": topic})
        return super().send(ref, dest, topic, payloads)

    def post(self, dest: str, topic: str, payloads: tuple[Value, ...]) -> bool:  # noqa: ARG002 - the port's shape
        """Leave every message to `send`."""
        return False

    def control(self, ref: int, verb: str, target: str, detail: Value) -> Answer:
        """Monitor, link, cancel, terminate and their opposites, if `process.<verb>` is allowed."""
        self._check(f"process.{verb}", target)
        return super().control(ref, verb, target, detail)

    def name(self, ref: int, verb: str, name: str, pid: str) -> Answer:
        """Use names: looking up is free, for another process `process.registry.foreign` is needed as well."""
        if verb != "lookup":
            self._check(f"process.registry.{verb}", name)
        if verb == "register" and pid and pid != self.pid:
            self._check("process.registry.foreign", pid)
        return super().name(ref, verb, name, pid)

    def perform(self, ref: int, operation: str, args: tuple[Any, ...]) -> Answer:
        """Upgrade to another entry if `process.upgrade` is allowed; operations of the node are judged by the node."""
        if operation == "upgrade" and args and args[0] and args[0] != self.entry:
            self._check("process.upgrade", args[0])
        return super().perform(ref, operation, args)

    def _check(self, action: str, resource: str, meta: Mapping[str, Any] | None = None) -> None:
        self.host.node.guard.check(self.context, action, str(resource), meta)

    def _check_context(self, family: str, context: Any) -> None:
        """Passing on values needs `<family>.context`, passing on another actor or scope `<family>.security`."""
        for part in sorted(set(_passed_on(context, self.context))):
            self._check(f"{family}.{part}", part)


def _starting(request: SpawnRequest, *, wait: bool) -> Iterator[str]:
    yield "process.exec" if wait else "process.spawn"
    if request.monitor:
        yield "process.spawn.monitored"
    if request.link:
        yield "process.spawn.linked"


def _passed_on(context: Any, own: Mapping[str, Value]) -> Iterator[str]:
    """Yield what kinds of values a context has that are not inherited anyway."""
    if isinstance(context, Mapping) and context is not own:
        for key, value in context.items():
            if key not in own or own[key] != value:
                yield _SECURITY if key.startswith("@") else _CONTEXT
