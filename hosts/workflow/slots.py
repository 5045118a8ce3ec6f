"""Slots of functions: how many attempts run at a time and begin in a time, in all and for each key.

A call that gets no slot waits in line. Next is the one with the highest priority, and among equals the one whose key
was served longest ago, so that one key with many calls delays no other. Nothing is polled: a line moves when a slot is
free or when the rate lets the next attempt begin.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trio

from actorflow.duration import SECOND

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from hosts.workflow.open_call import OpenCall

_KEY: Final = "hosts.workflow.slots"
_KEPT_KEYS: Final = 10_000
"""Keys of one function that are remembered while they have nothing to do; beyond that all of those are forgotten."""


class Rate(NamedTuple):
    """So many attempts begin in so many nanoseconds."""

    number: int
    per: int


class SlotLimits(NamedTuple):
    """What a function allows: attempts at a time (0: any number) and their rate, in all and for each key."""

    concurrency: int = 0
    rate: Rate | None = None
    key_concurrency: int = 0
    key_rate: Rate | None = None


class _Bucket:
    """The generic cell rate algorithm (ITU-T I.371): as many at once as the rate counts, then evenly."""

    def __init__(self, rate: Rate | None) -> None:
        self._rate = rate
        self._due = 0.0

    def wait(self, now: float) -> float:
        """Return the seconds until the next one may begin, at most 0 for now."""
        if self._rate is None:
            return 0.0
        number, per = self._rate.number, self._rate.per / SECOND
        return self._due - (per - per / number) - now

    def take(self, now: float) -> None:
        """Begin one."""
        if self._rate is not None:
            self._due = max(self._due, now) + self._rate.per / SECOND / self._rate.number


class _Line:
    """The calls of one key."""

    def __init__(self, rate: Rate | None) -> None:
        self.waiting: list[tuple[int, int, OpenCall]] = []
        self.running = 0
        self.served = 0
        self.bucket = _Bucket(rate)


class Gate:
    """The slots of one function on one node, whichever store its callers are in."""

    def __init__(self, node: Node, limits: SlotLimits) -> None:
        """Have all slots free."""
        self.limits = limits
        self._node = node
        self._lines: dict[str, _Line] = {}
        self._ready: list[tuple[int, int, str]] = []
        self._begin: dict[OpenCall, Callable[[], None]] = {}
        self._running: dict[OpenCall, str] = {}
        self._bucket = _Bucket(limits.rate)
        self._numbers = itertools.count(1)
        self._timed = False

    def enter(self, call: OpenCall, key: str, priority: int, begin: Callable[[], None]) -> None:
        """Call `begin` when the call has its slot, perhaps at once."""
        line = self._lines.get(key)
        if line is None:
            if len(self._lines) >= _KEPT_KEYS:
                self._lines = {name: line for name, line in self._lines.items() if line.waiting or line.running}
            line = self._lines[key] = _Line(self.limits.key_rate)
        heapq.heappush(line.waiting, (priority, next(self._numbers), call))
        self._begin[call] = begin
        self._offer(key, line)
        self._move()

    def leave(self, call: OpenCall) -> None:
        """Give a slot back, or leave the line."""
        self._begin.pop(call, None)
        key = self._running.pop(call, None)
        if key is not None:
            line = self._lines[key]
            line.running -= 1
            self._offer(key, line)
            self._move()

    def told(self, call: OpenCall) -> str:
        """Say what a call waits for; "" when it does not wait here."""
        if call not in self._begin:
            return ""
        limits, others = self.limits, len(self._begin) - 1
        text = f"{len(self._running)} of {limits.concurrency} run" if limits.concurrency else "its rate is reached"
        return f"call {call.ref} of {call.request.target} waits for a slot: {text}, {others} others wait"

    def _offer(self, key: str, line: _Line) -> None:
        """Let a key take part in the choice of the next call, if it has one that may begin."""
        while line.waiting and line.waiting[0][2] not in self._begin:
            heapq.heappop(line.waiting)
        most = self.limits.key_concurrency
        if line.waiting and not (most and line.running >= most):
            heapq.heappush(self._ready, (line.waiting[0][0], line.served, key))

    def _move(self) -> None:
        """Begin what may begin."""
        most = self.limits.concurrency
        while self._ready and not (most and len(self._running) >= most):
            now = trio.current_time()
            wait = self._bucket.wait(now)
            if wait > 0:
                if not self._timed:
                    self._timed = True
                    self._node.after(int(wait * SECOND) + 1, self._tick)
                return
            priority, served, key = heapq.heappop(self._ready)
            line = self._lines.get(key)
            if line is not None and self._fits(key, line, priority, served):
                self._serve(key, line, now)

    def _fits(self, key: str, line: _Line, priority: int, served: int) -> bool:
        """Tell whether an offer still stands; one that does not has been made anew."""
        if line.waiting and line.waiting[0][2] not in self._begin:
            self._offer(key, line)  # who was first has left: the offer was his
            return False
        if not line.waiting or line.served != served or line.waiting[0][0] != priority:
            return False
        most = self.limits.key_concurrency
        return not (most and line.running >= most)

    def _serve(self, key: str, line: _Line, now: float) -> None:
        wait = line.bucket.wait(now)
        if wait > 0:
            self._node.after(int(wait * SECOND) + 1, lambda: self._again(key, line))
            return
        _priority, _number, call = heapq.heappop(line.waiting)
        begin = self._begin.pop(call)
        self._running[call] = key
        line.running += 1
        line.served = next(self._numbers)
        line.bucket.take(now)
        self._bucket.take(now)
        self._offer(key, line)
        begin()

    def _again(self, key: str, line: _Line) -> None:
        self._offer(key, line)
        self._move()

    def _tick(self) -> None:
        self._timed = False
        self._move()


class Gates:
    """The gates of one node, by function."""

    def __init__(self, node: Node) -> None:
        """Have none."""
        self._node = node
        self._gates: dict[str, Gate] = {}

    def of(self, function: str, limits: SlotLimits) -> Gate:
        """Return the gate of a function; other limits make a new one, and calls of the old one end there."""
        gate = self._gates.get(function)
        if gate is None or gate.limits != limits:
            gate = self._gates[function] = Gate(self._node, limits)
        return gate


def gates_of(node: Node) -> Gates:
    """Return the gates of a node, the same object for all its engines."""
    gates: Gates = node.resources.setdefault(_KEY, Gates(node))
    return gates


def key_in(path: str, args: tuple[Any, ...]) -> str:
    """Return what is at a path such as `0.customer` in the arguments, as text; "" when there is nothing."""
    value: Any = args
    for part in path.split("."):
        if isinstance(value, list | tuple) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else str(value)
