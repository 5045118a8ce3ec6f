"""Process groups across nodes: each node tells the others which of its processes are members, and which no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.mesh.item import Item, write_item
from actorflow.names import parse_pid
from actorflow.node.groups import JOINED
from actorflow.resource.pg import scopes_of

if TYPE_CHECKING:
    from actorflow.mesh.mesh import Mesh
    from actorflow.node.event_bus import Event


class Grouping:
    """The groups of one node beyond itself. How often a process has joined is known on its own node only."""

    def __init__(self, mesh: Mesh) -> None:
        """Tell the others from now on."""
        self._mesh = mesh
        self._name = mesh.node.name
        self._scopes = scopes_of(mesh.node)
        self._scopes.listen(self._happened)

    def _happened(self, scope: str, event: Event) -> None:
        kind = Item.JOINED if event["kind"] == JOINED else Item.LEFT
        for pid in event["data"]["PIDs"]:
            if parse_pid(pid).node == self._name:
                self._mesh.say_to_all(write_item(kind, scope, event["path"], pid))

    def opened(self, name: str) -> None:
        """Tell a node that is up now which processes of this one are members of what."""
        for scope, groups in self._scopes.all().items():
            for group in groups.groups(local=True):
                for pid in groups.members(group, local=True):
                    self._mesh.say(name, write_item(Item.JOINED, scope, group, pid))

    def joined(self, scope: str, group: str, pid: str) -> None:
        """Take that a process of another node is a member."""
        groups = self._scopes.groups_of(scope)
        if pid not in groups.members(group):
            groups.join(pid, [group])

    def left(self, scope: str, group: str, pid: str) -> None:
        """Take that a process of another node is a member no more."""
        groups = self._scopes.groups_of(scope)
        if pid in groups.members(group):
            groups.leave(pid, [group])

    def broken(self, name: str) -> None:
        """Take every process of a node that is down out of its groups."""
        for groups in self._scopes.all().values():
            members = {pid for group in groups.groups() for pid in groups.members(group)}
            for pid in sorted(members):
                if parse_pid(pid).node == name:
                    groups.part(pid)
