"""How a machine takes messages: to who waits for them, else into its mailbox. Functions that are its methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.machine import channel as channels
from actorflow.machine import subscription
from actorflow.machine.mailbox import Mailbox
from actorflow.machine.op import Op
from actorflow.machine.parking import forbid, unpark
from actorflow.machine.task import VALUE, Waiter
from actorflow.message import INBOX_TOPIC, SUBSCRIPTION_PREFIX, Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actorflow.machine.channel import Channel, OpTuple
    from actorflow.machine.machine import Machine
    from actorflow.machine.task import Task
    from actorflow.value import Value

_new: Final = object.__new__


def deliver(machine: Machine, message: Message) -> int:
    """Take a message: to the channel it is routed to if that has room now, else into the mailbox.

    Its topic is not one of the system's own; events come through `event`. Returns how many messages the mailbox
    holds if it went there, else 0.
    """
    if machine.parked is not None:
        unpark(machine)
    channel = _listener(machine, message.topic)
    if channel is not None:
        if channel.receivers:
            channels.complete(machine, channel.receivers[0], subscription.item_of(channel, message), ok=True)
            return 0
        if channel.size > (0 if channel.buffer is None else len(channel.buffer)):
            channels.push(machine, channel, subscription.item_of(channel, message))
            return 0
    return machine.keep(message)


def post(machine: Machine, topic: str, sender: str, value: Value) -> int:
    """Take a message with this only payload; see `deliver`.

    A message for who waits for one is handed over at once, and made only where messages are seen.
    """
    if machine.parked is not None:
        unpark(machine)
    subscriptions = machine.subscriptions
    if subscriptions is None:
        return machine.keep(Message(topic, sender, (value,)))
    channel = subscriptions.get(topic) or subscriptions.get(INBOX_TOPIC)
    if channel is None or not (channel.receivers or channel.size):
        return machine.keep(Message(topic, sender, (value,)))
    if not (receivers := channel.receivers) or (waiter := receivers[0]).index >= 0:
        return machine.deliver(Message(topic, sender, (value,)))
    item = value
    if channel.as_message:  # made without its `__init__`, which takes as long as the delivery
        item = _new(Message)
        item.topic = topic
        item.sender = sender
        item.payload = value
        item._payloads = None  # noqa: SLF001 - see above
    del receivers[0]
    task = waiter.task
    task.wait = None
    task.mode = VALUE
    task.value = (item, True)
    machine.ready.append(task)
    return 0


def awaits(machine: Machine, topic: str) -> bool:
    """Tell whether a task waits for a message of this topic, so that it would be handed over at once."""
    if machine.parked is not None:
        unpark(machine)
    channel = _listener(machine, topic)
    return channel is not None and bool(channel.receivers)


def _listener(machine: Machine, topic: str) -> Channel | None:
    """Return the channel that messages of a topic are routed to."""
    subscriptions = machine.subscriptions
    if subscriptions is None:
        return None
    return subscriptions.get(topic) or subscriptions.get(INBOX_TOPIC)


def keep(machine: Machine, message: Message) -> int:
    """Put a message into the mailbox, whoever listens; return how many are there."""
    mailbox = machine.mailbox
    if mailbox is None:
        mailbox = machine.mailbox = Mailbox()
    if machine.parking is not None:
        forbid(machine)
    mailbox.put(message)
    return mailbox.count


def cut_off(machine: Machine, task: Task, op: OpTuple) -> None:
    """Note for `unread` where the answer to its op, which a task has not seen when the turn ends, came from."""
    channel = None
    if task.mode is VALUE:
        if op[0] == Op.RECEIVE:
            channel = op[1]
        elif op[0] == Op.SELECT and task.value[0] >= 0:
            chosen, is_send, _ = op[1][task.value[0]]
            channel = None if is_send else chosen
    if (None if task.waiter is None else task.waiter.channel) is not channel:
        forbid(machine)
        task.waiter = None if channel is None else Waiter(task, channel, -1, False, None)  # noqa: FBT003


def _handed(machine: Machine) -> Iterator[tuple[str, Any]]:
    """Yield the topic and the item of what ready tasks are about to be resumed with, in the order in which they run."""
    for task in machine.ready:
        channel, value = None if task.waiter is None else task.waiter.channel, task.value
        if channel is None or channel.topic is None or task.mode is not VALUE:
            continue
        if type(value) is tuple and len(value) > 1 and value[-1] is True:
            item = value[-2]  # (item, True) of a receive, (case, item, True) of a select
            if type(item) is Message or channel.topic is not INBOX_TOPIC:
                yield channel.topic, item


def unread(machine: Machine) -> list[Message]:
    """Return the messages that the script has not received yet, those in the buffers of its listeners first.

    Before all others those that a task has been handed and has not seen, since it has not run yet. Of those that a
    listener without messages had taken the sender is not known any more.
    """
    unpark(machine)
    kept = [] if machine.mailbox is None else machine.mailbox.messages()
    held = [*_handed(machine), *subscription.buffered(machine.subscriptions or {})]
    unread = [*subscription.messages_of(held), *kept]
    return [message for message in unread if not message.topic.startswith(SUBSCRIPTION_PREFIX)]
