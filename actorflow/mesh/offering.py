"""Which hosts run on which node, so that what needs a durable host that does not run here gets to one that does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actorflow.mesh.item import Item, write_item
from actorflow.names import STORE, is_pid, parse_pid
from actorflow.node.router import is_durable

if TYPE_CHECKING:
    from actorflow.node.node import Node


class Offers:
    """The hosts of this node and of the others."""

    def __init__(self, node: Node) -> None:
        """Know of none."""
        self._node = node
        self._own: list[list[Any]] = []
        self._others: dict[str, list[list[Any]]] = {}

    def look(self) -> bool:
        """Look which hosts run here; tell whether these are others than before."""
        found = [
            [host.id, is_durable(host), str(getattr(host, "task_queue", ""))]
            for host in self._node.hosts.values()
            if not host.id.startswith("#")
        ]
        changed, self._own = found != self._own, found
        return changed

    def item(self) -> bytes:
        """Return the item that tells of them."""
        return write_item(Item.OFFERS, self._own)

    def take(self, name: str, hosts: list[list[Any]]) -> None:
        """Take which hosts a node runs."""
        self._others[name] = hosts

    def broken(self, name: str) -> None:
        """Take that a node runs nothing any more."""
        self._others.pop(name, None)

    def followed_at(self, name: str) -> list[str]:
        """Return the runs that somebody here follows and whose host a node runs: it may be new to them.

        A run outlives the node that it ran on, so that whoever waited for its end there waits for it here again.
        """
        hosts = {host for host, durable, _ in self._others[name] if durable and host not in self._node.hosts}
        pids = [pid for pid in self._node.links.known() if is_pid(pid) and parse_pid(pid).node == STORE]
        return sorted(pid for pid in pids if parse_pid(pid).host in hosts)

    def find(self, host_id: str) -> str:
        """Return the node that runs a durable host, by its id or task queue; of several the first by name; "" for none.

        A run belongs to a store, not to a node: whichever runs its host has it. An actor lives on one node only, so
        that another node's process host is never taken unless it is named, `node@host`.
        """
        if not host_id:
            return ""
        for name in sorted(self._others):
            if any(durable and host_id in {host, queue} for host, durable, queue in self._others[name]):
                return name
        return ""
