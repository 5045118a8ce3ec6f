"""Channels: queues between the tasks of one process, and `select` over several of them.

ch = channel.new(1)
await ch.send("work")
async for item in ch: ...
chosen = await channel.select(inbox, done.case_receive(), out.case_send(1), default=True)
"""

from __future__ import annotations

import types
from collections.abc import Callable, Generator
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from actorflow.errors import CANCELED, Error, invalid
from actorflow.machine import channel as machine
from actorflow.machine.op import Op
from actorflow.script.argument import whole
from actorflow.script.current import ask
from actorflow.value import Opaque

T = TypeVar("T")
Wait: TypeAlias = Generator[tuple[Any, ...], Any, Any]
WaitFor: TypeAlias = Generator[tuple[Any, ...], Any, T]

_SEND: Final = Op.SEND
_RECEIVE: Final = Op.RECEIVE
_SELECT: Final = Op.SELECT


class Closed(Error):
    """A receive from a channel that is closed and empty."""

    def __init__(self) -> None:
        super().__init__("receive from a closed channel", CANCELED, retryable=False)


class Channel(Opaque, Generic[T]):
    """A queue of one process: items go to the longest waiting receiver, in the order of sending.

    It belongs to its process and crosses no boundary. None is an item like any other.
    """

    __slots__ = ("_op", "raw", "seen")

    def __init__(self, raw: machine.Channel, seen: Callable[[Any], T] | None = None) -> None:
        """Wrap `raw`, a channel of the machine; `seen` turns its items into what the script sees."""
        self.raw = raw
        self.seen = seen
        self._op = (_RECEIVE, raw)  # made once: it is known by its identity where it comes again (`machine.parking`)

    @types.coroutine
    def send(self, item: T) -> WaitFor[None]:
        """Hand an item over, waiting while there is neither a receiver nor room in the buffer.

        Raises:
            Error: kind Invalid when the channel is closed, Canceled when it is closed while waiting.
        """
        yield (_SEND, self.raw, item)

    @types.coroutine
    def receive(self) -> WaitFor[T]:
        """Return the next item, waiting for one.

        Raises:
            Closed: when the channel is closed and empty.
        """
        item, ok = yield self._op
        if not ok:
            raise Closed
        seen = self.seen
        found: T = item if seen is None else seen(item)
        return found

    def close(self) -> None:
        """Close it: waiting receivers get `Closed`, buffered items stay receivable. Closing twice is nothing."""
        ask((Op.CLOSE, self.raw))

    @property
    def closed(self) -> bool:
        """Whether it was closed; buffered items may still be there."""
        return self.raw.closed

    def case_send(self, item: T) -> Case:
        """Return the `select` case that sends `item`."""
        return Case(self, is_send=True, item=item)

    def case_receive(self) -> Case:
        """Return the `select` case that receives; the channel itself means the same."""
        return Case(self)

    def __aiter__(self) -> Channel[T]:
        return self

    @types.coroutine
    def __anext__(self) -> WaitFor[T]:
        item, ok = yield self._op
        if not ok:
            raise StopAsyncIteration
        seen = self.seen
        found: T = item if seen is None else seen(item)
        return found

    def __repr__(self) -> str:
        topic = self.raw.topic
        return f"Channel(topic={topic!r})" if topic else f"Channel(size={self.raw.size})"


class Case:
    """One case of a `select`."""

    __slots__ = ("channel", "is_send", "item")

    def __init__(self, channel: Channel[Any], *, is_send: bool = False, item: Any = None) -> None:
        self.channel = channel
        self.is_send = is_send
        self.item = item


class HasChannel(Protocol):
    """What can stand in a `select` for its channel: a timer, a future."""

    @property
    def channel(self) -> Channel[Any]:
        """The channel to receive from."""
        ...


class Selected(NamedTuple):
    """What a `select` chose: the number of the case (-1: the default), its channel, the item and whether it is one.

    `ok` is False, and `value` None, for a receive from a closed channel.
    """

    index: int  # type: ignore[assignment] # tuples have a method of this name, which nobody needs here
    channel: Channel[Any] | None
    value: Any
    ok: bool


@types.coroutine
def select(*cases: Case | Channel[Any] | HasChannel, default: bool = False) -> WaitFor[Selected]:
    """Wait for the first case that is ready, in the order given; with `default` do not wait.

    Raises:
        Error: kind Invalid, when a case is none or sends on a closed channel.
    """
    prepared = [_case(case) for case in cases]
    ops = tuple((case.channel.raw, case.is_send, case.item) for case in prepared)
    index, item, ok = yield (_SELECT, ops, default)
    if index < 0:
        return Selected(index, None, None, ok)
    chosen = prepared[index]
    seen = chosen.channel.seen
    return Selected(index, chosen.channel, seen(item) if ok and seen and not chosen.is_send else item, ok)


def _case(case: Any) -> Case:
    if isinstance(case, Case):
        return case
    channel = case if isinstance(case, Channel) else getattr(case, "channel", None)
    if not isinstance(channel, Channel):
        raise invalid(f"channel.select: got {case!r:.80}, expected a channel, a timer, a future or a case of a channel")
    return Case(channel)


def new(size: int = 0) -> Channel[Any]:
    """Return a new channel whose buffer holds `size` items.

    Raises:
        Error: kind Invalid, for a size that is no whole number of 0 or more, and outside of a process.
    """
    if whole("channel.new", "size", size) < 0:
        raise invalid(f"channel.new: got the size {size}, expected 0 or more")
    return Channel(ask((Op.CHANNEL, size)))
