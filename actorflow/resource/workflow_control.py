"""`workflow.pause` and `workflow.cancel` outside of durable runs: an actor has no pause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actorflow.errors import invalid

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.node.operation import Caller


def install(node: Node) -> None:
    """Add the operations."""

    def pause(_caller: Caller, _reason: Any = "") -> bool:
        raise invalid("workflow.pause works inside a durable run only; an actor waits for a message instead")

    async def cancel(caller: Caller, reason: Any = "") -> bool:
        if not caller.pid:
            raise invalid("workflow.cancel works inside a process only; a function returns")
        await node.cancel(caller.pid, str(reason))
        return True

    node.operations.add("workflow.pause", pause)
    node.operations.add("workflow.cancel", cancel)
