"""Queries: running one function of a script on a machine that is thrown away afterwards.

The function sees what the script knows. It can neither wait nor change anything: every op but those that only read
answers Invalid, and the machine is not used again.
"""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import RESOURCE, Error, Failure, invalid
from actorflow.machine.dispatch import HANDLERS
from actorflow.machine.op import Op
from actorflow.machine.task import FAILURE, VALUE, Task
from actorflow.ports import Outcome

if TYPE_CHECKING:
    from actorflow.machine.channel import OpTuple
    from actorflow.machine.machine import Machine
    from actorflow.ports import Mode

PURE: Final = frozenset({Op.NOW, Op.IDENTITY, Op.GET_OPTION, Op.FUTURE_STATE, Op.NOTE})
"""The ops that a query may do; what it logs is dropped."""
_MOST_OPS: Final = 10_000


def refusal(op: OpTuple) -> Error:
    """Return the error of a query that asked for more than it may."""
    what = Op(op[0]).name.lower().replace("_", " ")
    if op[0] == Op.PERFORM:
        what = str(op[1])
    return invalid(
        f"a query cannot wait or change anything: it asked for {what!r}; "
        "let the workflow itself keep what the query is to answer"
    )


def answer(machine: Machine, handle: Any) -> Outcome:
    """Run a task of the machine's script to its end, outside of all others, and return how it ended."""
    script, task = machine.script, Task(handle)
    mode: Mode = VALUE
    value: Any = None
    for _ in range(_MOST_OPS):
        try:
            op = script.resume(handle, mode, value)
        except Error as error:  # of what the script asked without an op
            return Outcome(failure=error.failure)
        if op[0] == Op.RETURN:
            return Outcome(op[1])
        if op[0] == Op.RAISE:
            return Outcome(failure=op[1])
        mode, value = _answered(machine, task, op)
    script.discard(handle)
    return Outcome(failure=Failure(f"a query asked {_MOST_OPS} times and did not end", RESOURCE, retryable=False))


def _answered(machine: Machine, task: Task, op: OpTuple) -> tuple[Mode, Any]:
    if op[0] not in PURE:
        if isinstance(op[1] if len(op) > 1 else None, CoroutineType):
            op[1].close()  # a task that it would have started
        return FAILURE, refusal(op).failure
    try:
        return VALUE, HANDLERS[op[0]](machine, task, op)
    except Error as error:
        return FAILURE, error.failure
