"""Who is told when a process ends: monitors, links, and watchers inside the node.

This file knows PIDs only: neither hosts nor whether a PID lives. An entry is dropped with the process it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from actorflow.errors import INTERNAL, Error
from actorflow.ports import Outcome

Watcher = Callable[[Outcome], None]


class Parting(NamedTuple):
    """Whom the end of a process concerns, each in order of arrival."""

    monitors: tuple[str, ...]
    links: tuple[str, ...]
    watchers: tuple[Watcher, ...]


NOBODY = Parting((), (), ())


class Links:
    """The tables of monitors, links and watchers of one node."""

    def __init__(self) -> None:
        """Make empty tables."""
        self._monitors: dict[str, dict[str, bool]] = {}  # target → watcher → was it asked for
        self._monitored: dict[str, dict[str, None]] = {}  # watcher → targets
        self._links: dict[str, dict[str, None]] = {}
        self._watchers: dict[str, dict[int, Watcher]] = {}
        self._tickets = 0

    def __len__(self) -> int:
        """Return how many processes the tables mention; 0 when nothing is monitored, linked or watched."""
        return len({*self._monitors, *self._monitored, *self._links, *self._watchers})

    def known(self) -> set[str]:
        """Return the processes whose end concerns somebody."""
        return {*self._monitors, *self._links, *self._watchers}

    def monitors(self, watcher: str, target: str) -> bool:
        """Tell whether `watcher` has asked to get EXIT when `target` ends."""
        return self._monitors.get(target, {}).get(watcher, False)

    def monitor(self, watcher: str, target: str) -> None:
        """Let `watcher` get EXIT when `target` ends.

        Raises:
            Error: kind Internal, when it has asked for that before and the target still lives.
        """
        if self._monitors.get(target, {}).get(watcher, False):
            raise Error(f"already monitoring pid {target}", INTERNAL, retryable=False)
        self._monitors.setdefault(target, {})[watcher] = True
        self._monitored.setdefault(watcher, {})[target] = None

    def imply(self, watcher: str, target: str) -> None:
        """Mark a monitor as not asked for: an explicit one then succeeds, and there is still one EXIT."""
        watchers = self._monitors.get(target, {})
        if watcher in watchers:
            watchers[watcher] = False

    def unmonitor(self, watcher: str, target: str) -> None:
        """Undo a monitor; without one this is nothing."""
        _remove(self._monitors, target, watcher)
        _remove(self._monitored, watcher, target)

    def link(self, one: str, other: str) -> None:
        """Link two processes; again is nothing."""
        self._links.setdefault(one, {})[other] = None
        self._links.setdefault(other, {})[one] = None

    def unlink(self, one: str, other: str) -> None:
        """Undo a link; without one this is nothing."""
        _remove(self._links, one, other)
        _remove(self._links, other, one)

    def watch(self, target: str, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` once when `target` ends; returns what undoes that."""
        self._tickets += 1
        ticket = self._tickets
        self._watchers.setdefault(target, {})[ticket] = watcher
        return lambda: _remove(self._watchers, target, ticket)

    def part(self, pid: str) -> Parting:
        """Forget everything about a process that has ended, and return whom to tell."""
        if pid in self._monitored:
            for target in self._monitored.pop(pid):
                if target == pid:
                    continue
                _remove(self._monitors, target, pid)
        monitors = self._monitors.pop(pid, None)
        links = self._links.pop(pid, None)
        watchers = self._watchers.pop(pid, None)
        if monitors is None and links is None:
            return NOBODY if watchers is None else Parting((), (), tuple(watchers.values()))
        for watcher in monitors or ():
            _remove(self._monitored, watcher, pid)
        for peer in links or ():
            _remove(self._links, peer, pid)
        return Parting(
            tuple(watcher for watcher in monitors or () if watcher != pid),
            tuple(peer for peer in links or () if peer != pid),
            tuple((watchers or {}).values()),
        )


def _remove(table: dict[str, dict[Any, Any]], key: str, item: Any) -> None:
    items = table.get(key)
    if items is not None:
        items.pop(item, None)
        if not items:
            del table[key]
