"""Named sleeps: timers that carry a name in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actorflow.run import event as events

if TYPE_CHECKING:
    from actorflow.ports import Answer
    from hosts.workflow.driver import JournalDriver


def sleep(driver: JournalDriver, ref: int, args: tuple[Any, ...]) -> Answer:
    """Start the timer `name`, which answers in `delay` nanoseconds, more than 0."""
    name, delay = args
    return driver.ask(events.TIMER_STARTED, ref, name, delay)
