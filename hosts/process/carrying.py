"""Payloads that are handed over as they are, between two processes whose scripts run in the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.ports import Carried

if TYPE_CHECKING:
    from hosts.process.process import Process


def can_take(sender: Process, target: Process, carried: Carried) -> bool:
    """Tell whether a process may be handed this as it is, while it waits."""
    place = getattr(target.machine.script, "place", None)
    return place is not None and place is carried.place and carried.size <= sender.bounds.values.size


def carry(sender: Process, target: Process, topic: str, carried: Carried) -> bool:
    """Hand a payload to a process that waits for it; False, and nothing done, where it cannot take it as it is."""
    machine = target.machine
    if not can_take(sender, target, carried) or not machine.awaits(topic):
        return False
    sender.host.shapes.learn(topic, None)
    sender.machine.left -= 1
    machine.post(topic, sender.pid, carried)
    sender.host.queue.flag(target)
    return True
