"""The event bus of the node: what happens is sent, and whoever subscribed hears of it.

    async with await events.subscribe("order", "order.*") as subscription:
        async for event in subscription:
            print(event.kind, event.path, event.data)

Best effort: events are kept nowhere, and nobody waits for a subscriber. Patterns are dot-separated: `*` is one
segment, `**` any number, `(a|b)` alternatives. The node itself publishes `supervisor`/`service.update` and
`registry`/`entry.*`.
"""

from __future__ import annotations

from typing import Any

from actorflow.script.operation import perform
from actorflow.script.subscription import Subscription, opened

__all__ = ["Subscription", "send", "subscribe"]


async def subscribe(system: str, kind: str | None = None) -> Subscription:
    """Hear every event whose system and kind fit these patterns, from now on; without `kind` all kinds.

    Raises:
        Error: kind Invalid, when a pattern is none, or in a function.py, which has no mailbox.
    """
    subscription, _ = await opened("events.subscribe", system, kind)
    return subscription


async def send(system: str, kind: str, path: str, data: Any = None) -> None:
    """Publish an event; whether anybody hears of it is not known.

    Raises:
        Error: kind Invalid, when system, kind or path is empty, or `data` may not cross.
    """
    await perform("events.send", system, kind, path, data)
