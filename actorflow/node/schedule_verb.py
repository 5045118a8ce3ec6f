"""The verbs of the control socket about schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actorflow.errors import invalid
from actorflow.node import control_args as read
from actorflow.node.control import Verb
from actorflow.node.node import Node
from actorflow.node.schedule import AnySchedule
from actorflow.value import Value

_KIND: Final = ".schedule"


def schedule_verbs(node: Node) -> dict[str, Verb]:
    """Return the verbs by name: `schedules`, and `schedule.pause|resume|trigger|backfill`."""

    def named(args: Mapping[str, Value]) -> AnySchedule:
        schedule_id = read.text(args, "id")
        kind = node.registry.entry(schedule_id).kind
        if not kind.endswith(_KIND):
            raise invalid(f"{schedule_id} is a {kind}, expected a workflow{_KIND}")
        found: AnySchedule = node.running.find(schedule_id, AnySchedule)  # type: ignore[type-abstract]
        return found

    async def schedules(_args: Mapping[str, Value]) -> Value:
        running: list[AnySchedule] = node.running.all(AnySchedule)  # type: ignore[type-abstract]
        return [await schedule.line() for schedule in running]

    async def pause(args: Mapping[str, Value]) -> Value:
        await named(args).pause(read.text(args, "reason", ""), read.text(args, "by", ""))
        return await named(args).line()

    async def resume(args: Mapping[str, Value]) -> Value:
        await named(args).resume(read.text(args, "by", ""))
        return await named(args).line()

    async def trigger(args: Mapping[str, Value]) -> Value:
        return await named(args).trigger()

    async def backfill(args: Mapping[str, Value]) -> Value:
        begin, end = read.count(args, "begin", 0, least=0), read.count(args, "end", 0, least=0)
        return list(await named(args).backfill(begin, end))

    return {
        "schedules": schedules,
        "schedule.pause": pause,
        "schedule.resume": resume,
        "schedule.trigger": trigger,
        "schedule.backfill": backfill,
    }
