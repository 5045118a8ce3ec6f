"""The verbs of the control socket that a node answers by itself: calls, processes, services."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from actorflow.errors import NOT_FOUND, TIMEOUT, UNAVAILABLE, Error
from actorflow.node import control_args as read
from actorflow.node.control import Verb
from actorflow.node.node import Node
from actorflow.node.service import Supervisor
from actorflow.ports import ProcessInfo
from actorflow.value import Value


def node_verbs(node: Node, supervisor: Supervisor) -> dict[str, Verb]:
    """Return the verbs of one node by name."""
    return {
        "info": _at_once(lambda _: {"name": node.name, "boot": node.boot, "process": os.getpid()}),
        "ps": _at_once(lambda args: _processes(node, args)),
        "metrics": _at_once(lambda _: node.metrics.read()),
        "services": _at_once(lambda _: service_lines(supervisor)),
        **_calling(node),
        **_controlling(node),
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
        return await node.call(target, arguments, timeout=read.seconds(args))

    async def spawn(args: Mapping[str, Value]) -> Value:
        return await node.spawn(
            read.text(args, "entry"),
            host=read.text(args, "host", ""),
            args=read.items(args, "args"),
            name=read.text(args, "name", ""),
            messages=read.messages(args),
            options=read.table(args, "options"),
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

    return {"call": call, "spawn": spawn, "wait": wait, "outcome": outcome}


def _ended(node: Node, pid: str) -> bool:
    host, pid = node.router.resolve(pid)
    return not isinstance(host.alive(pid), bool)


def _controlling(node: Node) -> dict[str, Verb]:
    async def send(args: Mapping[str, Value]) -> Value:
        await node.send(read.text(args, "pid"), read.text(args, "topic"), *read.items(args, "payloads"))
        return True

    async def cancel(args: Mapping[str, Value]) -> Value:
        await node.cancel(read.text(args, "pid"), read.text(args, "reason", ""))
        return True

    async def terminate(args: Mapping[str, Value]) -> Value:
        await node.terminate(read.text(args, "pid"))
        return True

    return {"send": send, "cancel": cancel, "terminate": terminate}


def _at_once(answer: Callable[[Mapping[str, Value]], Value]) -> Verb:
    async def verb(args: Mapping[str, Value]) -> Value:
        return answer(args)

    return verb
