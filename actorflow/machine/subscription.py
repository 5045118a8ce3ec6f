"""Ops on the mailbox: which channel gets which topic, and the hand-over from mailbox to channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import ALREADY_EXISTS, Error, Failure, invalid, well_formed
from actorflow.machine.channel import Channel, OpTuple, close, complete
from actorflow.machine.parking import forbid
from actorflow.message import EVENTS_TOPIC, INBOX_TOPIC, SUBSCRIPTION_PREFIX, Message
from actorflow.ports import Carried

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from actorflow.machine.machine import Machine
    from actorflow.machine.task import Task

_FROM_OUTSIDE: Final = (Message, Carried, bool, int, float, str, bytes, list, dict, Failure)
"""What messages bring; a channel that the script subscribed itself may hold anything else."""


def op_inbox(machine: Machine, _task: Task, _op: OpTuple) -> Channel:
    """INBOX → the channel of every message that no listener takes."""
    return _open(machine, INBOX_TOPIC, 0, as_message=True)


def op_events(machine: Machine, _task: Task, _op: OpTuple) -> Channel:
    """EVENTS → the channel of CANCEL, EXIT and LINK_DOWN events."""
    channel = _open(machine, EVENTS_TOPIC, 0, as_message=False)
    if machine.asked is not None:
        machine.events_opened()
    return channel


def op_listen(machine: Machine, _task: Task, op: OpTuple) -> Channel:
    """LISTEN topic, as_message → the channel of one exact topic; again the same channel for the same topic."""
    channel = _open(machine, checked_topic(op[1], "listen to"), 1, as_message=op[2])
    channel.as_message = channel.as_message or op[2]
    return channel


def op_attach(machine: Machine, _task: Task, op: OpTuple) -> Channel:
    """ATTACH topic, size → the channel of a subscription at the node; what came before it is there already."""
    if not op[1].startswith(SUBSCRIPTION_PREFIX):
        raise invalid(f"cannot attach to topic {op[1]!r}: expected one of a subscription")
    return _open(machine, op[1], op[2], as_message=False)


def op_subscribe(machine: Machine, _task: Task, op: OpTuple) -> bool:
    """SUBSCRIBE topic, channel → True: bind a channel of the script's own to a topic."""
    topic, channel = checked_topic(op[1], "subscribe to"), op[2]
    if channel.closed:
        message = f"cannot subscribe a closed channel to topic {topic!r}"
        raise invalid(message)
    if channel.topic is not None and channel.topic != topic:
        message = f"the channel is subscribed to topic {channel.topic!r} already"
        raise Error(message, ALREADY_EXISTS, retryable=False)
    subscriptions = machine.subscriptions
    if subscriptions is not None and subscriptions.get(topic, channel) is not channel:
        message = f"topic {topic!r} already has another channel"
        raise Error(message, ALREADY_EXISTS, retryable=False)
    channel.topic = topic
    forbid(machine)
    machine.subscriptions = {**(subscriptions or {}), topic: channel}
    _hand_over(machine, channel)
    fill(machine, channel)
    return True


def op_unlisten(machine: Machine, _task: Task, op: OpTuple) -> bool:
    """UNLISTEN channel → True, closing it; later messages of its topic go where they would without it."""
    found = _unsubscribe(machine, op[1])
    if found:
        close(machine, op[1])
    return found


def op_unsubscribe(machine: Machine, _task: Task, op: OpTuple) -> bool:
    """UNSUBSCRIBE channel → True; the channel stays open."""
    return _unsubscribe(machine, op[1])


def op_close(machine: Machine, _task: Task, op: OpTuple) -> None:
    """CLOSE channel → None, unsubscribing it; closing twice is nothing."""
    _unsubscribe(machine, op[1])
    close(machine, op[1])


def pull(machine: Machine, channel: Channel) -> Message | None:
    """Take the next message that is routed to this subscribed channel out of the mailbox."""
    mailbox = machine.mailbox
    if mailbox is None or not mailbox.count or channel.topic is None:
        return None
    return mailbox.take_for(channel.topic, machine.subscriptions or ())


def fill(machine: Machine, channel: Channel) -> None:
    """Move messages from the mailbox into the channel's buffer while there is room."""
    while channel.size > (0 if channel.buffer is None else len(channel.buffer)):
        message = pull(machine, channel)
        if message is None:
            return
        if channel.buffer is None:
            channel.buffer = machine.new_buffer()
        channel.buffer.append(item_of(channel, message))


def buffered(subscriptions: Mapping[str, Channel]) -> list[tuple[str, Any]]:
    """Return what subscribed channels hold, each item with its topic."""
    return [(topic, item) for topic, channel in subscriptions.items() for item in channel.buffer or ()]


def messages_of(held: Iterable[tuple[str, Any]]) -> list[Message]:
    """Return items of subscribed channels as messages; what the script itself put there is not among it."""
    return [
        _opened(item) if isinstance(item, Message) else _opened(Message(topic, "", (item,)))
        for topic, item in held
        if item is None or isinstance(item, _FROM_OUTSIDE)
    ]


def _opened(message: Message) -> Message:
    """Return the message for a reader in any language."""
    carried = message.payload
    return Message(message.topic, message.sender, (carried.opened(),)) if type(carried) is Carried else message


def item_of(channel: Channel, message: Message) -> Any:
    """Return what a receiver of this channel sees of a message."""
    return message if channel.as_message else message.payload


def checked_topic(topic: Any, verb: str) -> str:
    """Return the topic if a script may use it.

    Raises:
        Error: kind Invalid, for an empty topic, one that is no Unicode text, or one of the system's own.
    """
    if not isinstance(topic, str) or not topic:
        message = f"cannot {verb} topic {topic!r}: expected a non-empty text"
        raise invalid(message)
    if topic.startswith("@"):
        message = f"cannot {verb} @ topics: got {topic!r}; topics that begin with @ are the system's own"
        raise invalid(message)
    if not topic.isascii() and well_formed(topic) != topic:
        message = f"cannot {verb} topic {topic!a:.80}: got a lone surrogate, expected well-formed Unicode text"
        raise invalid(message)
    return topic


def _open(machine: Machine, topic: str, size: int, *, as_message: bool) -> Channel:
    subscriptions = machine.subscriptions
    if subscriptions is None:
        subscriptions = machine.subscriptions = {}
    channel = subscriptions.get(topic)
    if channel is None:
        forbid(machine)
        channel = subscriptions[topic] = Channel(size, topic, as_message=as_message)
        fill(machine, channel)
    return channel


def _unsubscribe(machine: Machine, channel: Channel) -> bool:
    subscriptions = machine.subscriptions
    if channel.topic is None or subscriptions is None or subscriptions.get(channel.topic) is not channel:
        return False
    del subscriptions[channel.topic]
    forbid(machine)
    if machine.mailbox is not None and channel.topic.startswith(SUBSCRIPTION_PREFIX):
        machine.mailbox.forget(channel.topic)  # nobody can ask for it any more
    channel.topic = None
    inbox = subscriptions.get(INBOX_TOPIC)
    if inbox is not None:
        _hand_over(machine, inbox)
    return True


def _hand_over(machine: Machine, channel: Channel) -> None:
    """Serve receivers that already wait: a change of subscriptions may have routed kept messages to them."""
    while channel.receivers:
        message = pull(machine, channel)
        if message is None:
            return
        complete(machine, channel.receivers[0], item_of(channel, message), ok=True)
