"""The node about itself: memory, garbage collection, the runtime, its services, and `exit`.

for service in await system.supervisor.states():
    print(service["id"], service["state"])
"""

from __future__ import annotations

from typing import Any

from actorflow.script.operation import perform


async def exit(code: int = 0) -> None:  # noqa: A001 - the name scripts know
    """Ask the node to stop in order and to end with this exit code, 0 to 255; the first wish counts.

    Whoever called from outside may not be answered any more.

    Raises:
        Error: kind Invalid, for another code; PermissionDenied, where the caller may not.
    """
    await perform("system.exit", code)


async def modules() -> list[dict[str, Any]]:
    """Return the modules that Lua entries may list, each with its `name`."""
    found: list[dict[str, Any]] = await perform("system.modules")
    return found


class memory:  # noqa: N801 - `system.memory.stats()`, as in both languages
    """The memory of the node's process."""

    @staticmethod
    async def stats() -> dict[str, int]:
        """Return bytes in use (`alloc`), reserved (`sys`), at most (`peak`), and the number of objects."""
        found: dict[str, int] = await perform("system.memory.stats")
        return found

    @staticmethod
    async def allocated() -> int:
        """Return the bytes in use."""
        return int(await perform("system.memory.allocated"))

    @staticmethod
    async def heap_objects() -> int:
        """Return how many objects the garbage collector watches."""
        return int(await perform("system.memory.heap_objects"))

    @staticmethod
    async def get_limit() -> int:
        """Return the most bytes that the operating system gives; 2^63-1 is no limit."""
        return int(await perform("system.memory.get_limit"))


class gc:  # noqa: N801 - see `memory`
    """Garbage collection."""

    @staticmethod
    async def collect() -> None:
        """Collect garbage now; the node does nothing else meanwhile."""
        await perform("system.gc.collect")

    @staticmethod
    async def get_percent() -> int:
        """Return how lazy the collector is, in percent of a node's own setting; -1 when it is off."""
        return int(await perform("system.gc.get_percent"))

    @staticmethod
    async def set_percent(percent: int) -> int:
        """Let the collector run more or less often, or never (-1), and return what it was.

        Raises:
            Error: kind Invalid, for a number that is no percentage.
        """
        return int(await perform("system.gc.set_percent", percent))


class runtime:  # noqa: N801 - see `memory`
    """What the node runs on."""

    @staticmethod
    async def tasks() -> int:
        """Return how many tasks the node runs; a process is none of them."""
        return int(await perform("system.runtime.goroutines"))

    @staticmethod
    async def max_procs() -> int:
        """Return how many processors the node may use."""
        return int(await perform("system.runtime.max_procs"))

    @staticmethod
    async def cpu_count() -> int:
        """Return how many processors the machine has."""
        return int(await perform("system.runtime.cpu_count"))


class process:  # noqa: N801 - see `memory`
    """The operating system's process that is the node."""

    @staticmethod
    async def pid() -> int:
        """Return its number."""
        return int(await perform("system.process.pid"))

    @staticmethod
    async def hostname() -> str:
        """Return the name of the machine."""
        return str(await perform("system.process.hostname"))

    @staticmethod
    async def hosts() -> list[dict[str, Any]]:
        """Return the running hosts: `id`, and how many `processes` each has."""
        found: list[dict[str, Any]] = await perform("system.process.hosts")
        return found


class supervisor:  # noqa: N801 - see `memory`
    """The node's services."""

    @staticmethod
    async def states() -> list[dict[str, Any]]:
        """Return the states of all services: `id`, `state`, `since`, `attempts`, `failure`, `next_start`."""
        found: list[dict[str, Any]] = await perform("system.supervisor.states")
        return found

    @staticmethod
    async def state(service: str) -> dict[str, Any]:
        """Return the state of one service.

        Raises:
            Error: kind NotFound, when there is no such service.
        """
        found: dict[str, Any] = await perform("system.supervisor.state", service)
        return found
