"""Shields: a task that must not be cut short meets a cancellation when its shield ends, at its next wait.

What undoes a saga is shielded, so that a second cancel does not leave half of it done. Time-outs and the end of the
process from outside go through a shield.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import CANCELED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actorflow.errors import Failure
    from actorflow.machine.machine import Machine
    from actorflow.machine.task import Task

NEVER: Final[Mapping[Task, Failure | None]] = MappingProxyType({})
"""The shields of a machine that has none, for a journal from before there were shields."""


def op_shield(machine: Machine, task: Task, op: tuple[Any, ...]) -> bool:
    """SHIELD begin → whether a shield began; the one who began it ends it, with what came meanwhile."""
    shields = machine.shields
    if op[1]:
        if shields is NEVER or (shields and task in shields):
            return False
        machine.shields = {**(shields or {}), task: _pending(task)}
        return True
    failure = shields[task] if shields else None
    machine.shields = {other: kept for other, kept in (shields or {}).items() if other is not task} or None
    if failure is not None:
        machine.interrupt(task, failure)
    return False


def _pending(task: Task) -> Failure | None:
    """Return the cancellation that its next wait would meet, which is kept from it: its shield began before that."""
    failure = task.interrupt
    if failure is None or failure.kind != CANCELED:
        return None
    task.interrupt = None
    return failure


def keeps(machine: Machine, task: Task, failure: Failure) -> bool:
    """Keep a cancellation from a shielded task until its shield ends; False if it has none."""
    shields = machine.shields
    if not shields or task not in shields:
        return False
    machine.shields = {**shields, task: failure}
    return True
