"""`workflow.approval`, `wait_for` and `suspend` outside of durable runs, where nothing would outlive the wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from actorflow.errors import invalid

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.node.operation import Caller

_INSTEAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "workflow.approval": "ask for it in a workflow, or wait for a message",
        "workflow.wait_for": "monitor the workflow, and wait for its EXIT event",
        "workflow.suspend": "wait for a message",
    }
)


def install(node: Node) -> None:
    """Add them, each refusing with what to use instead."""
    for name, instead in _INSTEAD.items():
        node.operations.add(name, _refusing(name, instead))


def _refusing(name: str, instead: str) -> Callable[..., NoReturn]:
    def refuse(_caller: Caller, *_args: Any) -> NoReturn:
        raise invalid(f"{name} works inside a durable run only; {instead}")

    return refuse
