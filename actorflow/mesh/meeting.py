"""What sessions are made of and tell: how nodes introduce themselves, when something is due, and what has happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from actorflow.duration import SECOND
from actorflow.mesh.frame import MINOR, Frame


@dataclass(frozen=True, slots=True)
class Peer:
    """A node as it introduces itself: its name, how often it has started, where it listens, and what it knows.

    `minor` is the minor version of the protocol (`frame.MINOR`), 0 for a node that does not say.
    """

    name: str
    incarnation: int
    address: str
    minor: int = MINOR

    @property
    def words(self) -> list[Any]:
        """The fields of a greeting."""
        return [self.incarnation, self.address, self.minor][: 3 if self.minor else 2]


@dataclass(frozen=True, slots=True)
class Timing:
    """When a session does something by itself, in nanoseconds."""

    heartbeat: int = SECOND
    down_after: int = 5 * SECOND


class Opened(NamedTuple):
    """The other side has proved itself; a new conversation begins."""

    peer: Peer


class Taken(NamedTuple):
    """The next items of the other side, in order."""

    items: list[bytes]


class Broken(NamedTuple):
    """The conversation is over: what was not confirmed may be lost. `left`: the other side said so itself."""

    reason: str
    left: bool = False


class Refused(NamedTuple):
    """The other side wants nothing to do with this one."""

    reason: str


Event: TypeAlias = Opened | Taken | Broken | Refused


def introduced(frame: Frame) -> Peer | None:
    """Return how the sender of a HELLO, AUTH or KNOCK introduces itself; None when it does not."""
    if len(frame.fields) < 2:  # noqa: PLR2004 - an incarnation and an address
        return None
    incarnation, address, minor = [*frame.fields, 0][:3]
    if not isinstance(incarnation, int) or not isinstance(address, str) or not isinstance(minor, int):
        return None
    return Peer(frame.sender, incarnation, address, minor)
