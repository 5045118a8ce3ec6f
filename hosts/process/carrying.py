"""Payloads that are handed over as they are, between two processes whose scripts run in the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.ports import Carried

if TYPE_CHECKING:
    from hosts.process.process import Process


def carry(sender: Process, target: Process, topic: str, carried: Carried) -> bool:
    """Hand a payload to a process that waits for it; False, and nothing done, where it cannot take it as it is."""
    machine = target.machine
    place = getattr(machine.script, "place", None)
    if place is None or place is not carried.place or carried.size > sender.bounds.values.size:
        return False
    if not machine.awaits(topic):
        return False
    sender.machine.left -= 1
    machine.post(topic, sender.pid, carried)
    sender.host.queue.flag(target)
    return True
