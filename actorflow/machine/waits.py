"""What the tasks of a machine wait for, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.machine.changing import condition_of
from actorflow.machine.parking import unpark
from actorflow.machine.task import Task, Waiter

if TYPE_CHECKING:
    from actorflow.machine.machine import Machine


def waits_of(machine: Machine) -> list[str]:
    """Describe what each task waits for, main first: `file:line  wait`."""
    if machine.main is None:
        return []
    unpark(machine)
    tasks, found = [machine.main], []
    while tasks:
        task = tasks.pop(0)
        tasks.extend(task.children or ())
        place = machine.script.where(task.handle)
        wait = "computing in another thread" if task is machine.away else _describe(machine, task)
        found.append(f"{place}  {wait}" if place else wait)
    return found


def _describe(machine: Machine, task: Task) -> str:
    wait = task.wait
    if wait is None:
        return "ready"
    if isinstance(wait, int):
        return f"request {wait}"
    if isinstance(wait, Task):
        return "join"
    names = [_channel_name(machine, waiter) for waiter in (wait if isinstance(wait, tuple) else (wait,))]
    return " or ".join(names) or "select of nothing"


def _channel_name(machine: Machine, waiter: Waiter) -> str:
    if waiter.is_send:
        return "send on a channel"
    condition = condition_of(machine, waiter.channel)
    if condition is not None:
        return f"condition {condition}".rstrip()
    topic = waiter.channel.topic
    return f"topic {topic}" if topic else "receive from a channel"
