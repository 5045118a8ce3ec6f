"""A process that runs as an actor: whatever it asks is first judged by the policies of its scope.

Processes without an actor are plain ones, so that this costs them nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from actorflow.node.action import Step, call_steps, control_steps, name_steps, send_steps, spawn_steps
from actorflow.ports import Answer, SpawnRequest
from actorflow.value import Value
from hosts.process.process import Process


class GuardedProcess(Process):
    """A process whose context has an actor and a scope, or any on a strict node."""

    __slots__ = ()

    def call(self, ref: int, target: str, args: tuple[Value, ...], options: Mapping[str, Value]) -> Answer:
        """Call a function, if that is allowed."""
        self._judge(call_steps(target, options, self.context))
        return super().call(ref, target, args, options)

    def spawn(self, ref: int, request: SpawnRequest, *, wait: bool) -> Answer:
        """Start a process, if that is allowed."""
        self._judge(spawn_steps(request, request.host or self.host.id, self.context, wait=wait))
        return super().spawn(ref, request, wait=wait)

    def send(self, ref: int, dest: str, topic: str, payloads: tuple[Value, ...]) -> Answer:
        """Send a message, if that is allowed."""
        self._judge(send_steps(dest, topic))
        return super().send(ref, dest, topic, payloads)

    def post(self, dest: str, topic: str, payloads: tuple[Value, ...]) -> bool:  # noqa: ARG002 - the port's shape
        """Leave every message to `send`."""
        return False

    def control(self, ref: int, verb: str, target: str, detail: Value) -> Answer:
        """Monitor, link, cancel, terminate and their opposites, if that is allowed."""
        self._judge(control_steps(verb, target))
        return super().control(ref, verb, target, detail)

    def name(self, ref: int, verb: str, name: str, pid: str) -> Answer:
        """Use names, if that is allowed."""
        self._judge(name_steps(verb, name, pid, self.pid))
        return super().name(ref, verb, name, pid)

    def perform(self, ref: int, operation: str, args: tuple[Any, ...]) -> Answer:
        """Upgrade to another entry if `process.upgrade` is allowed; operations of the node are judged by the node."""
        if operation == "upgrade" and args and args[0] and args[0] != self.entry:
            self._judge([("process.upgrade", str(args[0]), {})])
        return super().perform(ref, operation, args)

    def _judge(self, steps: Iterable[Step]) -> None:
        guard = self.host.node.guard
        for action, resource, facts in steps:
            guard.check(self.context, action, resource, facts)
