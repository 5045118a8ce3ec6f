"""Process groups: named sets of processes within a scope, and who is told of joining and leaving.

A process may join a group several times and is a member until it has left as often. Its end takes it out of all its
groups. This file knows PIDs only: neither hosts nor whether a PID lives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from actorflow.errors import invalid, not_found
from actorflow.module.octets import described
from actorflow.names import parse_pid
from actorflow.node.event_bus import Event, EventSink
from actorflow.node.suggest import did_you_mean

JOINED: Final = "member.joined"
LEFT: Final = "member.left"

Members: TypeAlias = list[str]
"""PIDs, in the order of joining."""


class Groups:
    """The groups of one scope. A group exists while it has members."""

    def __init__(self, node: str) -> None:
        """Make a scope without groups; members whose PID names `node` are local."""
        self._node = node
        self._members: dict[str, dict[str, int]] = {}  # group → PID → how often it has joined
        self._joined: dict[str, dict[str, None]] = {}  # PID → groups
        self._watchers: dict[int, tuple[str | None, EventSink]] = {}
        self._tickets = 0

    def join(self, pid: str, groups: Iterable[str]) -> None:
        """Make a process a member of some groups, once more where it is one.

        Raises:
            Error: kind Invalid, for a group that is no non-empty text; then it has joined none.
        """
        for group in _checked(groups):
            members = self._members.setdefault(group, {})
            members[pid] = members.get(pid, 0) + 1
            if members[pid] == 1:
                self._joined.setdefault(pid, {})[group] = None
                self._tell(JOINED, group, pid)

    def leave(self, pid: str, groups: Iterable[str]) -> None:
        """Take one joining of each group back.

        Raises:
            Error: kind Invalid, for a group that is no non-empty text; NotFound, when the process is no member of one.
                Then it has left none.
        """
        wanted = _checked(groups)
        for group in wanted:
            if wanted.count(group) > self._members.get(group, {}).get(pid, 0):
                known = self._joined.get(pid, {})
                raise not_found(f"not a member of group {group!r}{did_you_mean(group, known)}", group=group)
        for group in wanted:
            self._members[group][pid] -= 1
            if not self._members[group][pid]:
                self._remove(pid, group)

    def part(self, pid: str) -> None:
        """Take a process that has ended out of all its groups, in the order it joined them."""
        for group in list(self._joined.get(pid, ())):
            self._remove(pid, group)

    def members(self, group: str, *, local: bool = False) -> Members:
        """Return the members of a group, each once; none of a group that nobody has joined."""
        (group,) = _checked([group])
        return [pid for pid in self._members.get(group, ()) if not local or self._is_local(pid)]

    def groups(self, *, local: bool = False) -> list[str]:
        """Return the names of all groups with members, in the order they came to be; with `local` of local ones."""
        return [group for group in self._members if not local or self.members(group, local=True)]

    def snapshot(self) -> dict[str, Members]:
        """Return all groups with their members."""
        return {group: self.members(group) for group in self._members}

    def watch(self, group: str | None, sink: EventSink) -> Callable[[], None]:
        """Call `sink` with each joining and leaving of a group, or of all with None; returns what ends that."""
        if group is not None:
            _checked([group])
        self._tickets += 1
        ticket = self._tickets
        self._watchers[ticket] = (group, sink)

        def end() -> None:
            self._watchers.pop(ticket, None)

        return end

    def _is_local(self, pid: str) -> bool:
        return parse_pid(pid).node == self._node

    def _remove(self, pid: str, group: str) -> None:
        members, joined = self._members[group], self._joined[pid]
        del members[pid], joined[group]
        if not members:
            del self._members[group]
        if not joined:
            del self._joined[pid]
        self._tell(LEFT, group, pid)

    def _tell(self, kind: str, group: str, pid: str) -> None:
        for watched, sink in list(self._watchers.values()):
            if watched in {None, group}:
                event: Event = {"system": "pg", "kind": kind, "path": group, "data": {"Group": group, "PIDs": [pid]}}
                sink(event)


def _checked(groups: Iterable[str]) -> list[str]:
    wanted = list(groups)
    for group in wanted:
        if not isinstance(group, str) or not group:
            raise invalid(f"group: got {described(group)}, expected a non-empty text")
    return wanted
