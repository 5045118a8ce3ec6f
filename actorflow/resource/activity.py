"""What a Lua function can tell and know about the call that it serves: the operations `activity.*`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.duration import SECOND
from actorflow.errors import invalid
from actorflow.node.operation import Caller
from actorflow.value import Value

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.ports import CallRequest


class Activities:
    """The operations `activity.*` of one node."""

    def __init__(self, node: Node) -> None:
        """Ask the function host of `node`."""
        self._node = node

    def heartbeat(self, caller: Caller, details: Value = None) -> bool:
        """`activity.heartbeat` → true: the attempt goes on, and has come as far as `details` say.

        Raises:
            Error: kind Invalid, for a process that serves no call.
        """
        attempt = self._attempt(caller)
        if attempt.beat is not None:
            attempt.beat(details)
        return True

    def info(self, caller: Caller) -> dict[str, Value]:
        """`activity.info` → the facts of the attempt; `deadline` is in Unix seconds.

        Raises:
            Error: kind Invalid, for a process that serves no call.
        """
        attempt = self._attempt(caller)
        return {
            "function": attempt.target,
            "invocation_id": attempt.invocation_id,
            "attempt": attempt.attempt,
            "caller": attempt.caller,
            "heartbeat": attempt.heartbeat,
            "deadline": attempt.deadline / SECOND if attempt.deadline else None,
        }

    def _attempt(self, caller: Caller) -> CallRequest:
        functions = self._node.functions
        found = None if functions is None else functions.attempt(caller.pid)
        if found is None:
            raise invalid("activity: only a function serves a call; a process or workflow is none")
        return found


def install(node: Node) -> None:
    """Add the operations."""
    activities = Activities(node)
    node.operations.add("activity.heartbeat", activities.heartbeat)
    node.operations.add("activity.info", activities.info)
