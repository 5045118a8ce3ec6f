"""Messages and events as a script sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actorflow.errors import Failure
from actorflow.message import Message

__all__ = ["Event", "Message"]


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
