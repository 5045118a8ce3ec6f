"""Subscriptions of processes: what happens at the node arrives in the mailbox, under a topic of the subscription's own.

The script sees a channel with room for 64 events; what does not fit waits in the mailbox, in order. A subscription ends
when it is closed, and with its process.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from actorflow.errors import invalid
from actorflow.message import SUBSCRIPTION_PREFIX
from actorflow.node.event_bus import Event, EventSink
from actorflow.node.operation import Caller

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.ports import Outcome

Subscribe: TypeAlias = Callable[[EventSink], Callable[[], None]]
"""Begins to tell a sink, and returns what ends that."""


class Subscriptions:
    """The open subscriptions of one node's processes."""

    def __init__(self, node: Node) -> None:
        """Know none."""
        self._node = node
        self._numbers = itertools.count(1)
        self._open: dict[str, tuple[str, Callable[[], None]]] = {}

    def open(self, caller: Caller, what: str, subscribe: Subscribe) -> str:
        """Subscribe a process and return the topic under which it gets its events.

        Raises:
            Error: kind Invalid, when the caller is no process; else what `subscribe` raises.
        """
        pid = caller.pid
        if not pid:
            raise invalid(f"{what}: only a process can subscribe, and {caller.entry} is a function; spawn a process")
        topic = f"{SUBSCRIPTION_PREFIX}{next(self._numbers)}"

        def sink(event: Event) -> None:
            self._node.router.send(pid, topic, (event,), "", _ignored)

        end = subscribe(sink)
        take_back = caller.release(lambda: self._end(topic))

        def finish() -> None:
            end()
            take_back()

        self._open[topic] = (pid, finish)
        return topic

    def close(self, caller: Caller, topic: Any) -> bool:
        """End a subscription of this process; tell whether it was open."""
        pid = self._open.get(topic, ("",))[0] if isinstance(topic, str) else ""
        return pid != "" and pid == caller.pid and self._end(topic)

    def _end(self, topic: str) -> bool:
        _, finish = self._open.pop(topic, ("", None))
        if finish is not None:
            finish()
        return finish is not None


def _ignored(_outcome: Outcome) -> None:
    """Take a reply that nobody waits for: a process that has ended hears nothing."""


def install(node: Node) -> None:
    """Add what closes subscriptions of every sort."""
    node.operations.add("subscription.close", subscriptions(node).close)


def subscriptions(node: Node) -> Subscriptions:
    """Return the one table of a node."""
    found: Subscriptions = node.resources.setdefault("subscriptions", Subscriptions(node))
    return found
