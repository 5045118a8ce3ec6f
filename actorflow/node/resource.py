"""Running resources: what scripts use by registry id, such as a key-value store or a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from actorflow.errors import invalid, unavailable

if TYPE_CHECKING:
    from actorflow.node.program import Registry


class Resource(Protocol):
    """A service that is used by id and has no processes. Made by the factory of its kind: `(id, config, node)`."""

    async def start(self) -> None:
        """Begin to serve; raises `Error` when that cannot be."""
        ...

    async def stop(self, grace: float) -> None:
        """Stop serving, with at most `grace` seconds to finish what is under way."""
        ...


R = TypeVar("R")


class Resources:
    """The resources that run on one node, by the id of their entry."""

    def __init__(self, registry: Registry) -> None:
        """Know none; `registry` says why one that is asked for is not here."""
        self._registry = registry
        self._running: dict[str, Any] = {}

    def add(self, resource_id: str, resource: Any) -> None:
        """Let a resource be found."""
        self._running[resource_id] = resource

    def remove(self, resource_id: str) -> None:
        """Let a resource be found no more; one that is not known is nothing."""
        self._running.pop(resource_id, None)

    def all(self, kind: type[R]) -> list[R]:
        """Return the running resources of this class, by their ids."""
        return [resource for _, resource in sorted(self._running.items()) if isinstance(resource, kind)]

    def find(self, resource_id: str, kind: type[R]) -> R:
        """Return the running resource of an entry, which must be of this class.

        Raises:
            Error: NotFound, with the closest id, when there is no such entry; the fault of a broken one; Invalid for
                an entry of another kind; Unavailable when it does not run.
        """
        resource = self._running.get(resource_id)
        if isinstance(resource, kind):
            return resource
        entry = self._registry.entry(resource_id)
        entry.require()
        if resource is not None:
            raise invalid(f"{resource_id} is a {entry.kind}, expected a {kind.__name__}")
        raise unavailable(f"{resource_id} ({entry.kind}) is not running; has it `lifecycle: {{auto_start: true}}`?")
