"""Calls that are asked to stop and waited for, `activity.wait_for_cancellation`: which those are.

Only the options of the call itself say so, for they are in its record: a replay must come to the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actorflow.codec import decode
from actorflow.errors import CANCELED, Failure
from actorflow.run import event as events
from hosts.workflow.option import option

if TYPE_CHECKING:
    from hosts.workflow.driver import JournalDriver, Record

WAIT: Final = "activity.wait_for_cancellation"
STOPPED: Final = Failure("operation canceled", CANCELED, retryable=False)


def asked_to_stop(driver: JournalDriver, ref: int) -> bool:
    """Record that a call is asked to stop and tell so, if it is to be waited for and was not asked before."""
    record = driver.open.get(ref)
    if record is None or record.kind != events.FUNCTION_CALLED or not _waits(driver, record):
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
    return not driver.repeats and option(decode(record.payload)[1], WAIT) is True
