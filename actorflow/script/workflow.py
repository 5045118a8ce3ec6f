"""What a script can know about its durable run, and named steps of it."""

from __future__ import annotations

from typing import Any

from actorflow.script import workflow_tokens as tokens
from actorflow.script.current import identity
from actorflow.script.workflow_approval import approval
from actorflow.script.workflow_attrs import attrs, history_length, history_size
from actorflow.script.workflow_condition import wait_until
from actorflow.script.workflow_control import cancel, pause
from actorflow.script.workflow_query import set_query
from actorflow.script.workflow_saga import Saga, saga
from actorflow.script.workflow_step import sleep, sleep_until, step
from actorflow.script.workflow_together import map, parallel  # noqa: A004 - it is `workflow.map`
from actorflow.script.workflow_update import all_handlers_finished, on_update
from actorflow.script.workflow_version import continue_as_new, version
from actorflow.script.workflow_waiting import suspend, wait_for

__all__ = [
    "Saga",
    "all_handlers_finished",
    "approval",
    "attrs",
    "cancel",
    "continue_as_new",
    "do",
    "history_length",
    "history_size",
    "info",
    "map",
    "on_update",
    "parallel",
    "pause",
    "saga",
    "set_query",
    "sleep",
    "sleep_until",
    "step",
    "suspend",
    "tokens",
    "version",
    "wait_for",
    "wait_until",
]

do = step


def info() -> dict[str, Any] | None:
    """Return the facts of the durable run this script is (`workflow_id`, `run_id`, …), or None on a process host.

    Raises:
        Error: kind Invalid, outside of a process.
    """
    who = identity()
    return dict(who.workflow) if who.durable else None
