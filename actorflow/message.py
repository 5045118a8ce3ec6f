"""A message as it lies in a mailbox, and the topics with a meaning of their own."""

from __future__ import annotations

from typing import Any, Final

from actorflow.errors import Failure

INBOX_TOPIC: Final = "@pid/inbox"
EVENTS_TOPIC: Final = "@pid/events"


class Message:
    """One message: its topic, who sent it, and its payloads.

    Immutable by convention. `payloads` are values already copied for the receiver, so it may keep them.
    `sender` is a PID, or `""` when unknown.
    """

    __slots__ = ("payloads", "sender", "topic")

    def __init__(self, topic: str, sender: str = "", payloads: tuple[Any, ...] = ()) -> None:
        """Make a message; the caller has copied the payloads."""
        self.topic = topic
        self.sender = sender
        self.payloads = payloads

    @property
    def value(self) -> Any:
        """What a listener sees: None for no payload, the payload itself, or a list of several."""
        payloads = self.payloads
        if len(payloads) == 1:
            return payloads[0]
        return list(payloads) if payloads else None

    def __repr__(self) -> str:
        """Show the topic only: payloads may be large or secret."""
        return f"Message(topic={self.topic!r}, sender={self.sender!r})"


EXIT: Final = "pid.exit"
LINK_DOWN: Final = "pid.link.down"
CANCEL: Final = "pid.cancel"

_SHORT_TYPES: Final = {EXIT: "EXIT", LINK_DOWN: "LINK_DOWN", CANCEL: "CANCEL"}


def exit_event(pid: str, at: int, value: Any, failure: Failure | None, kind: str = EXIT) -> dict[str, Any]:
    """Return the event that tells a watcher how `pid` ended; `at` is Unix nanoseconds, the event holds seconds."""
    return {
        "kind": kind,
        "type": _SHORT_TYPES[kind],
        "from": pid,
        "pid": pid,
        "at": at // 1_000_000_000,
        "result": {"value": value, "error": failure},
    }


def cancel_event(sender: str, at: int, reason: str) -> dict[str, Any]:
    """Return the event that asks a process to stop; `at` is Unix nanoseconds, the event holds seconds."""
    at //= 1_000_000_000
    return {"kind": CANCEL, "type": "CANCEL", "from": sender, "pid": sender, "at": at, "reason": reason}
