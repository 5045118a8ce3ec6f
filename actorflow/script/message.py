"""Messages and events as a script sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actorflow import message
from actorflow.errors import Failure


class Message:
    """One message out of the inbox.

    A name that is none of its own attributes is looked up in the payload when that is a single map, so
    `message.approved` means `message.payload["approved"]`. Own attributes win.
    """

    __slots__ = ("_message",)
    __match_args__ = ("topic", "payload")

    def __init__(self, received: message.Message) -> None:
        self._message = received

    @property
    def topic(self) -> str:
        """The topic it was sent to."""
        return self._message.topic

    @property
    def sender(self) -> str:
        """The PID of who sent it, or `""` when unknown."""
        return self._message.sender

    from_ = sender

    @property
    def payload(self) -> Any:
        """None for no payload, the payload itself, or a list of several."""
        payloads = self._message.payloads
        return payloads[0] if len(payloads) == 1 else self._message.value

    value = payload

    @property
    def payloads(self) -> tuple[Any, ...]:
        """All payloads."""
        return self._message.payloads

    def __getattr__(self, name: str) -> Any:
        payload = self.payload
        if isinstance(payload, dict) and name in payload:
            return payload[name]
        held = f"its payload has {sorted(map(str, payload))}" if isinstance(payload, dict) else "its payload is no map"
        raise AttributeError(f"message {self.topic!r} has no attribute {name!r}; {held}")

    def __repr__(self) -> str:
        return f"Message(topic={self.topic!r}, sender={self.sender!r})"


class Event(dict[str, Any]):
    """An event: a map with `kind`, `type`, `from`, `pid`, `at` (Unix seconds), and by kind `reason` or `result`.

    Its entries are attributes too: `event.type == "EXIT"`, `event.pid`.
    """

    __slots__ = ()

    @property
    def from_(self) -> str:
        """The PID it is about or from; `event["from"]`."""
        return str(self["from"])

    @property
    def value(self) -> Any:
        """What an ended process returned, or None."""
        return self._result().get("value")

    @property
    def error(self) -> Failure | None:
        """Why an ended process failed, or None."""
        return self._result().get("error")

    def _result(self) -> Mapping[str, Any]:
        return self.get("result") or {}

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"event {self.get('kind')!r} has no {name!r}; it has {', '.join(self)}") from None
