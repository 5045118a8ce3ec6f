"""What is kept of a schedule between two slots: one document, written after each slot it has dealt with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from actorflow.codec import decode, encode
from actorflow.run.document import DocumentRow, PutDocument

KIND: Final = "schedule"


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """The state of a schedule.

    Attributes:
        times: the expression it was made for; another one begins at the present.
        slot: every slot up to here has been dealt with (Unix nanoseconds).
        paused: whether it starts nothing. reason, by: why, and who said so.
        started, skipped: how many slots began a run, and how many did not because of overlap or the filter.
        last: PID of the newest run it began, or "".
        revision: of the document, 0 when there is none yet.
    """

    times: str
    slot: int
    paused: bool = False
    reason: str = ""
    by: str = ""
    started: int = 0
    skipped: int = 0
    last: str = ""
    revision: int = 0

    def document(self, schedule_id: str) -> PutDocument:
        """Return the write that is refused when somebody else has written meanwhile."""
        value = {name: getattr(self, name) for name in _STORED}
        return PutDocument(KIND, schedule_id, encode(value), revision=self.revision)

    def begun(self, slot: int, pid: str) -> ScheduleState:
        """Return the state after a slot whose run is `pid`, or which began none ("")."""
        if pid:
            return replace(self, slot=max(slot, self.slot), started=self.started + 1, last=pid)
        return replace(self, slot=max(slot, self.slot), skipped=self.skipped + 1)


_STORED: Final = ("times", "slot", "paused", "reason", "by", "started", "skipped", "last")


def state_of(row: DocumentRow) -> ScheduleState:
    """Return the state in a document."""
    value: dict[str, Any] = decode(row.value)
    return ScheduleState(**value, revision=row.revision)
