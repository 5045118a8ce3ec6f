"""The verbs of the control socket that ask durable runs: queries, updates and approvals."""

from __future__ import annotations

from collections.abc import Mapping

from actorflow.node import control_args as read
from actorflow.node.control import Verb
from actorflow.node.node import Node
from actorflow.value import Value


def asking_verbs(node: Node) -> dict[str, Verb]:
    """Return the verbs of one node by name."""

    async def query(args: Mapping[str, Value]) -> Value:
        run, name = read.text(args, "run"), read.text(args, "name")
        return await node.query(run, name, *read.items(args, "args"), timeout=read.seconds(args), **read.asker(args))

    async def update(args: Mapping[str, Value]) -> Value:
        return await node.update(
            read.text(args, "run"),
            read.text(args, "name"),
            *read.items(args, "args"),
            id=read.text(args, "id", ""),
            wait_for=read.text(args, "wait_for", "completed"),
            timeout=read.seconds(args),
            **read.asker(args),
        )

    async def approve(args: Mapping[str, Value]) -> Value:
        return await node.approve(
            read.text(args, "run"),
            read.text(args, "name"),
            args.get("data"),
            reject=bool(args.get("reject")),
            reason=read.text(args, "reason", ""),
            by=read.text(args, "by", ""),
            **read.asker(args),
        )

    async def wake(args: Mapping[str, Value]) -> Value:
        await node.wake(read.text(args, "run"), args.get("data"))
        return True

    async def fork(args: Mapping[str, Value]) -> Value:
        given = args.get("args")
        return await node.fork(
            read.text(args, "run"),
            since=read.text(args, "since", ""),
            args=None if given is None else read.items(args, "args"),
            results=read.table(args, "results"),
            source=read.text(args, "source", ""),
            workflow_id=read.text(args, "workflow_id", ""),
            dry_run=args.get("dry_run") is True,
        )

    return {"run.fork": fork, "run.wake": wake, "run.query": query, "run.update": update, "run.approve": approve}
