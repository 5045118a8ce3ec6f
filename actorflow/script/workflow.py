"""What a script can know about its durable run."""

from __future__ import annotations

from typing import Any

from actorflow.script.current import identity
from actorflow.script.workflow_condition import wait_until
from actorflow.script.workflow_query import set_query
from actorflow.script.workflow_update import on_update

__all__ = ["info", "on_update", "set_query", "wait_until"]


def info() -> dict[str, Any] | None:
    """Return the facts of the durable run this script is (`workflow_id`, `run_id`, …), or None on a process host.

    Raises:
        Error: kind Invalid, outside of a process.
    """
    who = identity()
    return dict(who.workflow) if who.durable else None
