"""Upgrades: another script in the place of one that runs.

The process keeps its PID, names, links, monitors and unread messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from actorflow.errors import Error, Failure
from actorflow.machine.machine import Machine
from actorflow.ports import Outcome, Program, SpawnRequest
from actorflow.value import Value
from hosts.process.starting import Starting

if TYPE_CHECKING:
    from hosts.process.host import ProcessHost
    from hosts.process.process import Process

_APART: Final = 1 << 32
"""Between the request numbers of an old script, which goes on meanwhile, and those of the one that replaces it."""


def upgrade(
    host: ProcessHost, process: Process, entry: str | None, args: tuple[Value, ...], ref: int
) -> Callable[[], None] | None:
    """Replace the script of a process that runs; tasks, channels, timers, requests and options are lost.

    A script that loads in another thread takes the old one's place when that is over: then this returns what gives it
    up, and request `ref` gets the error.

    Raises:
        Error: what the new script could not start with, its message after `upgrade: `; the old one goes on.
    """
    entry = entry or process.entry
    try:
        program = host.node.programs.process(entry, host.slices)
        own = host.node.guard.own(entry)
        if getattr(program, "isolated", False):
            return _later(host, process, entry, program, args, ref)
        _begin_anew(host, process, entry, program, args, own)
    except Error as error:
        failure = error.failure
        raise Error(replace(failure, message=f"upgrade: {failure.message}")) from None
    return None


def _begin_anew(  # noqa: PLR0913, PLR0917 - what an upgrade is made of
    host: ProcessHost, process: Process, entry: str, program: Program, args: tuple[Value, ...], own: Mapping[str, Value]
) -> None:
    old, context, kind, former = process.machine, process.context, type(process), process.entry
    unread = old.unread()
    before = process.set_aside()
    if own:  # whoever the new script says it runs as
        process.context = {**context, **own}
        process.__class__ = host.kind_of(process.context)
    _become(process, entry)  # before its first line asks who it is
    process.machine = machine = Machine(process, program)
    machine.last_ref = old.last_ref  # what was asked before must not be taken for an answer to the new script
    for message in unread:
        machine.keep(message)
    try:
        machine.start(args)
        host.load(process)
    except Error:
        process.give_up_all()
        process.take_back(before)
        process.machine, process.context, process.__class__ = old, context, kind
        _become(process, former)
        old.last_ref = machine.last_ref
        for message in machine.unread()[len(unread) :]:  # what it has sent itself
            old.keep(message)
        machine.end(Outcome())
        raise
    old.end(Outcome())
    process.give_up(before)


def _become(process: Process, entry: str) -> None:
    process.entry, process.who = entry, None
    process.bounds = process.host.bounds_of(entry)
    process.watch_anew()


def _later(  # noqa: PLR0913, PLR0917 - what an upgrade is made of
    host: ProcessHost, process: Process, entry: str, program: Program, args: tuple[Value, ...], ref: int
) -> Callable[[], None]:
    """Replace a process by one that runs `program`, once that has been loaded; return what gives that up.

    The old script waits for the answer to its request `ref`, its other tasks go on. It is answered only by a failure.
    """
    context = {**process.context, **host.node.guard.own(entry)}
    request = SpawnRequest(entry, host.id, args, context=context, parent=process.parent)
    heir = host.kind_of(context)(host, process.pid, request)
    heir.started = process.started
    heir.machine = machine = Machine(heir, program)
    machine.last_ref = process.machine.last_ref + _APART
    finish = partial(_replaced, host, process, heir)
    heir.starting = Starting(finish, partial(_not_replaced, process, ref))
    machine.start(args)
    host.load_on(heir)

    def give_up() -> None:
        if heir.starting is not None:
            machine.end(Outcome())
            host.queue.flag(heir)

    return give_up


def _replaced(host: ProcessHost, process: Process, heir: Process) -> None:
    old, machine = process.machine, heir.machine
    for message in old.unread():
        heard = not message.topic.startswith("@") or message.topic in (machine.subscriptions or ())
        (machine.deliver if heard else machine.keep)(message)
    host.table[process.pid] = heir
    before = process.set_aside()
    old.end(Outcome())
    process.give_up(before)
    host.queue.flag(heir)


def _not_replaced(process: Process, ref: int, failure: Failure) -> None:
    process.settle(ref, Outcome(failure=replace(failure, message=f"upgrade: {failure.message}")))
