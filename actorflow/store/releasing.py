"""When runs that have not begun are due: those that were started on hold, and those in a queue that nobody serves."""

from __future__ import annotations

from actorflow.codec import decode
from actorflow.run.state import CREATED
from actorflow.run.turn import NEVER, RELEASE, RunRow
from actorflow.store.port import Reader


def is_due(reader: Reader, row: RunRow, now: int) -> bool:
    """Tell whether a run that has not begun may do so at `now`, as far as time goes (Unix nanoseconds).

    One that is on hold is due from its start on, or when its start delay is over. One that stands in line for what
    others hold is not: it begins when it has that.
    """
    if row.state != CREATED:
        return False
    held = reader.load(row.run)
    if any(want.ready for want in reader.wanted(row.run)):
        return False
    due = dict(held.timers).get(RELEASE, NEVER)
    if due < NEVER:
        return due <= now
    started = decode(held.events[0].payload)
    return bool(started.get("due", 0) <= now)
