"""Process groups for scripts: the groups of each `pg.scope` entry, and the operations `pg.*`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from actorflow.errors import invalid
from actorflow.machine.subscription import checked_topic
from actorflow.module.octets import described
from actorflow.node.event_bus import Event
from actorflow.node.groups import Groups
from actorflow.node.operation import Caller
from actorflow.resource.subscription import subscriptions
from actorflow.value import Value, copy_value

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.ports import Outcome

KIND = "pg.scope"
ScopeListener: TypeAlias = Callable[[str, Event], None]
"""Takes the id of a scope, and what has happened in it."""


class Scopes:
    """The scopes of one node, each made when it is first opened. Every operation names its scope."""

    def __init__(self, node: Node) -> None:
        """Know no scope."""
        self._node = node
        self._scopes: dict[str, Groups] = {}
        self._listeners: list[ScopeListener] = []
        self._watched: set[str] = set()

    def scope(self, scope_id: Any) -> Groups:
        """Return the groups of a scope.

        Raises:
            Error: kind NotFound when there is no such entry, Invalid when it is no scope, the entry's own fault when it
                is broken.
        """
        if not isinstance(scope_id, str) or not scope_id:
            raise invalid(f"pg.open: got {described(scope_id)}, expected the id of a {KIND} entry")
        entry = self._node.registry.entry(scope_id)
        if entry.kind != KIND:
            raise invalid(f"pg.open: {scope_id} is a {entry.kind}, expected a {KIND}")
        entry.require()
        return self.groups_of(scope_id)

    def groups_of(self, scope_id: str) -> Groups:
        """Return the groups of a scope, also of one that no script here has opened."""
        groups = self._scopes.get(scope_id)
        if groups is None:
            groups = self._scopes[scope_id] = Groups(self._node.name)
            for listener in self._listeners:
                groups.watch(None, partial(listener, scope_id))
        return groups

    def listen(self, listener: ScopeListener) -> None:
        """Tell `listener` of each joining and leaving, with the id of the scope."""
        self._listeners.append(listener)
        for scope_id, groups in self._scopes.items():
            groups.watch(None, partial(listener, scope_id))

    def all(self) -> dict[str, Groups]:
        """Return the groups of every scope that has been opened."""
        return dict(self._scopes)

    # ---- operations --------------------------------------------------------------------------------------------

    def open(self, _caller: Caller, scope_id: Any) -> bool:
        """Do nothing if there is such a scope."""
        self.scope(scope_id)
        return True

    def join(self, caller: Caller, scope_id: Any, groups: Any) -> bool:
        """Make the calling process a member, until it leaves or ends."""
        scope, names = self.scope(scope_id), _names(groups)
        scope.join(_member(caller, "join"), names)
        if caller.pid not in self._watched:
            self._watched.add(caller.pid)
            self._node.links.watch(caller.pid, lambda _: self._part(caller.pid))
        return True

    def leave(self, caller: Caller, scope_id: Any, groups: Any) -> bool:
        """Take one joining back."""
        self.scope(scope_id).leave(_member(caller, "leave"), _names(groups))
        return True

    def members(self, _caller: Caller, scope_id: Any, group: Any, local: bool) -> list[str]:  # noqa: FBT001 - an operand
        """Return the members of a group."""
        return self.scope(scope_id).members(group, local=local)

    def groups(self, _caller: Caller, scope_id: Any, local: bool) -> list[str]:  # noqa: FBT001 - an operand
        """Return the groups that have members."""
        return self.scope(scope_id).groups(local=local)

    def broadcast(  # noqa: PLR0913, PLR0917 - operands
        self,
        caller: Caller,
        scope_id: Any,
        group: Any,
        local: bool,  # noqa: FBT001
        topic: Any,
        payloads: list[Value],
    ) -> bool:
        """Send a message from the caller to every member, itself included if it is one."""
        members = self.scope(scope_id).members(group, local=local)
        topic = checked_topic(topic, "broadcast to")
        for pid in members:
            self._node.router.send(pid, topic, tuple(copy_value(payloads)), caller.pid, _ignored)
        return True

    def monitor(self, caller: Caller, scope_id: Any, group: Any) -> dict[str, Value]:
        """Subscribe to one group; with it come its members at this moment."""
        scope = self.scope(scope_id)
        topic = subscriptions(self._node).open(caller, "pg.monitor", lambda sink: scope.watch(group, sink))
        return {"topic": topic, "members": scope.members(group)}

    def events(self, caller: Caller, scope_id: Any) -> dict[str, Value]:
        """Subscribe to all groups; with it come all members at this moment."""
        scope = self.scope(scope_id)
        topic = subscriptions(self._node).open(caller, "pg.events", lambda sink: scope.watch(None, sink))
        return {"topic": topic, "groups": scope.snapshot()}

    def _part(self, pid: str) -> None:
        self._watched.discard(pid)
        for scope in self._scopes.values():
            scope.part(pid)


def scopes_of(node: Node) -> Scopes:
    """Return the scopes of a node, the same object whoever asks."""
    scopes: Scopes = node.resources.setdefault(KIND, Scopes(node))
    return scopes


def install(node: Node) -> None:
    """Add the operations of process groups."""
    scopes = scopes_of(node)
    offered: tuple[Callable[..., Value], ...] = (
        *(scopes.open, scopes.join, scopes.leave, scopes.members, scopes.groups),
        *(scopes.broadcast, scopes.monitor, scopes.events),
    )
    for operation in offered:
        node.operations.add(f"pg.{operation.__name__}", operation)


def _member(caller: Caller, verb: str) -> str:
    if not caller.pid:
        raise invalid(f"pg.{verb}: only a process can be a member, and {caller.entry} is a function; spawn a process")
    return caller.pid


def _names(groups: Any) -> list[str]:
    """Return a group, or a list of them, as a list."""
    if isinstance(groups, list) and groups:
        return groups
    if isinstance(groups, str):
        return [groups]
    raise invalid(f"group: got {described(groups)}, expected a non-empty text or a list of them")


def _ignored(_outcome: Outcome) -> None:
    """Take a reply that nobody waits for: a member that has just ended gets nothing."""
