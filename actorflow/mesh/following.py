"""Monitors and links across nodes.

Each node keeps its own processes' monitors and links in its own table, those to processes elsewhere too. The node
where a process lives tells every node that follows it of its end, once, and that node then does what it does when a
process of its own ends. When a node is down, every process of it has ended, as far as anybody followed one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actorflow.errors import UNAVAILABLE, Error, Failure
from actorflow.mesh.item import Item, outcome_parts, read_outcome, write_item
from actorflow.names import is_pid, parse_pid
from actorflow.node.router import is_durable
from actorflow.ports import Outcome

if TYPE_CHECKING:
    from actorflow.mesh.mesh import Mesh


class Following:
    """Who elsewhere follows which process here."""

    def __init__(self, mesh: Mesh) -> None:
        """Nobody follows anybody."""
        self._mesh = mesh
        self._node = mesh.node
        self._followed: dict[str, dict[str, Callable[[], None]]] = {}  # node → PID → what ends it

    def follow(self, pid: str, name: str) -> None:
        """Tell a node when a process of this one ends; at once when it has ended."""
        followed = self._followed.setdefault(name, {})
        if pid in followed:
            return
        try:
            host, pid = self._node.router.resolve_here(pid)
        except Error:
            return
        durable, state = is_durable(host), host.alive(pid)

        def ended(outcome: Outcome) -> None:
            followed.pop(pid, None)
            self._tell(name, pid, outcome, durable=durable)

        if state is True:
            followed[pid] = self._node.links.watch(pid, ended)
        else:
            gone = Outcome(failure=Failure(f"process not found: {pid}"))
            ended(state if isinstance(state, Outcome) else gone)

    def _tell(self, name: str, pid: str, outcome: Outcome, *, durable: bool) -> None:
        try:
            item = write_item(Item.EXITED, pid, outcome_parts(outcome)[:2], durable)
        except Error as error:  # its result is too large for a frame
            item = write_item(Item.EXITED, pid, [None, error.failure], durable)
        self._mesh.say(name, item)

    def exited(self, pid: str, parts: list[Any], durable: bool) -> None:  # noqa: FBT001 - the parts of an item
        """Take that a process elsewhere has ended."""
        self._node.exited(pid, read_outcome(parts), durable=durable)

    def broken(self, name: str, reason: str) -> None:
        """Take that a node is down: it hears of nobody any more, and its processes have ended for those here."""
        for give_up in self._followed.pop(name, {}).values():
            give_up()
        failure = Failure(f"node {name!r} is down: {reason}", UNAVAILABLE, retryable=True, details={"node": name})
        for pid in self._node.links.known() | self._node.directory.known():
            if is_pid(pid) and parse_pid(pid).node == name:
                self._node.exited(pid, Outcome(failure=failure))
