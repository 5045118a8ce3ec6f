"""Ops on tasks and on the process itself: ends, further tasks, options, time, chance, log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import CANCELED, INTERNAL, Failure, invalid
from actorflow.machine.parking import forbid
from actorflow.machine.task import BLOCKED, FAILURE, VALUE, Task
from actorflow.ports import Outcome

if TYPE_CHECKING:
    from actorflow.machine.channel import OpTuple
    from actorflow.machine.machine import Machine

_OPTIONS: Final = ("trap_links", "upgradable")
"""The options of a process, attributes of its machine."""


def op_return(machine: Machine, task: Task, op: OpTuple) -> Any:
    """RETURN value: a task ended well; the end of main is the end of the process."""
    return _ended(machine, task, Outcome(op[1]))


def op_raise(machine: Machine, task: Task, op: OpTuple) -> Any:
    """RAISE failure, fatal: a task ended in failure; unless somebody owns it, or if that is fatal, the process too."""
    outcome = Outcome(failure=op[1])
    if len(op) > 2 and op[2]:  # noqa: PLR2004
        machine.end(outcome)
        return BLOCKED
    return _ended(machine, task, outcome)


def _ended(machine: Machine, task: Task, outcome: Outcome) -> Any:
    task.outcome = outcome
    task.interrupt = None
    task.waiter = None
    parent = task.parent
    failure = outcome.failure
    if parent is None or (failure is not None and not task.owned and failure.kind != CANCELED):
        machine.end(outcome)
        return BLOCKED
    if parent.children is not None:
        parent.children.remove(task)
    for child in task.children or ():  # they go on as children of the next one up
        child.parent = parent
        parent.children = [*(parent.children or ()), child]
    for joiner in task.joiners or ():
        if failure is None:
            machine.wake(joiner, VALUE, outcome.value)
        else:
            machine.wake(joiner, FAILURE, failure)
    end_if_deadlocked(machine)
    return BLOCKED


def end_if_deadlocked(machine: Machine) -> None:
    """End a process none of whose tasks can ever go on; to be asked when one has ended, or waits for nothing or a join.

    A task that waits on a channel of its process is idle, not deadlocked, whether or not somebody can still use it.
    """
    if machine.ready or machine.requests or machine.subscriptions or machine.main is None:
        return
    tasks = [machine.main]
    for task in tasks:
        if task.interrupt is not None or not (isinstance(task.wait, Task) or task.wait == ()):
            return
        tasks.extend(task.children or ())
    waits = ", ".join(machine.waits())
    machine.end(Outcome(failure=Failure(f"deadlock: no task can go on: {waits}", INTERNAL, retryable=False)))


def op_spawn_task(machine: Machine, task: Task, op: OpTuple) -> Any:
    """SPAWN_TASK function, owned → task; the new one runs first, then the spawner goes on."""
    child = Task(machine.script.spawn(op[1]), task, owned=len(op) > 2 and bool(op[2]))  # noqa: PLR2004
    if task.children is None:
        task.children = [child]
    else:
        task.children.append(child)
    task.mode, task.value = VALUE, child
    machine.ready[:0] = [child, task]
    return BLOCKED


def op_yield(machine: Machine, task: Task, op: OpTuple) -> Any:
    """YIELD turn? → None, after every other ready task has run; with `turn` the process's turn is over."""
    machine.wake(task, VALUE, None)
    if len(op) > 1 and machine.left > 0:
        machine.left = 1
    return BLOCKED


def op_away(machine: Machine, task: Task, _op: OpTuple) -> Any:
    """AWAY → the task computes in another thread; nothing of the process runs before `Machine.back`."""
    machine.away = task
    machine.left = 1  # ends this run
    return BLOCKED


def op_join(machine: Machine, task: Task, op: OpTuple) -> Any:
    """JOIN task → its result, or its failure."""
    other = op[1]
    if other is task:
        message = "a task cannot join itself"
        raise invalid(message)
    if other.outcome is not None:
        return other.outcome.unwrap()
    other.joiners = [*(other.joiners or ()), task]
    task.wait = other
    forbid(machine)
    task.waiter = None  # what it is woken with is from no channel
    end_if_deadlocked(machine)
    return BLOCKED


def op_cancel_task(machine: Machine, _task: Task, op: OpTuple) -> None:
    """CANCEL_TASK task → None: interrupt it and its children; one that has ended is left alone."""
    if op[1].outcome is None:
        machine.interrupt(op[1], Failure("task cancelled", CANCELED, retryable=False))


def op_now(machine: Machine, _task: Task, _op: OpTuple) -> int:
    """NOW → Unix nanoseconds."""
    return machine.driver.now()


def op_draw(machine: Machine, _task: Task, op: OpTuple) -> bytes:
    """DRAW kind, size → random bytes."""
    return machine.driver.draw(op[1], op[2])


def op_set_option(machine: Machine, _task: Task, op: OpTuple) -> bool:
    """SET_OPTION name, value → True."""
    _known_option(op[1])
    if not isinstance(op[2], bool):
        message = f"option {op[1]}: got {op[2]!r}, expected true or false"
        raise invalid(message)
    setattr(machine, op[1], op[2])
    return True


def op_get_option(machine: Machine, _task: Task, op: OpTuple) -> bool:
    """GET_OPTION name → value."""
    _known_option(op[1])
    return bool(getattr(machine, op[1]))


def _known_option(name: Any) -> None:
    if name not in _OPTIONS:
        message = f"option {name} is not supported; there are: {', '.join(_OPTIONS)}"
        raise invalid(message)


def op_identity(machine: Machine, _task: Task, _op: OpTuple) -> Any:
    """IDENTITY → who the process is."""
    return machine.driver.identity


def op_note(machine: Machine, _task: Task, op: OpTuple) -> None:
    """NOTE level, text, fields → None."""
    machine.driver.note(op[1], op[2], op[3])
