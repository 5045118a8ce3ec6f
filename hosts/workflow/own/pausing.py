"""`workflow.pause` and `workflow.cancel`: a run that stops itself (settled by whoever looks at it), or cancels itself.

A pause is a request that the resume answers: the turn that asks is the turn that pauses, one commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actorflow.errors import invalid
from actorflow.ports import Answer
from actorflow.run import event as events

if TYPE_CHECKING:
    from hosts.workflow.driver import JournalDriver


def pause(driver: JournalDriver, ref: int, args: tuple[Any, ...]) -> Answer:
    """Pause the run; answered when somebody has resumed it."""
    return driver.ask(events.PAUSE_REQUESTED, ref, "", _reason("pause", args))


def cancel(driver: JournalDriver, ref: int, args: tuple[Any, ...]) -> Answer:
    """Cancel the run, as anybody else may: it is asked, and may clean up."""
    return driver.control(ref, "cancel", driver.identity.pid, _reason("cancel", args))


def _reason(what: str, args: tuple[Any, ...]) -> str:
    reason = args[0] if args else ""
    if not isinstance(reason, str):
        raise invalid(f"workflow.{what}: got {reason!r:.80} as the reason, expected a text")
    return reason
