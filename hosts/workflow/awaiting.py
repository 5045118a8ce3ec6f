"""Runs that wait for the state of another run: `workflow.wait_for`.

Who waits is a document, written by the turn that asks. The engine looks at the past of the run that is waited for,
then follows the state history of its store behind a cursor; the run that is waited for writes nothing for it. The
answer and the end of the document are one commit.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trio

from actorflow.codec import decode, encode
from actorflow.errors import CONFLICT, Failure
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run.document import PutDocument
from actorflow.run.state import TERMINAL
from actorflow.run.turn import Delivery
from actorflow.store.belonging import AWAITED

if TYPE_CHECKING:
    from actorflow.run.document import DocumentRow
    from actorflow.run.turn import RunChanged
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.resident import Resident

_PAGE: Final = 1000
_POLL: Final = 1.0
"""Seconds after which the history is looked at, although this engine has committed nothing: others may have."""


class Awaited(NamedTuple):
    """One run that waits: for which workflow id, which state; `host` is its own."""

    key: str
    workflow_id: str
    state: str
    run: int
    ref: int
    host: str


def watched(resident: Resident, record: Record) -> PutDocument:
    """Return the document of a run that waits."""
    host = resident.host.id if resident.host is not None else ""
    value = [record.target, decode(record.payload), resident.run, record.ref, host]
    return PutDocument(AWAITED, _key(resident.run, record.ref), encode(value))


def unwatched(resident: Resident, record: Record) -> PutDocument:
    """Return what ends that document."""
    return PutDocument(AWAITED, _key(resident.run, record.ref), None)


def _key(run: int, ref: int) -> str:
    return f"{run}/{ref}"


class Awaiting:
    """Who waits on one engine."""

    def __init__(self, engine: Engine) -> None:
        """Begin with nobody."""
        self._engine = engine
        self._waiting: dict[str, dict[str, Awaited]] = {}
        self._cursor: int | None = None
        self._serving = False

    def asked(self, resident: Resident, record: Record) -> None:
        """Take that a run waits: its turn is on disk."""
        document = watched(resident, record)
        self._add(_awaited(document.key, document.value or b""))

    async def recover(self, host_id: str) -> None:
        """Take up the runs of a host that wait."""
        after = ""
        while page := await self._engine.writer.read(partial(_page, after)):
            for row in page:
                found = _awaited(row.key, row.value)
                if found.host == host_id:
                    self._add(found)
            after = page[-1].key

    def _add(self, found: Awaited) -> None:
        self._waiting.setdefault(found.workflow_id, {})[found.key] = found
        self._engine.start_soon(self._begin, found)

    async def _begin(self, found: Awaited) -> None:
        """Look at the past; follow what comes if it was not that."""
        if self._cursor is None:
            self._cursor = await self._engine.writer.read(lambda store: store.last_change())
        await self._look(found)
        if not self._serving and self._waiting:
            self._serving = True
            try:
                await self._follow()
            finally:
                self._serving, self._cursor = False, None

    async def _follow(self) -> None:
        while self._waiting:
            moved = self._engine.moved
            changes = await self._engine.writer.read(partial(_changes, self._cursor or 0))
            for change in changes:
                for found in list(self._waiting.get(change.workflow_id, {}).values()):
                    await self._look(found)
            if changes:
                self._cursor = changes[-1].id
            if len(changes) < _PAGE:
                with trio.move_on_after(_POLL):
                    await moved.wait()

    async def _look(self, found: Awaited) -> None:
        """Answer a run that waits, if what it waits for has been reached, or cannot be any more."""
        outcome = await self._engine.writer.read(partial(_reached, found.workflow_id, found.state))
        if outcome is None:
            return
        payload = encode([outcome.value, outcome.failure])
        now, gone = self._engine.clock.now(), [PutDocument(AWAITED, found.key, None, revision=1)]
        delivery = Delivery(
            "", events.REQUEST_SETTLED, "", "", payload, now, run=found.run, ref=found.ref, documents=gone
        )
        self._engine.deliver(delivery, partial(self._answered, found))

    def _answered(self, found: Awaited, _outcome: Outcome) -> None:
        """Forget who has been answered, or waits no longer: then its document is gone, and the answer refused."""
        of_id = self._waiting.get(found.workflow_id, {})
        of_id.pop(found.key, None)
        if not of_id:
            self._waiting.pop(found.workflow_id, None)


def _awaited(key: str, value: bytes) -> Awaited:
    workflow_id, state, run, ref, host = decode(value)
    return Awaited(key, workflow_id, state, run, ref, host)


def _page(after: str, store: Any) -> list[DocumentRow]:
    page: list[DocumentRow] = store.documents(AWAITED, "", after, _PAGE)
    return page


def _changes(after: int, store: Any) -> list[RunChanged]:
    changes: list[RunChanged] = store.changes(after, _PAGE)
    return changes


def _reached(workflow_id: str, state: str, store: Any) -> Outcome | None:
    """Return what is to be told of the newest run of an id: that it is or was in a state, or never will be."""
    row = store.find(workflow_id)
    if row is None or row.workflow_id != workflow_id:
        return None
    was = next((change.at for change in store.history(row.run) if change.state == state), 0)
    if was or row.state == state:
        return Outcome({"workflow_id": workflow_id, "run_id": row.run_id, "state": state, "at": was or row.updated})
    if row.state not in TERMINAL:
        return None
    text = f"workflow {workflow_id!r} has ended {row.state} and was never {state}"
    details = {"workflow_id": workflow_id, "run_id": row.run_id, "state": row.state}
    return Outcome(failure=Failure(text, CONFLICT, retryable=False, details=details))
