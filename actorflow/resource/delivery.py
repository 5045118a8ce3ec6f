"""A message of a queue, and its deliveries: each is settled once, by its handler or by how the handler ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from actorflow.errors import Error, invalid
from actorflow.value import Value

ACK: Final = "ack"
NACK: Final = "nack"


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """What lies in a queue.

    Attributes:
        id: the same for all deliveries. body, headers: what was published.
        attempts: how often it was delivered and came back.
    """

    id: str
    body: Value
    headers: Mapping[str, Value]
    attempts: int = 0

    def again(self) -> QueueMessage:
        """Return the message after one more attempt."""
        return replace(self, attempts=self.attempts + 1)


class Delivery:
    """One message in the hands of one handler. `settled` is called once, with `ack` or `nack`.

    Attributes:
        message: what is handed out. why: how its handler failed, "" while it has not.
    """

    __slots__ = ("_settled", "_verdict", "message", "why")

    def __init__(self, message: QueueMessage, settled: Callable[[str], None]) -> None:
        """Hand out a message that nobody has settled yet."""
        self.message = message
        self._settled = settled
        self._verdict = ""
        self.why = ""

    @property
    def verdict(self) -> str:
        """`ack` or `nack`, or "" while it is open."""
        return self._verdict

    def settle(self, verdict: str) -> None:
        """Settle it.

        Raises:
            Error: kind Invalid, when it is settled already.
        """
        if self._verdict:
            raise already(self)
        self._verdict = verdict
        self._settled(verdict)

    def conclude(self, verdict: str) -> None:
        """Settle it if the handler has not."""
        if not self._verdict:
            self.settle(verdict)


def already(delivery: Delivery) -> Error:
    """Return the error for settling twice."""
    return invalid(f"already settled: message {delivery.message.id} got {delivery.verdict}")
