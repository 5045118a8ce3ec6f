"""Crowded mailboxes: a notice to the operator, and what an entry asks for when its mailbox is full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actorflow.errors import RESOURCE, UNAVAILABLE, Error, Failure
from actorflow.notice import Notice
from actorflow.ports import Outcome
from hosts.process.bounds import DROP_NEWEST, DROP_OLDEST, END, FIRST_LOOK

if TYPE_CHECKING:
    from actorflow.value import Value
    from hosts.process.process import Process

_OBJECT: Final = 56
_SCALAR: Final = 32
_SLOT: Final = 8
_PAIR: Final = 50
_MESSAGE: Final = 160
"""Bytes of a small object, a number, a place in a list and in a map, and of a message with its place in the mailbox."""


def look(process: Process, topic: str, kept: int) -> None:
    """Look at a mailbox that `kept` messages wait in; the last one, of this topic, has just come.

    Raises:
        Error: kind Unavailable when the mailbox is full and refuses: the message is not in it any more.
    """
    bounds = process.bounds
    if kept >= process.weighed_at:
        _weigh(process, kept)
    process.watched = min(process.weighed_at, bounds.crowded)
    if kept == bounds.mailbox:
        text = f"{process.entry}: {kept:,} unread messages, the last one of topic {topic!r}"
        process.host.notices(Notice("mailbox-large", text, process.pid))
    if bounds.room and kept > bounds.room and not topic.startswith("@"):
        _overflow(process, topic)


def _weigh(process: Process, kept: int) -> None:
    """Weigh the unread messages, and end who keeps too much; the next time is when their number has doubled.

    Sooner where they might be too much by then, but not before an eighth more: so a message is weighed a few times.
    """
    mailbox, limit = process.machine.mailbox, process.bounds.memory
    weight = sum(_MESSAGE + weight_of(message.payloads) for message in mailbox.messages()) if mailbox else 0
    if weight > limit.kill:
        text = f"{kept:,} unread messages hold more memory than limits.memory.kill allows ({limit.kill >> 20} MiB)"
        process.machine.end(Outcome(failure=Failure(text, RESOURCE, retryable=False)))
    elif weight > limit.warn >= weight // 2:
        text = f"{process.entry}: {kept:,} unread messages of about {weight >> 20} MiB"
        process.host.notices(Notice("memory-large", text, process.pid))
    room = (limit.kill - weight) * kept // (2 * weight + 1)
    process.weighed_at = kept + max(min(kept, room), kept // 8, FIRST_LOOK)


def weight_of(value: Value) -> int:
    """Return about how many bytes a copied value takes in this process."""
    weight, rest = 0, [value]
    while rest:
        item = rest.pop()
        if isinstance(item, str | bytes):
            weight += _OBJECT + len(item)
        elif isinstance(item, list | tuple):
            weight += _OBJECT + _SLOT * len(item)
            rest.extend(item)
        elif isinstance(item, dict):
            weight += _OBJECT + _PAIR * len(item)
            rest.extend(item.values())
            rest.extend(item)
        else:
            weight += _SCALAR
    return weight


def _overflow(process: Process, topic: str) -> None:
    mailbox, bounds = process.machine.mailbox, process.bounds
    if mailbox is None:
        return
    if bounds.overflow == END:
        text = f"mailbox full: {bounds.room:,} unread messages, and one more of topic {topic!r}"
        process.machine.end(Outcome(failure=Failure(text, RESOURCE)))
        return
    if bounds.overflow == DROP_OLDEST:
        mailbox.drop_oldest()
    else:
        mailbox.drop_newest(topic)
    if bounds.overflow in {DROP_OLDEST, DROP_NEWEST}:
        _tell_once(process)
        return
    text = f"mailbox full: {process.pid} has {bounds.room:,} unread messages, the most that {process.entry} keeps"
    raise Error(text, UNAVAILABLE, retryable=True)


def _tell_once(process: Process) -> None:
    """Tell the operator of the first message that was dropped; later ones are many."""
    if process.has_dropped:
        return
    process.has_dropped = True
    bounds = process.bounds
    text = f"{process.entry}: its mailbox is full ({bounds.room:,} messages), {bounds.overflow} from now on"
    process.host.notices(Notice("mailbox-full", text, process.pid))
