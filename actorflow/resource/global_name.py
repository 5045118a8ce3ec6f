"""Names that other nodes know too: the operations behind `process.registry` with a scope other than LOCAL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import INTERNAL, Error, invalid
from actorflow.module.octets import described
from actorflow.names import is_pid
from actorflow.node.operation import Caller

if TYPE_CHECKING:
    from actorflow.node.elsewhere import Mesh
    from actorflow.node.node import Node

_WORDS: Final = {1: "eventual", 2: "consistent", 3: "strong"}


class GlobalNames:
    """The operations of one node."""

    def __init__(self, node: Node) -> None:
        """Serve a node, whether it is alone or not."""
        self._node = node

    async def register(self, caller: Caller, name: Any, pid: Any, scope: Any) -> bool:
        """Give a process a name: the caller, or `pid`."""
        mesh = self._mesh(name, scope)
        if is_pid(name):
            raise invalid(f"a process name must not look like a PID, got {name!r}")
        pid = pid or caller.pid
        if not isinstance(pid, str) or not pid:
            raise invalid(f"process.registry.register: got {described(pid)}, expected the PID of a process")
        if pid != caller.pid and self._node.guard.watches(caller.context):
            self._node.guard.check(caller.context, "process.registry.foreign", pid)
        await mesh.register(name, pid, scope)
        return True

    async def unregister(self, _caller: Caller, name: Any, scope: Any) -> bool:
        """Free a name, whoever has it."""
        return await self._mesh(name, scope).unregister(name)

    def _mesh(self, name: Any, scope: Any) -> Mesh:
        if not isinstance(name, str) or not name:
            raise invalid(f"a process name must be a non-empty text, got {described(name)}")
        if isinstance(scope, bool) or not isinstance(scope, int) or scope not in _WORDS:
            raise invalid(f"process.registry: got the scope {scope!r}, expected one such as process.registry.LOCAL")
        mesh = self._node.mesh
        if mesh is None:
            text = f"{_WORDS[scope]} registry not available: this node is alone (see `node` in node.yaml)"
            raise Error(f"{text}; use process.registry.LOCAL", INTERNAL, retryable=False)
        return mesh


def install(node: Node) -> None:
    """Add the operations."""
    names = GlobalNames(node)
    node.operations.add("process.registry.register", names.register)
    node.operations.add("process.registry.unregister", names.unregister)
