"""Batch items for tests of stores: starts and turns with sound journals, without an engine to make them."""

from __future__ import annotations

from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from actorflow.run.event import (
    FUNCTION_CALLED,
    MESSAGE_RECEIVED,
    RUN_COMPLETED,
    RUN_STARTED,
    JournalEvent,
    chain,
    payload_digest,
)
from actorflow.run.state import COMPLETED, WAITING
from actorflow.run.turn import Committed, Delivery, StartRun, StateChange, Turn

HOST: Final = "test:workflows"
ENTRY: Final = "test:order"
BUNDLE: Final = b"return function() end"
EPOCH: Final = 1_700_000_000_000_000_000


class Book:
    """One run as its engine would keep it: where its journal stands, and what its row must hold.

    Attributes:
        run: the run number, 0 until `started`. seq, checksum: the end of its journal.
        revision, lease: what the next turn carries.
    """

    def __init__(self, workflow_id: str, run_id: str = "", host: str = HOST, lease: int = 0) -> None:
        """Name a run; without a run id it is made from the workflow id."""
        self.workflow_id = workflow_id
        self.run_id = run_id or str(uuid5(NAMESPACE_OID, workflow_id))
        self.host = host
        self.run = 0
        self.seq = 0
        self.checksum = b""
        self.revision = 1
        self.lease = lease

    def event(self, kind: str, payload: bytes = b"", target: str = "", ref: int = 0) -> JournalEvent:
        """Return the next event of the journal."""
        self.seq += 1
        digest = payload_digest(self.run_id.encode(), payload)
        bare = JournalEvent(self.seq, kind, ref, target, payload, b"", EPOCH + self.seq, digest, b"")
        self.checksum = chain(self.checksum, bare)
        return bare._replace(checksum=self.checksum)

    def start(self, **changes: Any) -> StartRun:
        """Return the start of the run, with other fields of `StartRun` as given."""
        values: dict[str, Any] = {
            "run_id": self.run_id,
            "workflow_id": self.workflow_id,
            "entry": ENTRY,
            "host": self.host,
            "bundle_hash": "hash",
            "bundle": BUNDLE,
            "events": [self.event(RUN_STARTED, b"\x80")],
            "at": EPOCH,
            "lease": self.lease,
            "state": WAITING,
        }
        return StartRun(**(values | changes))

    def started(self, answer: Committed) -> Book:
        """Take the run number from the answer to the start, and return this book."""
        self.run = answer.run
        return self

    def turn(self, state: str = WAITING, events: list[JournalEvent] | None = None, **changes: Any) -> Turn:
        """Return the next turn, one call unless other events are given, and count its revision as taken."""
        journal = [self.event(FUNCTION_CALLED, b"\x80", "test:charge", self.seq)] if events is None else events
        turn = Turn(**({"run": self.run, "revision": self.revision, "lease": self.lease} | changes), state=state)
        turn.events = journal
        self.revision += 1
        return turn

    def finish(self, state: str = COMPLETED, kind: str = RUN_COMPLETED, **changes: Any) -> Turn:
        """Return the turn that ends the run."""
        event = self.event(kind, b"\xf6")
        changes.setdefault("result", b"\xf6")
        return self.turn(state, [event], change=StateChange(state, event.at), **changes)


def message(workflow_id: str, payload: bytes = b"\x80", run: int = 0) -> Delivery:
    """Return a delivery of a message."""
    return Delivery(workflow_id, MESSAGE_RECEIVED, "topic", "{local@test|sender}", payload, EPOCH, run)
