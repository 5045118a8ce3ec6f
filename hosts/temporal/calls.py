"""The calls of a run on Temporal, from its history."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.client import WorkflowExecutionDescription

SCHEDULED: Final = "activity_task_scheduled"
_ENDS: Final = {
    "activity_task_completed": "completed",
    "activity_task_failed": "failed",
    "activity_task_timed_out": "failed",
    "activity_task_canceled": "given up",
}


def name_of(event: HistoryEvent) -> str:
    """Return the name of what an event is about."""
    return str(event.WhichOneof("attributes")).removesuffix("_event_attributes")


def calls_of(
    events: Iterable[HistoryEvent], run: WorkflowExecutionDescription, target: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Return the calls that these events, oldest first, have scheduled; `target` gives the function of an activity."""
    calls: dict[int, dict[str, Any]] = {}
    for event in events:
        told: Any = getattr(event, str(event.WhichOneof("attributes")))
        name = name_of(event)
        if name == SCHEDULED:
            calls[event.event_id] = {
                "ref": int(told.activity_id) if told.activity_id.isdigit() else 0,
                "step": "",
                "target": target(told.activity_type.name),
                "state": "open",
                "attempts": 1,
                "started": event.event_time.ToNanoseconds(),
                "ended": None,
                "failure": "",
            }
        elif name == "activity_task_started" and told.scheduled_event_id in calls:
            calls[told.scheduled_event_id]["attempts"] = told.attempt
        elif name in _ENDS and told.scheduled_event_id in calls:
            failure = told.failure.message if hasattr(told, "failure") else ""
            ended = event.event_time.ToNanoseconds()
            calls[told.scheduled_event_id] |= {"state": _ENDS[name], "ended": ended, "failure": failure}
    _pending(calls, run)
    return list(calls.values())


def _pending(calls: dict[int, dict[str, Any]], run: WorkflowExecutionDescription) -> None:
    """Add what only the description of the run says of open calls."""
    by_ref = {str(call["ref"]): call for call in calls.values()}
    for pending in run.raw_description.pending_activities:
        if (call := by_ref.get(pending.activity_id)) is not None:
            call |= {"attempts": pending.attempt, "failure": pending.last_failure.message}
