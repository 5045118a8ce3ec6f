"""The verbs of the control socket that a node answers by itself: calls, processes, services."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import trio

from actorflow.errors import NOT_FOUND, TIMEOUT, UNAVAILABLE, Error, not_found
from actorflow.hosting import ProcessInfo
from actorflow.node import control_args as read
from actorflow.node.asking_verb import asking_verbs
from actorflow.node.control import Verb
from actorflow.node.draining_verb import draining_verbs
from actorflow.node.node import Node
from actorflow.node.sending_verb import sending_verbs
from actorflow.node.service import Supervisor
from actorflow.node.start_option import refuse_unknown
from actorflow.ports import Started
from actorflow.supervision.move import Move
from actorflow.value import Value


def node_verbs(node: Node, supervisor: Supervisor) -> dict[str, Verb]:
    """Return the verbs of one node by name."""
    return {
        "info": _at_once(lambda _: {"name": node.name, "boot": node.boot, "process": os.getpid()}),
        "ps": _at_once(lambda args: _processes(node, args)),
        "nodes": _at_once(lambda _: node_lines(node)),
        "metrics": _at_once(lambda _: node.metrics.read()),
        "services": _at_once(lambda _: service_lines(supervisor)),
        **_calling(node),
        **sending_verbs(node),
        **asking_verbs(node),
        **draining_verbs(node),
        **_moving(node, supervisor),
    }


def process_line(info: ProcessInfo) -> dict[str, Value]:
    """Return one line of `actorflow ps`."""
    return {
        "pid": info.pid,
        "entry": info.entry,
        "host": info.host,
        "state": info.state,
        "mailbox": info.mailbox,
        "started": info.started,
        "waits": list(info.waits),
    }


def node_lines(node: Node) -> list[dict[str, Any]]:
    """Return the lines of `actorflow nodes`: this node first; one that is alone knows no other."""
    if node.mesh is not None:
        return node.mesh.lines()
    return [{"name": node.name, "state": "self", "address": "", "incarnation": node.boot, "since": 0, "reason": ""}]


def service_lines(supervisor: Supervisor) -> list[dict[str, Any]]:
    """Return the lines of `actorflow services`."""
    return [{**line.value(), "restarts": supervisor.restarts(line.id)} for line in supervisor.report()]


def _processes(node: Node, args: Mapping[str, Value]) -> list[dict[str, Value]]:
    limit = read.count(args, "limit", 1000)
    wanted = {name: args[name] for name in ("host", "entry", "state") if args.get(name)}
    lines = (process_line(info) for info in node.processes())
    found = (line for line in lines if all(line[name] == value for name, value in wanted.items()))
    return [line for line, _ in zip(found, range(limit), strict=False)]


def _calling(node: Node) -> dict[str, Verb]:
    async def call(args: Mapping[str, Value]) -> Value:
        target, arguments = read.text(args, "target"), read.items(args, "args")
        return await node.call(target, arguments, timeout=read.seconds(args), **read.asker(args))

    async def spawn(args: Mapping[str, Value]) -> Value:
        return (await begun(args)).value

    async def start(args: Mapping[str, Value]) -> Value:
        started = await begun(args)
        return {"pid": started.value, "run_id": started.run_id, "how": started.how}

    async def begun(args: Mapping[str, Value]) -> Started:
        options = read.table(args, "options")
        refuse_unknown(options)
        return await node.start(
            read.text(args, "entry"),
            host=read.text(args, "host", ""),
            args=read.items(args, "args"),
            name=read.text(args, "name", ""),
            messages=read.messages(args),
            options=options,
            **read.asker(args),
        )

    async def wait(args: Mapping[str, Value]) -> Value:
        return await node.wait(read.text(args, "pid"), timeout=read.seconds(args))

    async def outcome(args: Mapping[str, Value]) -> Value:
        pid = read.text(args, "pid")
        try:
            return {"value": await node.wait(pid, timeout=read.seconds(args)), "failure": None}
        except Error as error:
            if error.kind in {TIMEOUT, NOT_FOUND, UNAVAILABLE} and not _ended(node, pid):
                raise
            return {"value": None, "failure": error.failure}

    return {"call": call, "spawn": spawn, "start": start, "wait": wait, "outcome": outcome}


def _ended(node: Node, pid: str) -> bool:
    host, pid = node.router.resolve(pid)
    return not isinstance(host.alive(pid), bool)


def _moving(node: Node, supervisor: Supervisor) -> dict[str, Verb]:
    def moving(*, stop: bool, start: bool) -> Verb:
        async def verb(args: Mapping[str, Value]) -> Value:
            service_id, move = read.text(args, "id"), None
            with trio.move_on_after(read.seconds(args)) as scope:
                move = await _move_of(node, supervisor.move(service_id, stop=stop, start=start), service_id)
                await supervisor.moved(move)
            return _moved(supervisor, service_id, move, over=not scope.cancelled_caught)

        return verb

    return {
        "service.start": moving(stop=False, start=True),
        "service.stop": moving(stop=True, start=False),
        "service.restart": moving(stop=True, start=True),
    }


async def _move_of(node: Node, asked: Awaitable[Move], service_id: str) -> Move:
    """Return the move, or say what an id is that is no service's."""
    try:
        return await asked
    except Error as error:
        if error.kind != NOT_FOUND or not (kind := _kind(node, service_id)):
            raise
        text = f"{service_id} is a {kind}, which is no service: it has no lifecycle, so nothing starts or stops it"
        raise not_found(text) from None


def _kind(node: Node, entry_id: str) -> str:
    try:
        return node.registry.entry(entry_id).kind
    except Error:
        return ""


def _moved(supervisor: Supervisor, service_id: str, move: Move | None, *, over: bool) -> dict[str, Value]:
    """Return what a move has come to, with the services that it is about, that one first."""
    lines = {line["id"]: line for line in service_lines(supervisor)}
    stopped, started = (list(move.stopping), list(move.starting)) if move is not None else ([], [])
    waits_for = supervisor.awaited_by(service_id)
    about = [name for name in dict.fromkeys([service_id, *started, *stopped, *waits_for]) if name in lines]
    return {
        "id": service_id,
        "over": over,
        "stopped": stopped,
        "started": started,
        "waits_for": waits_for,
        "services": [lines[name] for name in about],
    }


def _at_once(answer: Callable[[Mapping[str, Value]], Value]) -> Verb:
    async def verb(args: Mapping[str, Value]) -> Value:
        return answer(args)

    return verb
