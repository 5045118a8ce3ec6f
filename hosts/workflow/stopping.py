"""Calls and children that are asked to stop and waited for: which those are.

A call says so with `activity.wait_for_cancellation`, a child whose result is waited for with
`workflow.wait_for_cancellation` or `workflow.cancellation_type`, the words of Temporal. Only the options of the request
itself say so, for they are in its record: a replay must come to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import decode
from actorflow.errors import CANCELED, Error, Failure
from actorflow.run import event as events
from actorflow.run import identity as rules
from hosts.workflow.option import option

if TYPE_CHECKING:
    from hosts.workflow.driver import JournalDriver, Record

WAIT: Final = "activity.wait_for_cancellation"
STOPPED: Final = Failure("operation canceled", CANCELED, retryable=False)
_STOPPABLE: Final = frozenset({events.FUNCTION_CALLED, events.PROCESS_SPAWNED})


def asked_to_stop(driver: JournalDriver, ref: int) -> bool:
    """Record that a call or child is asked to stop and tell so, if it is to be waited for and was not asked before."""
    record = driver.open.get(ref)
    if record is None or record.kind not in _STOPPABLE or not _waits(driver, record):
        return False
    driver.mark(events.CALL_CANCELLED, ref, "", None)
    driver.stopping = {*(driver.stopping or ()), ref}
    return True


def _waits(driver: JournalDriver, record: Record) -> bool:
    if driver.stopping is not None and record.ref in driver.stopping:
        return False
    recorded = driver.next_recorded()
    if recorded is not None:  # a journal from before there was this option has dropped it
        return (recorded.kind, recorded.ref) == (events.CALL_CANCELLED, record.ref)
    if driver.repeats:
        return False
    payload = decode(record.payload)
    if record.kind == events.FUNCTION_CALLED:
        return option(payload[1], WAIT) is True
    return payload["wait"] is True and when_given_up(payload.get("options", {})) == rules.CANCEL_WAIT


def when_given_up(options: Mapping[str, Any]) -> str:
    """Return what giving up the wait for a child means by its options; what is wrong there its start refuses."""
    written = option(options, "workflow.cancellation_type")
    if written is None:
        return rules.CANCEL_WAIT if option(options, "workflow.wait_for_cancellation") is True else rules.CANCEL_TRY
    try:
        return rules.cancellation_type("workflow.cancellation_type", written)
    except Error:
        return rules.CANCEL_TRY
