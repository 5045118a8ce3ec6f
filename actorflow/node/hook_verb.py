"""The verbs of the control socket about hooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actorflow.errors import invalid
from actorflow.node import control_args as read
from actorflow.node.control import Verb
from actorflow.node.hook import AnyHook
from actorflow.node.node import Node
from actorflow.value import Value

_KIND: Final = ".hook"


def hook_verbs(node: Node) -> dict[str, Verb]:
    """Return the verbs by name: `hooks`, `hook.dead` and `hook.redrive`."""

    def named(args: Mapping[str, Value]) -> AnyHook:
        hook_id = read.text(args, "id")
        kind = node.registry.entry(hook_id).kind
        if not kind.endswith(_KIND):
            raise invalid(f"{hook_id} is a {kind}, expected a workflow{_KIND}")
        found: AnyHook = node.running.find(hook_id, AnyHook)  # type: ignore[type-abstract]
        return found

    async def hooks(_args: Mapping[str, Value]) -> Value:
        running: list[AnyHook] = node.running.all(AnyHook)  # type: ignore[type-abstract]
        return [await hook.hook_line() for hook in running]

    async def dead(args: Mapping[str, Value]) -> Value:
        return [*await named(args).dead()]

    async def redrive(args: Mapping[str, Value]) -> Value:
        return await named(args).redrive()

    return {"hooks": hooks, "hook.dead": dead, "hook.redrive": redrive}
