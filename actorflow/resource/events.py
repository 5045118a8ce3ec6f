"""The event bus for scripts: `events.subscribe` and `events.send`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actorflow.node.event_bus import ANY
from actorflow.node.operation import Caller
from actorflow.registry.change import Revision
from actorflow.resource.subscription import subscriptions
from actorflow.value import Value

if TYPE_CHECKING:
    from actorflow.node.node import Node


def install(node: Node) -> None:
    """Add the operations of the event bus."""

    def subscribe(caller: Caller, system: Any, kind: Any = None) -> str:
        pattern = ANY if kind is None else kind
        return subscriptions(node).open(
            caller, "events.subscribe", lambda sink: node.bus.subscribe(system, pattern, sink)
        )

    def send(_caller: Caller, system: Any, kind: Any, path: Any, data: Value = None) -> bool:
        node.bus.publish(system, kind, path, data)
        return True

    node.operations.add("events.subscribe", subscribe)
    node.operations.add("events.send", send)
    node.on_revision(lambda revision: publish_revision(node, revision))


def publish_revision(node: Node, revision: Revision) -> None:
    """Publish what changed in the registry: system `registry`, kinds `entry.create`, `entry.update`, `entry.delete`."""
    for operation in revision.operations:
        draft = operation.after or operation.before
        if draft is not None:
            data = {"id": operation.id, "kind": draft.kind, "version": revision.version.id}
            node.bus.publish("registry", f"entry.{operation.verb}", operation.id, data)
