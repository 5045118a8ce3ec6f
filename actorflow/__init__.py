"""actorflow: an actor-based process runtime; change the host, keep the script.

Applications write `async with actorflow.open("config") as node: …`, or talk to a node that runs with `Client` and
`ControlClient`. Each name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from actorflow.collecting import seldom

if TYPE_CHECKING:
    from actorflow.app import open  # noqa: A004 - `actorflow.open` is what applications write
    from actorflow.errors import Cancelled, Error, Failure, Rejected
    from actorflow.node.control_client import Client, ControlClient

__all__ = ["Cancelled", "Client", "ControlClient", "Error", "Failure", "Rejected", "open"]

_HOMES = {
    "open": "actorflow.app",
    "Client": "actorflow.node.control_client",
    "ControlClient": "actorflow.node.control_client",
    **dict.fromkeys(("Cancelled", "Error", "Failure", "Rejected"), "actorflow.errors"),
}


def __getattr__(name: str) -> Any:
    """Import a name of `__all__` from where it lives."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'actorflow' has no attribute {name!r}")
    with seldom():
        module = import_module(home)
    return getattr(module, name)
