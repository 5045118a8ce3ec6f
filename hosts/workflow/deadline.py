"""Deadlines of calls: what has to happen within a time of which most calls have the same.

Calls that may take equally long are due in the order in which they began, so each duration is one line of calls and one
sleeping task, however many calls there are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from hosts.workflow.open_call import OpenCall


class Deadlines:
    """The deadlines of one sort. Durations are nanoseconds; 0 is none."""

    def __init__(self, node: Node, reached: Callable[[OpenCall], None]) -> None:
        """Call `reached` with each call whose time is over."""
        self._node = node
        self._reached = reached
        self._lines: dict[int, dict[OpenCall, int]] = {}

    def set(self, call: OpenCall, duration: int) -> None:
        """Give a call this long from now on; it has no other deadline here than one of the same duration."""
        if duration <= 0:
            return
        line = self._lines.get(duration)
        if line is None:
            line = self._lines[duration] = {}
            self._node.after(duration, partial(self._look, duration))
        else:
            line.pop(call, None)  # it goes to the end of the line
        line[call] = self._node.clock.monotonic() + duration

    def clear(self, call: OpenCall, duration: int) -> None:
        """Let a call be late."""
        line = self._lines.get(duration)
        if line is not None:
            line.pop(call, None)

    def _look(self, duration: int) -> None:
        """Find the calls that are late, and sleep until the next one may be."""
        line, now = self._lines[duration], self._node.clock.monotonic()
        while line:
            call, due = next(iter(line.items()))
            if due > now:
                self._node.after(due - now, partial(self._look, duration))
                return
            del line[call]
            self._reached(call)
        del self._lines[duration]
