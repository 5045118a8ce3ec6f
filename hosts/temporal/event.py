"""Events of Temporal's histories as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType

from hosts.temporal.payload import value_of

if TYPE_CHECKING:
    from temporalio.api.history.v1 import HistoryEvent

_PREFIX: Final = "EVENT_TYPE_"
_PAYLOADS: Final = ("input", "result", "details", "last_heartbeat_details")
_NAMES: Final = ("signal_name", "marker_name", "timer_id", "activity_id", "workflow_id")


def event_line(event: HistoryEvent) -> dict[str, Any]:
    """Return an event as `actorflow run history` shows one."""
    told: Any = attributes_of(event)
    target = next((value for name in _NAMES if (value := getattr(told, name, ""))), "")
    for name in ("activity_type", "workflow_type"):
        target = getattr(getattr(told, name, None), "name", "") or target
    return {
        "seq": event.event_id,
        "kind": EventType.Name(event.event_type).removeprefix(_PREFIX).title().replace("_", ""),
        "ref": getattr(told, "scheduled_event_id", 0) or getattr(told, "initiated_event_id", 0),
        "target": target,
        "step": "",
        "at": _of(event),
        "payload": _payload(told),
        "drawn": None,
        "superseded": False,
    }


def _payload(told: Any) -> Any:
    """Return the values of an event, its failure, or nothing."""
    for name in _PAYLOADS:
        found = getattr(told, name, None)
        if isinstance(found, Payloads) and found.payloads:
            return values_of(found)
    failure = getattr(told, "failure", None)
    return MessageToDict(failure).get("message") if failure is not None and failure.message else None


def source_of(events: list[HistoryEvent]) -> str:
    """Return the hash of the source that a run is pinned to, "" when it is not yet."""
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED:
            values = values_of(event.marker_recorded_event_attributes.details.get("result"))
            if values and isinstance(values[0], dict) and "hash" in values[0]:
                return str(values[0]["hash"])
    return ""


def attributes_of(event: HistoryEvent) -> Any:
    """Return what an event of its kind has beside its number and time."""
    return getattr(event, str(event.WhichOneof("attributes")))


def values_of(payloads: Payloads | None) -> list[Any]:
    """Return the values of payloads."""
    return [] if payloads is None else [value_of(one) for one in payloads.payloads]


def _of(event: HistoryEvent) -> int:
    return event.event_time.ToNanoseconds()
