"""Ops that ask the driver for something: calls, processes, messages, names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from actorflow.errors import CANCELED, INVALID, PERMISSION_DENIED, Error, Failure, invalid
from actorflow.machine.channel import Channel, OpTuple, close, push
from actorflow.machine.subscription import checked_topic
from actorflow.machine.task import BLOCKED, INTERRUPT, Task
from actorflow.ports import PENDING, Outcome
from actorflow.value import Opaque

if TYPE_CHECKING:
    from actorflow.machine.machine import Machine

FutureState = Literal["pending", "done", "failed", "canceled"]


class Future(Opaque):
    """The answer of a call that the script did not wait for; its channel delivers it once and then closes.

    A failed call delivers the `Failure` itself.
    """

    __slots__ = ("channel", "outcome", "ref", "state", "stopping")

    def __init__(self, ref: int) -> None:
        self.stopping = False
        self.ref = ref
        self.channel = Channel(1)
        self.state: FutureState = "pending"
        self.outcome: Outcome | None = None


class Stopping(Future):
    """A request whose task was interrupted, and is resumed with that when the request has ended."""

    __slots__ = ("failure", "task")

    def __init__(self, task: Task, failure: Failure) -> None:
        self.task = task
        self.failure = failure


def op_call(machine: Machine, task: Task, op: OpTuple) -> Any:
    """CALL target, args, options → the function's value."""
    ref = machine.next_ref()
    return _answer(machine, task, ref, machine.driver.call(ref, op[1], op[2], op[3]))


def op_async(machine: Machine, _task: Task, op: OpTuple) -> Future:
    """ASYNC target, args, options → a future; only what makes no sense or is not allowed is refused at once."""
    ref = machine.next_ref()
    future = Future(ref)
    try:
        answer = machine.driver.call(ref, op[1], op[2], op[3])
    except Error as error:
        if error.kind in {INVALID, PERMISSION_DENIED}:
            raise
        resolve(machine, future, Outcome(failure=error.failure))
        return future
    if answer is PENDING:
        machine.expect(ref, future)
    else:
        resolve(machine, future, Outcome(answer))
    return future


def op_future_cancel(machine: Machine, _task: Task, op: OpTuple) -> bool:
    """FUTURE_CANCEL future → True if it was still pending."""
    future = op[1]
    if future.state != "pending":
        return False
    if machine.drop_request(future.ref):
        machine.expect(future.ref, future)
        future.stopping = True
        return True
    _cancelled(machine, future)
    return True


def _cancelled(machine: Machine, future: Future) -> None:
    future.state = "canceled"
    future.outcome = Outcome(failure=Failure("future canceled", CANCELED, retryable=False))
    close(machine, future.channel)


def op_future_state(_machine: Machine, _task: Task, op: OpTuple) -> tuple[str, Any]:
    """FUTURE_STATE future → (state, value or failure)."""
    future = op[1]
    outcome = future.outcome
    if outcome is None:
        return (future.state, None)
    return (future.state, outcome.value if outcome.failure is None else outcome.failure)


def resolve(machine: Machine, future: Future, outcome: Outcome) -> None:
    """Store a future's outcome and deliver it on its channel."""
    if isinstance(future, Stopping):
        machine.wake(future.task, INTERRUPT, future.failure)
        return
    if future.stopping and outcome.failure is not None and outcome.failure.kind == CANCELED:
        _cancelled(machine, future)
        return
    future.outcome = outcome
    future.state = "done" if outcome.failure is None else "failed"
    push(machine, future.channel, outcome.value if outcome.failure is None else outcome.failure)
    close(machine, future.channel)


def op_spawn(machine: Machine, task: Task, op: OpTuple) -> Any:
    """SPAWN request → PID."""
    ref = machine.next_ref()
    return _answer(machine, task, ref, machine.driver.spawn(ref, op[1], wait=False))


def op_exec(machine: Machine, task: Task, op: OpTuple) -> Any:
    """EXEC request → the process's result."""
    ref = machine.next_ref()
    return _answer(machine, task, ref, machine.driver.spawn(ref, op[1], wait=True))


def op_send_message(machine: Machine, task: Task, op: OpTuple) -> Any:
    """SEND_MESSAGE dest, topic, payloads → True."""
    _, dest, topic, payloads = op
    if type(topic) is not str or not topic or topic[0] == "@" or not topic.isascii():
        topic = checked_topic(topic, "send to")
    machine.last_ref = ref = machine.last_ref + 1
    answer = machine.driver.send(ref, dest, topic, payloads)
    return True if answer is True else _answer(machine, task, ref, answer)


def op_control(machine: Machine, task: Task, op: OpTuple) -> Any:
    """CONTROL verb, target, detail → the driver's answer."""
    ref = machine.next_ref()
    return _answer(machine, task, ref, machine.driver.control(ref, op[1], op[2], op[3]))


def op_name(machine: Machine, task: Task, op: OpTuple) -> Any:
    """NAME verb, name, pid → the driver's answer."""
    if not isinstance(op[2], str) or not op[2]:
        message = f"a process name must be a non-empty text, got {op[2]!r}"
        raise invalid(message)
    ref = machine.next_ref()
    return _answer(machine, task, ref, machine.driver.name(ref, op[1], op[2], op[3]))


def op_perform(machine: Machine, task: Task, op: OpTuple) -> Any:
    """PERFORM operation, args → the driver's answer."""
    ref = machine.next_ref()
    return _answer(machine, task, ref, machine.driver.perform(ref, op[1], op[2]))


def _answer(machine: Machine, task: Task, ref: int, answer: Any) -> Any:
    if answer is not PENDING:
        return answer
    machine.expect(ref, task)
    task.wait = ref
    return BLOCKED
