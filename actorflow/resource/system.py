"""The node about itself, for scripts: memory, garbage collection, the runtime, its services, and `system.exit`."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.collecting import YOUNG
from actorflow.errors import invalid, not_found
from actorflow.language.lua.modules import LUA_MODULES
from actorflow.module.octets import described
from actorflow.node.operation import Caller
from actorflow.node.suggest import did_you_mean
from actorflow.supervision.report import ServiceReport
from actorflow.value import INT_MAX, Value

if TYPE_CHECKING:
    from actorflow.node.node import Node

_STATM: Final = Path("/proc/self/statm")
_CODES: Final = range(256)
_OFF: Final = -1
_LAZIEST: Final = 10_000


class System:
    """The operations `system.*` of one node."""

    def __init__(self, node: Node) -> None:
        """Tell about `node`."""
        self._node = node

    # ---- memory and garbage ------------------------------------------------------------------------------------

    def memory_stats(self, _caller: Caller) -> dict[str, Value]:
        """Return bytes in use (`alloc`), reserved (`sys`) and at most (`peak`), and how many objects there are."""
        size, resident = _pages()
        return {
            "alloc": resident,
            "heap_alloc": resident,
            "sys": size,
            "peak": max(_peak(), resident),
            "heap_objects": len(gc.get_objects()),
            "num_gc": sum(generation["collections"] for generation in gc.get_stats()),
        }

    def memory_allocated(self, _caller: Caller) -> int:
        """Return the bytes of memory in use."""
        return _pages()[1]

    def memory_heap_objects(self, _caller: Caller) -> int:
        """Return how many objects the garbage collector watches."""
        return len(gc.get_objects())

    def memory_get_limit(self, _caller: Caller) -> int:
        """Return the most bytes that the operating system gives; 2^63-1 is no limit."""
        return _limit()

    def gc_collect(self, _caller: Caller) -> bool:
        """Collect garbage now; the node does nothing else meanwhile."""
        gc.collect()
        return True

    def gc_get_percent(self, _caller: Caller) -> int:
        """Return how lazy the collector is, in percent of a node's own setting; -1 when it is off."""
        return gc.get_threshold()[0] * 100 // YOUNG if gc.isenabled() else -1

    def gc_set_percent(self, caller: Caller, percent: Any) -> int:
        """Let the collector run at 50 000 new objects times this percentage, or never (-1); return what it was.

        That holds for the whole process of the operating system, until its node ends.
        """
        if type(percent) is not int or not _OFF <= percent <= _LAZIEST or percent == 0:
            raise invalid(f"system.gc.set_percent: got {percent!r:.80}, expected 1 to {_LAZIEST}, or -1 for never")
        before = self.gc_get_percent(caller)
        if percent == _OFF:
            gc.disable()
        else:
            gc.enable()
            gc.set_threshold(max(YOUNG * percent // 100, 1), *gc.get_threshold()[1:])
        return before

    # ---- the runtime -------------------------------------------------------------------------------------------

    def runtime_goroutines(self, _caller: Caller) -> int:
        """Return how many tasks the node runs; a process is none of them."""
        return trio.lowlevel.current_statistics().tasks_living

    def runtime_max_procs(self, _caller: Caller, wanted: Any = None) -> int:
        """Return how many processors the node may use, which is not for scripts to change."""
        affinity = getattr(os, "sched_getaffinity", None)
        usable = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
        if wanted not in (None, 0, usable):
            raise invalid(f"system.runtime.max_procs: cannot set {wanted!r}: a node runs on one core; use more nodes")
        return usable

    def runtime_cpu_count(self, _caller: Caller) -> int:
        """Return how many processors the machine has."""
        return os.cpu_count() or 1

    def process_pid(self, _caller: Caller) -> int:
        """Return the operating system's number of the node's process."""
        return os.getpid()

    def process_hostname(self, _caller: Caller) -> str:
        """Return the name of the machine."""
        return socket.gethostname()

    def process_hosts(self, _caller: Caller) -> list[dict[str, Value]]:
        """Return the running hosts, each with how many processes it has."""
        return [
            {"id": host.id, "processes": sum(1 for _ in host.processes())}
            for host in list(self._node.hosts.values())
            if not host.id.startswith("#")
        ]

    def modules(self, _caller: Caller) -> list[dict[str, Value]]:
        """Return the modules that Lua entries may list."""
        return [{"name": name} for name in sorted(LUA_MODULES)]

    # ---- services ----------------------------------------------------------------------------------------------

    def supervisor_states(self, _caller: Caller) -> list[dict[str, Value]]:
        """Return the states of all services, by id."""
        return [_state(line) for line in self._node.services()]

    def supervisor_state(self, _caller: Caller, service_id: Any) -> dict[str, Value]:
        """Return the state of one service."""
        if not isinstance(service_id, str) or not service_id:
            raise invalid(f"system.supervisor.state: got {described(service_id)}, expected the id of a service")
        lines = {line.id: line for line in self._node.services()}
        if service_id not in lines:
            raise not_found(f"no service {service_id!r}{did_you_mean(service_id, lines)}")
        return _state(lines[service_id])

    def exit(self, _caller: Caller, code: Any = None) -> bool:
        """Ask the node to stop in order and to end with this exit code; the first wish counts."""
        code = 0 if code is None else code
        if type(code) is not int or code not in _CODES:
            raise invalid(f"system.exit: got {code!r:.80}, expected a whole number from 0 to 255")
        self._node.leave(code)
        return True


def install(node: Node) -> None:
    """Add the operations of the system module."""
    about = System(node)
    offered: tuple[Callable[..., Value], ...] = (
        *(about.memory_stats, about.memory_allocated, about.memory_heap_objects, about.memory_get_limit),
        *(
            about.gc_collect,
            about.gc_get_percent,
            about.gc_set_percent,
            about.runtime_goroutines,
            about.runtime_max_procs,
        ),
        *(about.runtime_cpu_count, about.process_pid, about.process_hostname, about.process_hosts, about.modules),
        *(about.supervisor_states, about.supervisor_state, about.exit),
    )
    for operation in offered:
        group, _, rest = operation.__name__.partition("_")
        node.operations.add(f"system.{group}.{rest}" if rest else f"system.{group}", operation)


def _state(line: ServiceReport) -> dict[str, Value]:
    """Return what scripts see of a service; `status`, `retry_count`, `last_update` are the older words."""
    return {
        **line.value(),
        "status": line.state,
        "retry_count": line.attempts,
        "last_update": line.since,
        "details": "" if line.failure is None else line.failure.message,
    }


def _pages() -> tuple[int, int]:
    """Return the size and the resident part of this process, in bytes; where that is not known, its peak."""
    try:
        size, resident = _STATM.read_text().split()[:2]
    except OSError:
        return (_peak(), _peak())
    page = os.sysconf("SC_PAGE_SIZE")
    return (int(size) * page, int(resident) * page)


def _peak() -> int:
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 - it exists on Unix only

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _limit() -> int:
    if sys.platform == "win32":
        return INT_MAX
    import resource  # noqa: PLC0415 - it exists on Unix only

    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return INT_MAX if soft == resource.RLIM_INFINITY else soft
