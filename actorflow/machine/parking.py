"""Parking: a process that waits for its next message, and for nothing else, is noted as that in one word.

Most actors do one thing at the end of each turn: a task receives from the inbox, which is open, unbuffered and nobody
else's, while no message waits and no other channel listens to a topic. Where a receive has been found to be like that,
the task `parks` with its op: when the same op comes next, only `Machine.parked` is set. Who posts a message puts the
answer of that op into `Waiter.item` there, without a look at subscriptions, channels and queues, and the run queue
resumes the task with it (`hosts.process`).

Whatever changes one of these conditions calls `forbid`. While `parked` is set the wait is in no queue, or the task that
was handed an answer not among the ready ones; so whatever else looks at the machine, or makes a task ready, calls
`unpark` first. No other task is ready while one is parked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.machine.task import VALUE
from actorflow.message import INBOX_TOPIC

if TYPE_CHECKING:
    from actorflow.machine.channel import OpTuple
    from actorflow.machine.machine import Machine
    from actorflow.machine.task import Waiter


def consider(machine: Machine, waiter: Waiter, op: OpTuple) -> None:
    """Let the task of a receive that has just begun to wait park the next time, if nothing speaks against it.

    It may not, on a machine that runs without a budget: nobody posts there, and who looks at it looks at every moment.
    """
    forbid(machine)
    channel, mailbox, subscriptions = waiter.channel, machine.mailbox, machine.subscriptions or {}
    if (
        channel.topic is INBOX_TOPIC
        and machine.left > 0
        and waiter.task.interrupt is None
        and not channel.senders
        and len(channel.receivers or ()) == 1
        and (mailbox is None or not mailbox.count)
        and (len(subscriptions) == 1 or all(topic[0] == "@" for topic in subscriptions))
    ):
        waiter.item = None
        waiter.task.parks = op
        machine.parking = waiter


def forbid(machine: Machine) -> None:
    """Let nobody park before the next receive has been considered."""
    if machine.parking is not None:
        machine.parking.task.parks = None
        machine.parking = None


def unpark(machine: Machine) -> None:
    """Make the wait of who is parked one like all others; who was handed a message there is ready."""
    waiter, machine.parked = machine.parked, None
    if waiter is None:
        return
    if waiter.item is None:
        waiter.task.wait = waiter
        waiter.channel.receivers = [waiter]
    else:
        answer, waiter.item = waiter.item, None
        machine.wake(waiter.task, VALUE, answer)
