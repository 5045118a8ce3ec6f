"""The verb that drains a node, this one or another of its cluster: it hands over what it has, and ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from actorflow.errors import UNAVAILABLE, Error
from actorflow.node import control_args as read
from actorflow.node.waiting import Answer, within

if TYPE_CHECKING:
    from actorflow.node.control import Verb
    from actorflow.node.node import Node
    from actorflow.value import Value


def draining_verbs(node: Node) -> dict[str, Verb]:
    """Return the verbs by name."""

    async def drain(args: Mapping[str, Value]) -> Value:
        name = read.text(args, "node", "") or node.name
        if name == node.name:
            node.leave(0)
            return {"node": name}
        if node.mesh is None:
            message = f"node {name!r} cannot be reached: this one, {node.name!r}, is alone"
            raise Error(message, UNAVAILABLE, retryable=False)
        answer = Answer[bool]()
        node.mesh.drain(name, answer)
        await within(answer, read.seconds(args), f"drain of node {name}")
        return {"node": name}

    return {"node.drain": drain}
