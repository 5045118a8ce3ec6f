"""The transport port: what carries frames between nodes. It may lose, double and reorder them without saying so."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol


class Arrival(NamedTuple):
    """A frame that has arrived; `source` is what `Transport.refuse` knows where it came from."""

    frame: bytes
    source: Any


class Transport(Protocol):
    """One node's end of it. All methods are called in the node's thread."""

    @property
    def address(self) -> str:
        """Where other nodes reach this one; final once it is open."""
        ...

    async def open(self) -> None:
        """Begin to listen.

        Raises:
            Error: kind Unavailable, when that cannot be, naming the address.
        """
        ...

    def close(self) -> None:
        """Listen no longer and drop every connection; what was posted a moment ago may still get out."""
        ...

    def post(self, address: str, frame: bytes) -> bool:
        """Send a frame to whoever listens at an address, if there is room for it now; False when there is none.

        Raises:
            Error: kind Invalid, for an address that is none.
        """
        ...

    async def room(self, address: str) -> None:
        """Wait until there may be room for a frame to an address."""
        ...

    async def receive(self) -> list[Arrival]:
        """Wait for frames and return those that are here, at least one."""
        ...

    def refuse(self, source: Any) -> None:
        """End a connection over which somebody has sent what no member of the cluster has made."""
        ...

    def forget(self, address: str) -> None:
        """Drop the connection to an address that nobody listens at any more; a later post makes a new one."""
        ...
