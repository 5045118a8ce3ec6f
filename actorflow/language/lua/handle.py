"""What stands for a thing of the other side: slots for Lua's values, handles for the machine's objects."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any, Final

from actorflow.machine.channel import Channel

_FIRST_SWEEP: Final = 256


class Slot:
    """A Lua value that stays inside its process: the number of the slot that holds it."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


class Handles:
    """The machine's objects that Lua holds, by number.

    One dictionary for both directions, for a process has few of them. Those that Lua has let go are forgotten whenever
    their count has doubled.

    Attributes:
        receiving: the number of the channel that was received from last, and that op.
    """

    __slots__ = ("_instance", "_known", "_last", "_released", "_sweep", "receiving")

    def __init__(self, released: Callable[[int, bytes], bytes], instance: int, last: int = 0) -> None:
        """Hold nothing; `released` picks from packed numbers those that an instance has let go.

        Numbers begin after `last`, so that those of an earlier instance of the same worker mean nothing here.
        """
        self._known: dict[Any, Any] = {}
        self._last = last
        self._sweep = _FIRST_SWEEP
        self._released = released
        self._instance = instance
        self.receiving: tuple[int, tuple[Any, ...]] = (0, ())

    def __len__(self) -> int:
        """Return how many objects are held."""
        return len(self._known) // 2

    def number(self, thing: Any) -> int:
        """Return the number of an object, the same each time while Lua holds it."""
        number: int | None = self._known.get(thing)
        if number is None:
            if len(self) >= self._sweep:
                self._forget_released()
            number = self._last = self._last + 1
            self._known[number] = thing
            self._known[thing] = number
        return number

    def thing(self, number: int) -> Any:
        """Return the object of a number; of an earlier call of the same worker it is a closed channel."""
        found = self._known.get(number)
        return _closed() if found is None else found

    def known(self, number: int) -> Any:
        """Return the object of a number, None when there is none."""
        return self._known.get(number)

    @property
    def last(self) -> int:
        """The last number that was given."""
        return self._last

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
        self.receiving = (0, ())

    def _forget_released(self) -> None:
        held = array("q", [number for number in self._known if type(number) is int])
        gone = array("q", self._released(self._instance, held.tobytes()))
        for number in gone:
            del self._known[self._known.pop(number)]
        self._sweep = max(_FIRST_SWEEP, 2 * len(self))


def _closed() -> Channel:
    channel = Channel()
    channel.closed = True
    return channel
