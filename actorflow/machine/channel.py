"""Channels: FIFO queues between the tasks of one process, and select over several of them.

A channel hands an item straight to a waiting receiver, else keeps it if its buffer has room, else the sender waits.
Waiting tasks are served in the order of arrival. A channel subscribed to a topic is fed from the mailbox.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeAlias

from actorflow.errors import CANCELED, Failure, invalid
from actorflow.machine.parking import consider, forbid
from actorflow.machine.task import BLOCKED, FAILURE, VALUE, Task, Waiter
from actorflow.machine.tasking import end_if_deadlocked
from actorflow.value import Opaque

if TYPE_CHECKING:
    from actorflow.machine.machine import Machine

OpTuple: TypeAlias = tuple[Any, ...]


class Channel(Opaque):
    """A channel of one process. `size` items fit its buffer; `topic` is its subscription, or None.

    `as_message` says whether a subscribed channel yields `Message` objects or bare values. The waiter lists are plain
    lists, made when first needed: a parked process costs bytes, and they hold one entry nearly always. `face` is what
    the script holds for it, the language's matter.
    """

    __slots__ = ("as_message", "buffer", "closed", "face", "receivers", "senders", "size", "topic")

    def __init__(self, size: int = 0, topic: str | None = None, *, as_message: bool = False) -> None:
        self.size = max(size, 0)
        self.buffer: deque[Any] | None = None
        self.receivers: list[Waiter] | None = None
        self.senders: list[Waiter] | None = None
        self.closed = False
        self.topic = topic
        self.as_message = as_message
        self.face: Any = None


def op_channel(_machine: Machine, _task: Task, op: OpTuple) -> Channel:
    """CHANNEL size → a new channel."""
    return Channel(op[1])


def op_send(machine: Machine, task: Task, op: OpTuple) -> Any:
    """SEND channel, item → True, waiting while there is neither receiver nor room."""
    channel, item = op[1], op[2]
    if push(machine, channel, item):
        return True
    forbid(machine)
    _enqueue(Waiter(task, channel, -1, True, item))  # noqa: FBT003
    return BLOCKED


def op_receive(machine: Machine, task: Task, op: OpTuple) -> Any:
    """RECEIVE channel → (item, True), or (None, False) once it is closed and drained."""
    channel = op[1]
    mailbox = machine.mailbox
    if channel.buffer or channel.senders or channel.closed or (mailbox is not None and mailbox.count):
        taken = take(machine, channel)
        if taken is not None:
            return taken
    waiter = task.waiter
    if waiter is None or waiter.channel is not channel:
        task.parks = None
        waiter = task.waiter = Waiter(task, channel, -1, False, None)  # noqa: FBT003
    task.wait = waiter
    receivers = channel.receivers
    if receivers is None:
        channel.receivers = [waiter]
    else:
        receivers.append(waiter)
    if channel.topic is not None:
        consider(machine, waiter, op)
    return BLOCKED


def op_select(machine: Machine, task: Task, op: OpTuple) -> Any:
    """SELECT cases, has_default → (index, item, ok) of the first case in order that is ready, else wait for one."""
    cases, has_default = op[1], op[2]
    for index, (channel, is_send, item) in enumerate(cases):
        if is_send:
            if push(machine, channel, item):
                return (index, item, True)
        else:
            taken = take(machine, channel)
            if taken is not None:
                return (index, *taken)
    if has_default:
        return (-1, None, True)
    waiters = tuple(Waiter(task, channel, index, is_send, item) for index, (channel, is_send, item) in enumerate(cases))
    forbid(machine)
    for waiter in waiters:
        _enqueue(waiter)
    task.wait = waiters
    if not waiters:
        end_if_deadlocked(machine)
    return BLOCKED


def push(machine: Machine, channel: Channel, item: Any) -> bool:
    """Hand `item` to a receiver or to the buffer; False when there is no room now.

    Raises:
        Error: kind Invalid, when the channel is closed.
    """
    if channel.closed:
        message = "send on closed channel"
        raise invalid(message)
    if channel.receivers:
        complete(machine, channel.receivers[0], item, ok=True)
        return True
    buffer = channel.buffer
    if channel.size > (0 if buffer is None else len(buffer)):
        if buffer is None:
            buffer = channel.buffer = deque()
        buffer.append(item)
        return True
    return False


def take(machine: Machine, channel: Channel) -> tuple[Any, bool] | None:
    """Take the next item; None when a receiver has to wait."""
    buffer = channel.buffer
    if buffer:
        item = buffer.popleft()
        _refill(machine, channel)
        return (item, True)
    if channel.senders:
        waiter = channel.senders[0]
        item = waiter.item
        complete(machine, waiter, item, ok=True)
        return (item, True)
    if channel.topic is not None and (mailbox := machine.mailbox) is not None and mailbox.count:
        message = mailbox.take_for(channel.topic, machine.subscriptions or ())
        if message is not None:
            return (message if channel.as_message else message.payload, True)
    return (None, False) if channel.closed else None


def close(machine: Machine, channel: Channel) -> None:
    """Close a channel: receivers get (None, False), waiting senders a failure; buffered items stay receivable."""
    if channel.closed:
        return
    channel.closed = True
    forbid(machine)
    while channel.receivers:
        complete(machine, channel.receivers[0], None, ok=False)
    while channel.senders:
        waiter = channel.senders[0]
        drop_wait(waiter.task)
        machine.wake(waiter.task, FAILURE, Failure("channel closed while sending", CANCELED, retryable=False))


def complete(machine: Machine, waiter: Waiter, item: Any, *, ok: bool) -> None:
    """End a wait on a channel: leave all queues, and make the task ready with the answer of its op."""
    task = waiter.task
    drop_wait(task)
    if waiter.index >= 0:
        machine.wake(task, VALUE, (waiter.index, item, ok))
        waiter.index = -1
        task.waiter = None if waiter.is_send else waiter  # what it has been handed is from there
    else:
        machine.wake(task, VALUE, ok if waiter.is_send else (item, ok))


def drop_wait(task: Task) -> None:
    """Take a task out of the queues of the channels it waits for; other waits are the machine's matter."""
    wait = task.wait
    task.wait = None
    for waiter in wait if isinstance(wait, tuple) else (wait,):
        queue = waiter.channel.senders if waiter.is_send else waiter.channel.receivers
        queue.remove(waiter)


def _refill(machine: Machine, channel: Channel) -> None:
    buffer = channel.buffer
    if buffer is None:
        return
    if channel.senders:
        waiter = channel.senders[0]
        buffer.append(waiter.item)
        complete(machine, waiter, waiter.item, ok=True)
    elif channel.topic is not None:
        machine.fill(channel)


def _enqueue(waiter: Waiter) -> None:
    waiter.task.wait = waiter
    channel = waiter.channel
    queue = channel.senders if waiter.is_send else channel.receivers
    if queue is not None:
        queue.append(waiter)
    elif waiter.is_send:
        channel.senders = [waiter]
    else:
        channel.receivers = [waiter]
