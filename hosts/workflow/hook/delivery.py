"""Deliveries of a hook: one for each change of state that concerns it, and how one is kept until it has succeeded."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from actorflow.codec import decode, encode
from actorflow.duration import SECOND
from actorflow.errors import Failure
from actorflow.run.document import DocumentRow, PutDocument
from actorflow.run.row import RunChanged

_DELIVERIES: Final = uuid.UUID("0d6f0a9e-7a43-5d0f-9a0b-6a5b1c2d3e4f")
CURSOR: Final = "hook_cursor"


def waiting(hook_id: str) -> str:
    """Return the kind of the documents of deliveries that wait for another attempt."""
    return f"hook_delivery/{hook_id}"


def given_up(hook_id: str) -> str:
    """Return the kind of the documents of dead deliveries."""
    return f"hook_dead/{hook_id}"


@dataclass(frozen=True, slots=True)
class HookDelivery:
    """One delivery.

    Attributes:
        id: the same for every attempt of it, and of no other: a UUID made of the hook and the change.
        change: id of the change of state. run: run number. event: what the function is called with.
        attempt: which attempt is next, from 1. failure: how the last one failed, None before the first.
    """

    id: str
    change: int
    run: int
    event: dict[str, Any]
    attempt: int = 1
    failure: Failure | None = None

    def failed(self, failure: Failure) -> HookDelivery:
        """Return it as it stands after an attempt that failed."""
        return replace(self, attempt=self.attempt + 1, failure=failure)

    def document(self, kind: str, due: int = 0) -> PutDocument:
        """Return the write that keeps it; writing it twice is writing it once."""
        value = [self.id, self.change, self.run, self.event, self.attempt, self.failure]
        return PutDocument(kind, self.key, encode(value), due)

    @property
    def key(self) -> str:
        """The key of its document: orders deliveries by change."""
        return f"{self.change:020}"


def delivery_of(hook_id: str, change: RunChanged, pid: str) -> HookDelivery:
    """Return the delivery of a change to a hook."""
    name = str(uuid.uuid5(_DELIVERIES, f"{hook_id}/{change.run_id}/{change.id}"))
    event = {
        "id": name,
        "hook": hook_id,
        "state": change.state,
        "pid": pid,
        "workflow_id": change.workflow_id,
        "run_id": change.run_id,
        "entry": change.entry,
        "host": change.host,
        "at": datetime.fromtimestamp(change.at / SECOND, UTC).isoformat(timespec="milliseconds"),
        "reason": change.reason,
        "by": change.by,
    }
    return HookDelivery(name, change.id, change.run, event)


def kept(row: DocumentRow) -> HookDelivery:
    """Return the delivery in a document."""
    return HookDelivery(*decode(row.value))
