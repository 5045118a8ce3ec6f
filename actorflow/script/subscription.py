"""What a script gets when it subscribes to something at its node: a channel of events, until it is closed."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self

from actorflow.machine.op import Op
from actorflow.script.channel import Channel, select
from actorflow.script.current import ask
from actorflow.script.message import Event
from actorflow.script.operation import perform

_ROOM: Final = 64


class Subscription:
    """Events as they happen: `async for event in subscription`, or its `channel` in a `select`.

    64 events fit the channel, further ones wait behind it. Used with `async with` it is closed at the end of the block.
    """

    __slots__ = ("_topic", "channel")

    def __init__(self, topic: str) -> None:
        """Take over the subscription that an operation has opened."""
        self._topic = topic
        self.channel = Channel(ask((Op.ATTACH, topic, _ROOM)), Event)

    async def close(self, *, flush: bool = False) -> None:
        """End it. What is in the channel stays receivable, or with `flush` is thrown away. Again is nothing."""
        await perform("subscription.close", self._topic)
        while flush and (await select(self.channel, default=True)).value is not None:
            pass
        self.channel.close()

    def __aiter__(self) -> Channel[Event]:
        return self.channel

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not GeneratorExit:  # dropped: nobody answers any more
            await self.close()


async def opened(name: str, *args: Any) -> tuple[Subscription, Any]:
    """Return the subscription that an operation opens, and what else it says."""
    answer = await perform(name, *args)
    topic = answer if isinstance(answer, str) else answer["topic"]
    return Subscription(topic), answer
