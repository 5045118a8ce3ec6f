"""The Temporal host: the same durable workflows on a Temporal cluster.

Only this package imports the SDK, and only when a `temporal.*` entry is started.
"""

from __future__ import annotations

from importlib import util
from typing import TYPE_CHECKING, Any

from actorflow.errors import unavailable

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from hosts.temporal.connection import TemporalClient
    from hosts.temporal.worker import TemporalWorker

_SDK = "temporalio"
_ADVICE = "pip install 'actorflow[temporal]', or run the entry as a workflow.host: -o {id}:kind=workflow.host"


class Unused:
    """A `temporal.client` that no worker of this registry uses: it connects to nothing."""

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self, grace: float) -> None:
        """Do nothing."""


def make_client(id: str, config: Any, node: Node) -> TemporalClient | Unused:  # noqa: A002 - every factory's argument
    """Return the connection of a `temporal.client` entry; one that no worker names connects to nothing.

    Raises:
        Error: kind Unavailable, naming the extra, when the SDK is not installed.
    """
    if not any(entry.config.client == id for entry in _workers(node)):
        return Unused()
    _require(id)
    from hosts.temporal.connection import TemporalClient  # noqa: PLC0415 - imports the SDK

    return TemporalClient(id, config, node)


def make_worker(id: str, config: Any, node: Node) -> TemporalWorker:  # noqa: A002
    """Return the host of a `temporal.worker` entry.

    Raises:
        Error: kind Unavailable, naming the extra, when the SDK is not installed.
    """
    _require(id)
    from hosts.temporal.worker import TemporalWorker  # noqa: PLC0415 - imports the SDK

    return TemporalWorker(id, config, node)


def _workers(node: Node) -> list[Any]:
    registry: Any = node.registry
    return [entry for entry in registry.find("temporal.worker") if not entry.broken]


def _require(entry: str) -> None:
    if util.find_spec(_SDK) is None:
        advice = _ADVICE.format(id=entry)
        raise unavailable(f"{entry}: the SDK of Temporal is not installed: {advice}")
