"""A message as it lies in a mailbox, and the topics with a meaning of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from actorflow.errors import TIMEOUT, Failure

INBOX_TOPIC: Final = "@pid/inbox"
EVENTS_TOPIC: Final = "@pid/events"
SUBSCRIPTION_PREFIX: Final = "@sub/"
"""Topics of what a process has subscribed to at its node, one a subscription; no script can name them."""

UPDATE_PREFIX: Final = "{update|"
"""How the sender of a message begins that is an update of a durable run: `{update|<id>}`."""


class Message:
    """One message: its topic, who sent it, and its payloads; what a Python script receives is this very object.

    Immutable by convention. Payloads are values already copied for the receiver, so it may keep them.
    `sender` is a PID, or `""` when unknown. A name that is none of its own attributes is looked up in the payload
    when that is a single map: `message.approved` means `message.payload["approved"]`.

    Attributes:
        payload: what a listener sees: None for no payload, the payload itself, or a list of several.
    """

    __slots__ = ("_payloads", "payload", "sender", "topic")  # `_payloads` is None where there is exactly one
    __match_args__ = ("topic", "payload")

    def __init__(self, topic: str, sender: str = "", payloads: tuple[Any, ...] = ()) -> None:
        """Make a message; the caller has copied the payloads."""
        self.topic = topic
        self.sender = sender
        if len(payloads) == 1:
            self.payload: Any = payloads[0]
            self._payloads: tuple[Any, ...] | None = None
        else:
            self.payload = list(payloads) if payloads else None
            self._payloads = payloads

    @property
    def payloads(self) -> tuple[Any, ...]:
        """All payloads."""
        return (self.payload,) if self._payloads is None else self._payloads

    @property
    def value(self) -> Any:
        """The same as `payload`."""
        return self.payload

    @property
    def from_(self) -> str:
        """The sender, by the name it has in Lua."""
        return self.sender

    def __getattr__(self, name: str) -> Any:
        if name in Message.__slots__:  # not set yet: it is being copied
            raise AttributeError(name)
        payload = self.payload
        if isinstance(payload, dict) and name in payload:
            return payload[name]
        held = f"its payload has {sorted(map(str, payload))}" if isinstance(payload, dict) else "its payload is no map"
        raise AttributeError(f"message {self.topic!r} has no attribute {name!r}; {held}")

    def __repr__(self) -> str:
        """Show the topic only: payloads may be large or secret."""
        return f"Message(topic={self.topic!r}, sender={self.sender!r})"


EXIT: Final = "pid.exit"
LINK_DOWN: Final = "pid.link.down"
CANCEL: Final = "pid.cancel"
OUTDATED: Final = "pid.outdated"

_SHORT_TYPES: Final = {EXIT: "EXIT", LINK_DOWN: "LINK_DOWN", CANCEL: "CANCEL", OUTDATED: "OUTDATED"}


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


def child_exit(  # noqa: PLR0913, PLR0917 - the parts of an event
    pid: str, at: int, value: Any, failure: Failure | None, workflow_id: str, run_id: str
) -> dict[str, Any]:
    """Return the event that tells a parent run how its child ended: a failure says in its details whose it is."""
    return exit_event(pid, at, value, of_child(failure, workflow_id, run_id))


def of_child(failure: Failure | None, workflow_id: str, run_id: str) -> Failure | None:
    """Return the failure of a child as its parent gets it: it says whose it is, and a time-out is not to be retried."""
    if failure is None:
        return None
    origin = {"_wrapper": "child_workflow", "_workflow_id": workflow_id, "_run_id": run_id}
    retryable = False if failure.kind == TIMEOUT and failure.retryable is None else failure.retryable
    return replace(failure, retryable=retryable, details={**(failure.details or {}), **origin})


def cancel_event(sender: str, at: int, reason: str) -> dict[str, Any]:
    """Return the event that asks a process to stop; `at` is Unix nanoseconds, the event holds seconds."""
    at //= 1_000_000_000
    return {"kind": CANCEL, "type": "CANCEL", "from": sender, "pid": sender, "at": at, "reason": reason}


def outdated_event(pid: str, at: int, sources: tuple[str, ...]) -> dict[str, Any]:
    """Return the event that tells a process that entries which its code comes from, `sources`, are others now."""
    at //= 1_000_000_000
    return {"kind": OUTDATED, "type": "OUTDATED", "from": pid, "pid": pid, "at": at, "sources": list(sources)}
