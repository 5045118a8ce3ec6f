"""The driver of a durable run that has an actor: whatever it asks is judged, and the verdict recorded.

Policies change, a replay must not: what was refused is refused again with the same words, what was allowed stays so.
The verdicts are among the draws of the fact being fed, under the kind `permit`: nothing, or why not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import PERMISSION_DENIED, Error
from actorflow.node.action import Step, call_steps, control_steps, name_steps, send_steps, spawn_steps
from actorflow.ports import Answer, Identity, SpawnRequest
from hosts.workflow.answering import HEAD
from hosts.workflow.driver import Divergence, JournalDriver, Operator, Record

if TYPE_CHECKING:
    from actorflow.node.guard import Guard
    from actorflow.value import Limits, Value

STRICT: Final = "@strict"
"""Key of the context of runs that were started on a strict node without an actor and a scope."""
_PERMIT: Final = "permit"


class GuardedDriver(JournalDriver):
    """A journaling driver that judges. Whether a run has it follows from the context in its start event."""

    __slots__ = ("_guard",)

    def __init__(  # noqa: PLR0913, PLR0917 - those of every driver, and the guard
        self, identity: Identity, run_id: str, seed: bytes, limits: Limits, operator: Operator, guard: Guard
    ) -> None:
        """Make the driver of a run that has done nothing yet, judged by `guard`."""
        super().__init__(identity, run_id, seed, limits, operator)
        self._guard = guard

    def call(self, ref: int, target: str, args: tuple[Value, ...], options: Mapping[str, Value]) -> Answer:
        """Record a function call, if it is allowed."""
        self._judge(call_steps(target, options, self.identity.context))
        return super().call(ref, target, args, options)

    def spawn(self, ref: int, request: SpawnRequest, *, wait: bool) -> Answer:
        """Record the start of a child run, if it is allowed."""
        self._judge(spawn_steps(request, request.host or self.identity.host, self.identity.context, wait=wait))
        return super().spawn(ref, request, wait=wait)

    def send(self, ref: int, dest: str, topic: str, payloads: tuple[Value, ...]) -> Answer:
        """Record a message, if it is allowed."""
        if not dest.startswith(HEAD):  # who asks for an update gets its answer
            self._judge(send_steps(dest, topic))
        return super().send(ref, dest, topic, payloads)

    def control(self, ref: int, verb: str, target: str, detail: Value) -> Answer:
        """Record a cancel or terminate of another process, if it is allowed."""
        self._judge(control_steps(verb, target))
        return super().control(ref, verb, target, detail)

    def name(self, ref: int, verb: str, name: str, pid: str) -> Answer:
        """Record a use of the name registry, if it is allowed."""
        self._judge(name_steps(verb, name, pid, self.identity.pid))
        return super().name(ref, verb, name, pid)

    def _judge(self, steps: Iterable[Step]) -> None:
        for step in steps:
            refusal = self._recorded() if self.replaying else self._asked(step)
            if refusal:
                raise Error(refusal, PERMISSION_DENIED, retryable=False)

    def _asked(self, step: Step) -> str:
        action, resource, facts = step
        refusal = ""
        try:
            self._guard.check(self.identity.context, action, resource, facts)
        except Error as error:
            refusal = error.message
        self.drawn.append([_PERMIT, refusal.encode()])
        return refusal

    def _recorded(self) -> str:
        drawn: list[Any] = self._recorded_draws.pop() if self._recorded_draws else ["nothing", b""]
        if drawn[0] != _PERMIT:
            raise Divergence(None, Record(f"draw of {_PERMIT}", 0, "", b""))
        data: bytes = drawn[1]
        return data.decode()
