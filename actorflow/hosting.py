"""What a node asks of its hosts. Only shapes live here, no behaviour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from actorflow.errors import Failure
from actorflow.message import Message
from actorflow.ports import CallRequest, Outcome, Reply, SpawnRequest
from actorflow.value import Value


class Host(Protocol):
    """What a node asks of a host entry. All methods but start and stop return at once, in the node's thread."""

    @property
    def id(self) -> str:
        """Registry id of the host."""
        ...

    async def start(self) -> None:
        """Begin to serve; raises `Error` when that cannot be."""
        ...

    async def stop(self, grace: float) -> None:
        """Stop serving: cancel cooperatively, wait at most `grace` seconds, then let go."""
        ...

    def spawn(self, request: SpawnRequest, reply: Reply) -> None:
        """Start a process; the reply has its PID. The parent's monitor and link exist before its first step."""
        ...

    def send(self, pid: str, message: Message, reply: Reply) -> None:
        """Deliver a message to one of this host's processes; the reply says it is as safe as the host makes it."""
        ...

    def cancel(self, pid: str, sender: str, reason: str, reply: Reply) -> None:
        """Ask a process to stop."""
        ...

    def terminate(self, pid: str, reply: Reply) -> None:
        """End a process without running any more of its code."""
        ...

    def event(self, pid: str, event: Mapping[str, Value]) -> None:
        """Deliver an EXIT or LINK_DOWN event to a process of this host; a dead one is ignored."""
        ...

    def alive(self, pid: str) -> bool | Outcome:
        """Tell whether a process runs (True), is unknown (False), or how it ended when the host still knows."""
        ...

    def processes(self) -> Iterable[ProcessInfo]:
        """List what is alive, in the order of starting."""
        ...


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """One line of `actorflow ps`: `state` is `ready`, `waiting` or, on a durable host, a run state."""

    pid: str
    entry: str
    host: str
    state: str
    mailbox: int
    started: int
    waits: tuple[str, ...] = ()


class Functions(Protocol):
    """Runs registered functions: the version registered now."""

    def call(self, request: CallRequest, reply: Reply) -> Callable[[], None]:
        """Start one attempt; no retries here. Returns what gives it up: then no reply comes, unless that is `late`.

        A target that does not exist or is broken is a reply too (NotFound, Invalid), never a raise. The reply's value
        is already a copy.
        """
        ...

    def attempt(self, pid: str) -> CallRequest | None:
        """Return the attempt that a process serves which runs as a function, None for any other process."""
        ...


@runtime_checkable
class Finding(Protocol):
    """A host that does not know by itself which processes there are."""

    def find(self, pid: str, then: Callable[[], None]) -> None:
        """Find out whether a process lives and call `then`, after which `alive` knows."""
        ...


@runtime_checkable
class Reaching(Protocol):
    """A host whose processes have states that one can wait for."""

    async def reached(self, pid: str, until: str) -> Value:
        """Wait until a process is, or was, in a state, and return what is known of it."""
        ...


@runtime_checkable
class Missing(Protocol):
    """A host that may know what has become of processes that it does not have."""

    def missing(self, pid: str) -> Failure | None:
        """Return what to say to who waits for a process that is not here, None when nothing is known of it."""
        ...
