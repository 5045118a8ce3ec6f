"""Crowded mailboxes: a notice to the operator, and what an entry asks for when its mailbox is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.errors import RESOURCE, UNAVAILABLE, Error, Failure
from actorflow.notice import Notice
from actorflow.ports import Outcome
from hosts.process.bounds import DROP_NEWEST, DROP_OLDEST, END

if TYPE_CHECKING:
    from hosts.process.process import Process


def look(process: Process, topic: str, kept: int) -> None:
    """Look at a mailbox that `kept` messages wait in; the last one, of this topic, has just come.

    Raises:
        Error: kind Unavailable when the mailbox is full and refuses: the message is not in it any more.
    """
    bounds = process.bounds
    if kept == bounds.mailbox:
        text = f"{process.entry}: {kept:,} unread messages, the last one of topic {topic!r}"
        process.host.notices(Notice("mailbox-large", text, process.pid))
    if bounds.room and kept > bounds.room and not topic.startswith("@"):
        _overflow(process, topic)


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
