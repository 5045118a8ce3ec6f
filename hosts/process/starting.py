"""Starts of processes whose script is loaded in another thread: what comes once that is over."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from actorflow.errors import INTERNAL, Error, Failure
from actorflow.ports import Outcome, Reply, SpawnRequest

if TYPE_CHECKING:
    from hosts.process.host import ProcessHost
    from hosts.process.process import Process


class Starting(NamedTuple):
    """What comes when the entry function of a process is about to begin, or the script first waits; one of these.

    Attributes:
        finish: it may go on as any other. fail: it has ended with this failure.
    """

    finish: Callable[[], None]
    fail: Callable[[Failure], None]


def launch_later(host: ProcessHost, process: Process, request: SpawnRequest) -> None:
    """Go on with the start of a process once its script has been loaded; who spawns it waits in `host.starting`."""
    replies = host.starting[process.pid] = []
    finish = partial(_launched, host, process, request, replies)
    process.starting = Starting(finish, partial(_not_launched, host, process, replies))


def _launched(host: ProcessHost, process: Process, request: SpawnRequest, replies: list[Reply]) -> None:
    host.starting.pop(process.pid, None)
    pid = holder = host.node.directory.find(request.name) if request.name else None
    if holder is not None:  # somebody was faster
        host.reach(holder, request)
        process.machine.end(Outcome())
        host.queue.flag(process)
    else:
        pid = process.pid
        host.launched(process, request)
        if request.link and request.parent and not _is_alive(host, request.parent):
            process.machine.end(Outcome(failure=Failure("linked process failed", INTERNAL)))
    for reply in replies:
        reply(Outcome(pid))


def _is_alive(host: ProcessHost, pid: str) -> bool:
    try:
        known, _ = host.node.router.resolve(pid)
    except Error:
        return False
    return known.alive(pid) is True


def _not_launched(host: ProcessHost, process: Process, replies: list[Reply], failure: Failure) -> None:
    host.starting.pop(process.pid, None)
    for reply in replies:
        reply(Outcome(failure=failure))
