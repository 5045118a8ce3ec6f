"""Posting: a message from one process to another of the same host, the hot path of every actor.

A message for a process that is parked (`actorflow.machine.parking`) takes one function: a look-up, the copy, the
`Message`, and a place in the run queue. Whatever else is a delivery goes the longer way, and what is more than a
delivery is refused without any effect, so that the script asks for it with an op.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actorflow.message import Message
from actorflow.ports import Carried
from actorflow.value import INT_MAX, INT_MIN, UNUSUAL, Value, copy_quickly
from hosts.process.carrying import can_take, carry

if TYPE_CHECKING:
    from hosts.process.process import Process

_new: Final = object.__new__


def post(self: Process, dest: str, topic: str, payloads: tuple[Value, ...]) -> bool:
    """Deliver one plain payload to a process of this host, at the cost of an op; False for whatever else.

    That the host knows a shape for the topic says that the topic may be used, too.
    """
    host, own = self.host, self.machine
    if own.left <= 1 or type(topic) is not str:
        return False
    try:
        target = host.table[dest]
        (value,) = payloads
        copy = host.copies[topic]
    except (KeyError, ValueError):
        return _post(self, dest, topic, payloads)
    machine = target.machine
    waiter = machine.parked
    if waiter is not None and waiter.item is not None:  # it has been handed one already
        waiter = None
    kind = type(value)
    if kind is dict:
        copied = copy(value, self.bounds.values.size)
    elif kind is int:
        copied = None if value >> 63 else value  # what is negative takes the longer way as well
    else:
        copied = value if kind is Carried and waiter is not None and can_take(self, target, value) else None
    if copied is None:
        return _post(self, dest, topic, payloads)
    if waiter is None:
        return _put(self, target, topic, copied)
    item = _new(Message)  # without its `__init__`, which takes as long as the delivery
    item.topic = topic
    item.sender = self.pid
    item.payload = copied
    item._payloads = None  # noqa: SLF001 - see above
    waiter.item = (item, True)
    own.left -= 1
    if not target.queued:  # `RunQueue.flag` in place; it is not parked, for this process runs
        target.queued = True
        host.ready.append(target)
    return True


def _put(self: Process, target: Process, topic: str, copied: Value) -> bool:
    """Deliver to a process that is not parked.

    Where messages of the topic wait in its mailbox already, this one goes behind them, whoever listens.
    """
    machine = target.machine
    mailbox = machine.mailbox
    if machine.outcome is not None:
        return False
    if mailbox is None or (queue := mailbox.waiting.get(topic)) is None:
        return _give(self, target, topic, copied)
    count = mailbox.count + 1
    if count >= target.watched:
        return False
    item = _new(Message)
    item.topic = topic
    item.sender = self.pid
    item.payload = copied
    item._payloads = None  # noqa: SLF001 - see `post`
    mailbox.count = count  # `Mailbox.put` in place
    mailbox.arrivals = arrivals = mailbox.arrivals + 1
    queue.append((arrivals, item))
    self.machine.left -= 1
    return True


def _give(self: Process, target: Process, topic: str, copied: Value) -> bool:
    machine = target.machine
    if (mailbox := machine.mailbox) is not None and mailbox.count >= target.watched - 1:
        return False
    self.machine.left -= 1
    if kept := machine.post(topic, self.pid, copied):
        if kept == 1:
            target.watch_anew()
    elif not target.queued and machine.ready:
        target.queued = True
        self.host.ready.append(target)
    return True


def _post(self: Process, dest: str, topic: str, payloads: tuple[Value, ...]) -> bool:
    """Do what `post` does for whoever receives whatever it is, and remember what it has learned of the topic."""
    target = self.host.table.get(dest)
    if target is None or len(payloads) != 1:
        return False
    machine, value = target.machine, payloads[0]
    if machine.outcome is not None or topic < "A" or not topic.isascii():
        return False  # `send` looks closely; what is less than "A" may be empty or one of the system's own
    if type(value) is not int or not INT_MIN <= value <= INT_MAX:  # `copy_quickly` of a number, in place
        value = copy_quickly(value, self.bounds.values)
        if value is UNUSUAL:
            return type(payloads[0]) is Carried and carry(self, target, topic, payloads[0])
    self.host.shapes.learn(topic, payloads[0])
    return _give(self, target, topic, value)
