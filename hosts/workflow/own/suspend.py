"""Suspending: a run that waits until somebody resumes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actorflow.errors import invalid
from actorflow.run import event as events

if TYPE_CHECKING:
    from actorflow.ports import Answer
    from hosts.workflow.driver import JournalDriver


def suspend(driver: JournalDriver, ref: int, args: tuple[Any, ...]) -> Answer:
    """Wait until somebody resumes the run; the answer is what that one gave along.

    Raises:
        Error: kind Invalid, for a reason that is no text.
    """
    (reason,) = args
    if not isinstance(reason, str) or set(reason) & set("{}\0"):
        raise invalid(f"workflow.suspend: got the reason {reason!r:.80}, expected text without braces")
    return driver.ask(events.RUN_SUSPENDED, ref, reason, None)
