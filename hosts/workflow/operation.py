"""Operations of the node in durable runs: which of them are recorded, and how one attempt of such a one is done.

A recorded operation is a call like that of a function: it begins once its record is committed, is tried again while its
failure may pass, and is never asked for again once its answer is committed. It may therefore be done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from actorflow.errors import INTERNAL, Error, invalid
from actorflow.node.operation import Caller

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.ports import CallRequest, Identity, Outcome, Reply

RECORDED: Final = frozenset(
    {
        *("env.get", "events.send", "queue.publish", "registry.get"),
        *(f"store.{verb}" for verb in ("open", "get", "entry", "set", "put", "has", "delete", "list", "info")),
        *("sql.open", "sql.query", "sql.execute", "sql.prepare"),
    }
)
"""Names of the operations that a durable run may ask for: none that holds something between two of them."""

_IN_A_FUNCTION: Final = "do it in a function and reach that with funcs.call"
_BEYOND: Final = frozenset({"process.registry.register", "process.registry.unregister"})
_LOCAL_NAMES: Final = (
    "registry not available: names beyond one node are for actors; a run has its workflow id, which is one everywhere"
)
_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "io": "process.io does direct I/O, which a replay would repeat; put it into a function and use funcs.call",
        "events.subscribe": "events.subscribe is not available in a workflow; subscribe in an actor that signals it",
        "sql.begin": "sql.begin is not available in a workflow: no transaction outlives a step; do it in a function",
        "queue.message": "queue.message is not available in a workflow; a queue.consumer's function may signal it",
    }
)


def refused(operation: str) -> Error:
    """Return the error for an operation that is not recorded."""
    if operation in _BEYOND:
        return Error(_LOCAL_NAMES, INTERNAL, retryable=False)  # what a process is told whose node is alone
    return invalid(_ADVICE.get(operation, f"{operation} is not available in a workflow; {_IN_A_FUNCTION}"))


def is_operation(target: str) -> bool:
    """Tell whether the target of a call is an operation; ids of functions have a namespace before a colon."""
    return ":" not in target


def attempt(node: Node, identity: Identity, request: CallRequest, reply: Reply) -> Callable[[], None]:
    """Begin one attempt of an operation; the reply has its result. Returns what gives it up: then no reply comes."""
    caller = Caller(identity, node.notices)

    def ended(outcome: Outcome) -> None:
        caller.end()
        reply(outcome)

    stop = node.operations.perform(request.target, caller, request.args, ended)

    def give_up() -> None:
        stop()
        caller.end()

    return give_up
